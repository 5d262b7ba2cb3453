// SPDX-License-Identifier: MIT
// Runs another program without a shell: what its arguments hold is never interpreted.
#pragma once

#include <string>
#include <vector>

namespace wengert::detail {

struct ProgramResult {
  bool found = false;  ///< false: there is no such program on PATH
  int status = -1;     ///< 0: it ended well
  std::string output;  ///< what it wrote to its standard output and error, at most 64 KiB
};
/// Runs `arguments[0]` in `folder` with an empty standard input and waits for its end.
/// Errors: FileError if no process can be started or `folder` cannot be entered.
ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& folder);

}  // namespace wengert::detail
