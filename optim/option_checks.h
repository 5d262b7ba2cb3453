// SPDX-License-Identifier: MIT
// The ranges that optimizers' options share. Internal.
#pragma once

#include <string_view>

namespace wengert::detail {

/// Errors, each: ValueError naming the optimizer and the option.
void require_rate(std::string_view optimizer, double rate);
void require_not_negative(std::string_view optimizer, std::string_view option, double value);
/// In [0, 1).
void require_fraction(std::string_view optimizer, std::string_view option, double value);
/// A divisor's epsilon is a normal number in f32: with 0, a weight without gradient would be 0 / 0.
void require_epsilon(std::string_view optimizer, double epsilon);

}  // namespace wengert::detail
