// SPDX-License-Identifier: MIT
// What the report says: the numbers of the tier that found it, and no hint without grounds.
#include <wengert/gradcheck/contract.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// x^2 with this pullback.
template <class F>
auto squared(F pullback) {
  return custom_op<1>(
      "squared", [](const Var& x) { return square(x); }, pullback);
}
const auto three_times = squared([](const Var& x, const Var&, const Var& g) { return 6 * g * x; });
const auto linear_instead = squared([](const Var&, const Var&, const Var& g) { return 6 * g; });
const auto off_by_one =
    squared([](const Var& x, const Var&, const Var& g) { return g * (2 * x + 1); });

std::string text_of(const CheckReport& report) { return to_string(report); }

}  // namespace

TEST_CASE("a failure of float32 shows float32's numbers beside float64's") {
  const auto cube = custom_op<1>(
      "versed", [](const Var& x) { return x * x * x; },
      [](const Var& x, const Var&, const Var& g) { return 3 * g * ((x * x + 1e6) - 1e6); });
  const CheckReport report = gradcheck(cube, tensor({0.1, 0.2}, f32));
  INFO(text_of(report));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.shown == Tier::precision);
  CHECK(report.leaf == "input 0");
  CHECK(report.error > 1e-4);
  CHECK_THAT(text_of(report), ContainsSubstring("float32 "));
  CHECK_THAT(text_of(report), ContainsSubstring("(tolerance 1e-04)"));
  CHECK_THAT(to_json(report), ContainsSubstring("\"shown\": \"precision\""));
}

TEST_CASE("a failure that only an op alone shows names that op's input, and not a leaf") {
  CheckOptions only_nodes;
  only_nodes.directions = only_nodes.coordinates = 0;
  only_nodes.precision = only_nodes.adjoint = only_nodes.repeatability = false;
  const CheckReport report =
      gradcheck([](const Var& x) { return sum(three_times(x)); }, tensor({1.0, 2.0}), only_nodes);
  INFO(text_of(report));
  CHECK(report.shown == Tier::nodes);
  CHECK(report.index.empty());
  CHECK_THAT(report.leaf, ContainsSubstring("squared"));
  CHECK(report.analytic / report.numeric == Approx(3.0));
  CHECK_THAT(text_of(report), ContainsSubstring("worst input"));
  CHECK_THAT(text_of(report), ContainsSubstring("tolerance 1e-08"));

  // Where an element has been shown, T5 leaves it alone.
  const CheckReport all =
      gradcheck([](const Var& x) { return sum(three_times(x)); }, tensor({1.0, 2.0}));
  CHECK(all.leaf == "input 0");
  CHECK_FALSE(all.index.empty());
}

TEST_CASE("a second derivative is judged by a tolerance, and the report says which") {
  const auto wrong_slope = squared([](const Var& x, const Var&, const Var& g) {
    return 2 * g *
           custom_op<1>(
               "same", [](const Var& v) { return 1.0 * v; },
               [](const Var&, const Var&, const Var& c) { return 3 * c; })(x);
  });
  const CheckReport report = gradcheck_second_order(wrong_slope, tensor({0.3, 0.7}));
  INFO(text_of(report));
  CHECK(report.verdict == Verdict::disagree);
  CHECK_THAT(text_of(report), ContainsSubstring("tolerance 1e-07"));
  CHECK(text_of(report).find("tolerance 0e+00") == std::string::npos);
  const ContractReport contract = check_op(wrong_slope, {tensor({0.3, 0.7})});
  CHECK_FALSE(contract["second order"].kept);
  CHECK(to_string(contract).find("tolerance 0e+00") == std::string::npos);
}

TEST_CASE("one number alone is told to be a factor only if it is one elsewhere too") {
  // At x = 2 the ratio of 6 to 2 x is 1.5, and elsewhere another.
  const CheckReport formula = gradcheck(linear_instead, tensor({2.0}, f64));
  INFO(text_of(formula));
  CHECK(formula.verdict == Verdict::disagree);
  CHECK(formula.hint == Hint::formula);
  CHECK_THAT(formula.hint_text, ContainsSubstring("more elements"));
  const CheckReport factor = gradcheck(three_times, tensor({2.0}, f64));
  INFO(text_of(factor));
  CHECK(factor.hint == Hint::factor);
  // At x = 1, 2 x + 1 is three times as much as 2 x.
  CHECK(gradcheck(off_by_one, tensor({1.0}, f64)).hint == Hint::formula);
}

TEST_CASE("a factor is an extent's only where something is reduced") {
  const CheckReport elementwise = gradcheck(three_times, tensor({1.0, 2.0, -1.5}, f64));
  INFO(text_of(elementwise));
  CHECK(elementwise.hint == Hint::factor);
  CHECK(elementwise.hint_text.find("extent") == std::string::npos);
  const auto sum_for_mean = custom_op<1>(
      "mean_of", [](const Var& x) { return mean(x); },
      [](const Var& x, const Var&, const Var& g) { return broadcast_to(g, x.shape()); });
  const CheckReport reduced = gradcheck(sum_for_mean, tensor({1.0, 2.0, -1.5}, f64));
  INFO(text_of(reduced));
  CHECK(reduced.hint == Hint::mean_for_sum);
}
