// SPDX-License-Identifier: MIT
// Two files that take turns: whatever moment a program dies at, one of them is whole and the newer
// of the whole ones is what it goes on from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "training_state.h"

namespace wengert {

/// "state-0.safetensors" and "state-1.safetensors" in one folder, which is made if it is missing.
/// Each is replaced in one piece and carries a number that counts up and the CRC-32 of its values.
class ResumeFiles {
 public:
  /// Errors: FileError if the folder cannot be made.
  explicit ResumeFiles(std::string folder);

  /// The newest whole snapshot; none if there is no file. Errors: FileError naming both files if
  /// there are files, but none that is whole.
  std::optional<Snapshot> latest();
  /// What is to be said about the file that `latest` did not take, if it is damaged.
  const std::string& remark() const { return remark_; }
  /// Replaces the older file. Errors: FileError; the newer file is as it was.
  void write(const Snapshot& snapshot);

 private:
  std::string path_of(std::uint64_t number) const;

  std::string folder_;
  std::string remark_;
  std::uint64_t last_ = 0;  ///< number of the newest file
};

}  // namespace wengert
