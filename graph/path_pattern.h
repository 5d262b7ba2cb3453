// SPDX-License-Identifier: MIT
// Patterns over the path names of parameters: "encoder.*.weight", "*bias".
#pragma once

#include <string_view>

namespace wengert {

/// True if `pattern` describes the whole of `path`: `*` stands for any characters, dots included,
/// or none; `?` for exactly one; everything else for itself.
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace wengert
