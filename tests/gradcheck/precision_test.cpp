// SPDX-License-Identifier: MIT
// T7: what float32 makes of a model that is right in float64, its value as well as its gradient.
#include <algorithm>

#include <wengert/gradcheck/contract.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Whose value is right in float64 and loses its digits in float32.
Var one_pass_variance(const Var& x) { return mean(square(x)) - square(mean(x)); }

const auto variance_op = custom_op<1>(
    "one_pass_variance", [](const Var& x) { return one_pass_variance(x); },
    [](const Var& x, const Var&, const Var& g) {
      return g * (2.0 / static_cast<double>(x.size())) * (x - mean(x));
    });

/// exp overflows in float32 above 88; the gradient is right in both.
const auto naive_lse = custom_op<1>(
    "naive_lse", [](const Var& x) { return log(sum(exp(x))); },
    [](const Var& x, const Var&, const Var& g) { return g * softmax(x); });

}  // namespace

TEST_CASE("a value that is infinite in float32 only is not finite, and its node is named") {
  const CheckReport report =
      gradcheck([](const Var& x) { return log(sum(exp(x))); }, tensor({100.0, 99.0}, f32));
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::nonfinite);
  CHECK(report.tier == Tier::precision);
  CHECK(report.hint == Hint::precision);
  CHECK(report.culprit.found);
  CHECK(report.culprit.op == "exp");
  CHECK_THAT(report.hint_text, ContainsSubstring("float32"));
  CHECK(gradcheck([](const Var& x) { return log(sum(exp(x))); }, tensor({100.0, 99.0}, f64))
            .agrees());
}

TEST_CASE(
    "an op whose float32 value overflows breaks the contract of ops though its pullback is "
    "right") {
  CHECK(gradcheck(naive_lse, tensor({1.0, 2.0}, f32)).agrees());
  const CheckReport report = gradcheck(naive_lse, tensor({100.0, 99.0}, f32));
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::nonfinite);
  CHECK(report.culprit.op == "naive_lse");
  CHECK(check_op(naive_lse, {tensor({1.0, 2.0})}).kept());
  CHECK_FALSE(check_op(naive_lse, {tensor({100.0, 99.0})})["gradient"].kept);
}

TEST_CASE("a gradient that is infinite in float32 only is not finite, and its pullback is named") {
  const auto tail = custom_op<1>(
      "tail", [](const Var& x) { return wengert::tanh(x); },
      [](const Var& x, const Var&, const Var& g) {
        return g * 4.0 / square(exp(x) + exp(-1.0 * x));
      });
  const auto steep = custom_op<1>(
      "steep", [](const Var& x) { return sigmoid(x); },
      [](const Var& x, const Var&, const Var& g) { return g * exp(x) / square(1.0 + exp(x)); });
  CHECK(gradcheck(tail, tensor({1.0, 2.0}, f32)).agrees());
  const CheckReport report = gradcheck(steep, tensor({0.5, 60.0}, f32));
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::agree);  // e^60 / inf is 0, and so is the slope
  const CheckReport nan = gradcheck(steep, tensor({0.5, 100.0}, f32));
  INFO(to_string(nan));
  CHECK(nan.verdict == Verdict::nonfinite);
  CHECK(nan.culprit.op == "steep");
  CHECK_THAT(to_string(nan), ContainsSubstring("pullback"));
}

TEST_CASE("an op whose float32 value is off by more than rounding explains is told") {
  Rng rng{1};
  Tensor x = rng.normal({64});
  for (float& v : x.mutable_data<float>()) v += 1000;
  CHECK(gradcheck(variance_op, x.to(f64)).agrees());
  const CheckReport report = gradcheck(variance_op, x);
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.tier == Tier::precision);
  CHECK(report.hint == Hint::precision);
  CHECK(report.culprit.op == "one_pass_variance");
  CHECK_THAT(to_string(report), ContainsSubstring("its value"));
}

TEST_CASE("what a model's own conditioning loses in float32 blames no op") {
  Rng rng{1};
  Tensor x = rng.normal({64});
  for (float& v : x.mutable_data<float>()) v += 1000;
  const CheckReport report = gradcheck([](const Var& v) { return one_pass_variance(v); }, x);
  INFO(to_string(report));
  CHECK(report.verdict < Verdict::disagree);
}

TEST_CASE("an infinity in float32 that does not reach the value or a gradient is harmless") {
  // 1 / inf is 0, as it all but is in float64.
  const auto f = [](const Var& x) { return sum(1.0 / (1.0 + exp(x))) + sum(x); };
  const CheckReport report = gradcheck(f, tensor({10.0, 1.0}, f32));
  INFO(to_string(report));
  CHECK(report.agrees());
}
