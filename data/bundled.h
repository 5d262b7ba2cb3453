// SPDX-License-Identifier: MIT
// Where the data sets are that come with the library. Internal.
#pragma once

#include <string>

namespace wengert::data {

/// The path of a bundled file: in the folder that the environment variable WENGERT_DATA names if it
/// is set, else in the source tree while it is there, else where it is installed.
/// Errors: FileError naming `reader` and the variable if there is no such file.
std::string bundled(const std::string& reader, const std::string& file);

}  // namespace wengert::data
