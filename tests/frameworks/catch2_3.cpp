// SPDX-License-Identifier: MIT
// Catch2 3: the matchers, also negated and combined, which version 2.13 cannot do with them.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
// after Catch2
#include <wengert/gradcheck/matchers.h>

#include "powered.h"

using Catch::Matchers::ContainsSubstring;
using wengert::GradientsMatch;
using wengert::IsLinearIn;
using wengert::SecondOrderMatches;

TEST_CASE("a module with parameters has the gradient it claims") {
  REQUIRE_THAT(right_model(), GradientsMatch(inputs()));
  CHECK_THAT(right_model(), GradientsMatch(inputs()) && SecondOrderMatches(inputs()));
  CHECK_THAT(right_model(), !IsLinearIn(0, {inputs()}));
}

TEST_CASE("a pullback without its factor is reported with op and hint") {
  CHECK_THAT(wrong_model(), !GradientsMatch(inputs()));
  const auto matcher = GradientsMatch(inputs());
  CHECK_FALSE(matcher.match(wrong_model()));
  CHECK_THAT(matcher.toString(),
             ContainsSubstring("'power': input 0") && ContainsSubstring("a factor 2 is missing"));
}
