// SPDX-License-Identifier: MIT
// Catch2, whichever is installed: 2.13 (Debian 12) or 3. Tests include this and write version 3's
// names; the few that 2.13 lacks are added here.
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)

#include <catch2/catch_approx.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>

using Catch::Approx;

#else

#include <string>

#include <catch2/catch.hpp>

namespace Catch::Matchers {
using Impl::MatcherBase;
inline auto ContainsSubstring(const std::string& text) { return Contains(text); }
}  // namespace Catch::Matchers

#endif
