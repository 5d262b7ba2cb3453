// SPDX-License-Identifier: MIT
// What print and format make of our types, and of format strings that do not fit.
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include <unistd.h>

#include <wengert/graph/error.h>
#include <wengert/graph/format.h>
#include <wengert/graph/parameter.h>
#include <wengert/graph/print.h>
#include <wengert/graph/scope.h>

#include "catch.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What `f` writes to the standard output's file descriptor.
template <class F>
std::string written_by(F f) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  std::fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  dup2(fileno(file), STDOUT_FILENO);
  f();
  dup2(kept, STDOUT_FILENO);  // without a flush: print has to have done that
  close(kept);
  std::string text;
  std::rewind(file);
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("a tensor of one element is formatted as a number", "[print]") {
  CHECK(wg::format("{}", wg::scalar(1.0 / 3.0)) == "0.333333");
  CHECK(wg::format("{:.3f}", wg::scalar(1.0 / 3.0)) == "0.333");
  CHECK(wg::format("{:>8.2f}|", wg::full({1, 1}, 2.5)) == "    2.50|");
  CHECK(wg::format("{}", wg::scalar(0.1f)) == "0.1");
  CHECK(wg::format("{}", wg::labels({7})) == "7");
  CHECK(wg::format("{}", wg::scalar(-2.0)) == "-2");
  CHECK(wg::format("{:.1e}", wg::Var(wg::scalar(1234.0))) == "1.2e+03");
  CHECK(wg::format("{:.2f}", wg::Parameter(wg::scalar(3.14159))) == "3.14");
}

TEST_CASE("plain braces show one element as to_string shows it", "[print]") {
  const double value = GENERATE(0.0, 1e-9, 123456789.0, 1e20, -0.125, 1.0 / 0.0);
  CHECK(wg::format("{}", wg::scalar(value, wg::f64)) == wg::to_string(wg::scalar(value, wg::f64)));
}

TEST_CASE("everything else that has a to_string is formatted by it", "[print]") {
  const wg::Tensor several = wg::tensor({1.5, 2});
  CHECK(wg::format("{}", several) == wg::to_string(several));
  CHECK(wg::format("{}", wg::Var(several)) == wg::to_string(several));
  CHECK(wg::format("{}", wg::Parameter(several)) == wg::to_string(several));
  CHECK(wg::format("{}", wg::Tensor()) == wg::to_string(wg::Tensor()));
  CHECK(wg::format("{} {}", wg::Shape{2, 3}, wg::f32) == "[2, 3] f32");
  CHECK(wg::format("{:>6}", wg::i64) == "   i64");
  CHECK(wg::format("{}", wg::Place{.path = "encoder.0", .step = 12}) == "encoder.0 at step 12");
}

TEST_CASE("numbers and strings are formatted as fmt does", "[print]") {
  CHECK(wg::format("{} {} {} {}", true, 'x', -3, std::size_t{7}) == "true x -3 7");
  CHECK(wg::format("{} {} {}", 0.1f, 0.1, 1e300) == "0.1 0.1 1e+300");
  CHECK(wg::format("{} {} {}", "a", std::string("b"), std::string_view("c")) == "a b c");
  CHECK(wg::format("{1} {0} {0:03d}", 5, "x") == "x 5 005");
  CHECK(wg::format("{:{}.{}f}", 3.14159, 7, 2) == "   3.14");
  CHECK(wg::format("{}", std::uint64_t{18446744073709551615U}) == "18446744073709551615");
  CHECK(wg::format("{}", std::int8_t{-5}) == "-5");
  CHECK(wg::format("no arguments {{}}") == "no arguments {}");
}

TEST_CASE("print writes one line, at once", "[print]") {
  CHECK(written_by([] { wg::print("y = {} x + {}", wg::scalar(2.0), wg::scalar(1.0)); }) ==
        "y = 2 x + 1\n");
  CHECK(written_by([] { wg::print("done"); }) == "done\n");
}

TEST_CASE("a format string that does not fit is an error that names it", "[print]") {
  CHECK_THROWS_AS(wg::format("{} {}", 1), wg::ValueError);
  CHECK_THROWS_WITH(wg::format("{} {}", 1),
                    ContainsSubstring("format: ") && ContainsSubstring("\"{} {}\""));
  CHECK_THROWS_WITH(wg::print("y = {", 1), ContainsSubstring("print: ") &&
                                               ContainsSubstring("1 arguments") &&
                                               ContainsSubstring("\"y = {\""));
  CHECK_THROWS_AS(wg::format("{:d}", wg::scalar(1.0)), wg::ValueError);
  CHECK_THROWS_AS(wg::format("{:.2f}", "text"), wg::ValueError);
  CHECK_THROWS_AS(wg::format("}", 1), wg::ValueError);
  CHECK_THROWS_AS(wg::format("{name}", 1), wg::ValueError);
}

TEST_CASE("programs that use fmt can format our types with it", "[print]") {
  const wg::Tensor several = wg::tensor({1.5, 2});
  CHECK(fmt::format("{}", several) == wg::to_string(several));
  CHECK(fmt::format("{}", wg::Var(several)) == wg::to_string(several));
  CHECK(fmt::format("{}", wg::Parameter(several)) == wg::to_string(several));
  CHECK(fmt::format("{:>8}|{}", wg::Shape{2, 3}, wg::f64) == "  [2, 3]|f64");
}
