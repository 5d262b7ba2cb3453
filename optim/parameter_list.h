// SPDX-License-Identifier: MIT
// What is optimised: a model that lists its members, or parameters listed by hand.
#pragma once

#include <concepts>
#include <span>

#include "../graph/members.h"
#include "../graph/parameter.h"

namespace wengert {

/// Not a vector of Parameter*, which as a model would have no members at all: it goes to the
/// overloads for a span.
template <class T>
concept Trainable = !std::convertible_to<T&, std::span<Parameter* const>>;

}  // namespace wengert
