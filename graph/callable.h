// SPDX-License-Identifier: MIT
// How many Vars a callable takes: asked at compile time, and answered without instantiating the
// body of a generic function whose constraints refuse.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "var.h"

namespace wengert::detail {

template <std::size_t>
using VarAt = const Var&;
template <class F, class Places>
inline constexpr bool takes_at = false;
template <class F, std::size_t... K>
inline constexpr bool takes_at<F, std::index_sequence<K...>> =
    std::is_invocable_r_v<Var, F&, VarAt<K>...>;
/// Whether f(x0, ..., x(n-1)) is a Var.
template <class F, std::size_t n>
inline constexpr bool takes = takes_at<F, std::make_index_sequence<n>>;

}  // namespace wengert::detail
