// SPDX-License-Identifier: MIT
#include "callable.h"

#include <string>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {

void refuse_inputs(std::string_view checker, const Arities& taken, std::size_t given) {
  std::string numbers;
  std::size_t last = 0;
  for (std::size_t n = 1; n <= taken.size(); ++n) {
    if (!taken[n - 1]) continue;
    numbers += fmt::format("{}{}", numbers.empty() ? "" : " or ", n);
    last = n;
  }
  throw ValueError(fmt::format(
      "{}: the function takes {} input{}, {} {} given; the list of inputs holds one tensor for "
      "each "
      "of its Vars{}",
      checker, numbers, last == 1 ? "" : "s", given, given == 1 ? "was" : "were",
      given > most_inputs ? " (at most 6; beyond that write it with one std::span<const Var>)"
                          : ""));
}

}  // namespace wengert::detail
