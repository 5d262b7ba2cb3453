// SPDX-License-Identifier: MIT
// Which names an array in a .npz file may have: those that are safe as file names below the folder
// in which somebody unpacks it. Internal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wengert::data {

/// What is wrong with the name, as the end of a sentence, or nothing.
std::optional<std::string_view> objection_to_name(std::string_view name);

/// Control characters and what is not ASCII made visible.
std::string printable(std::string_view name);

}  // namespace wengert::data
