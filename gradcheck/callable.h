// SPDX-License-Identifier: MIT
// The function to be checked behind one signature, however many Vars it takes. How many it is given
// is known when the inputs are a braced list; else every number it takes is made ready, and the one
// that fits the inputs is called.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "../graph/callable.h"
#include "../graph/var.h"

namespace wengert::detail {

using Checked = std::function<Var(std::span<const Var>)>;

inline constexpr std::size_t not_known = 0;  ///< at compile time, how many inputs there are
inline constexpr std::size_t most_inputs = 6;
using Arities = std::array<bool, most_inputs>;  ///< [k]: whether it takes k + 1 Vars

template <class F>
inline constexpr Arities arities = []<std::size_t... K>(std::index_sequence<K...>) {
  return Arities{takes<F, K + 1>...};
}
(std::make_index_sequence<most_inputs>{});

/// Errors: ValueError, always: it says how many inputs the function takes and how many were given.
[[noreturn]] void refuse_inputs(std::string_view checker, const Arities& taken, std::size_t given);

template <std::size_t n, class F>
Var call(F& f, std::span<const Var> xs) {
  return [&]<std::size_t... K>(std::index_sequence<K...>)->Var { return f(xs[K]...); }
  (std::make_index_sequence<n>{});
}

template <class F>
Var call_any(F& f, std::span<const Var> xs, std::string_view checker) {
  constexpr Arities taken = arities<F>;
  if constexpr (std::ranges::find(taken, true) != taken.end()) {
    if (xs.empty() || xs.size() > most_inputs || !taken[xs.size() - 1])
      refuse_inputs(checker, taken, xs.size());
    Var y;
    const auto call_if = [&]<std::size_t n>(std::integral_constant<std::size_t, n>) {
      if constexpr (taken[n - 1])
        if (xs.size() == n) y = call<n>(f, xs);
    };
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      (call_if(std::integral_constant<std::size_t, K + 1>{}), ...);
    }
    (std::make_index_sequence<most_inputs>{});
    return y;
  } else {
    static_assert(std::is_invocable_r_v<Var, F&, std::span<const Var>>,
                  "the function takes neither one to six Vars nor a std::span<const Var>");
    return f(xs);
  }
}

/// `given`: how many inputs there will be. Where that is known no other number is asked about: a
/// variadic body may be right for one number only.
template <std::size_t given, class F>
Checked checked(F& f, std::string_view checker) {
  return [&f, checker](std::span<const Var> xs) -> Var {
    if constexpr (given == not_known) return call_any(f, xs, checker);
    else if constexpr (takes<F, given>) return call<given>(f, xs);
    else return call_any(f, xs, checker);
  };
}

}  // namespace wengert::detail
