// SPDX-License-Identifier: MIT
// The checker is checked: right gradients pass, wrong ones do not, and it says where.
#include <cmath>

#include <wengert/wengert.h>

#include "catch.h"
// after Catch2
#include <wengert/gradcheck/matchers.h>

using namespace wengert;

namespace {

struct TwoTowers {
  Linear left, right;
  Var operator()(const Var& x) const { return wengert::tanh(left(x)) * sigmoid(right(x)); }
  static void members(auto& self, auto&& visit) {
    visit("left", self.left);
    visit("right", self.right);
  }
};

// x^3 with this pullback.
template <class F>
auto cube(F pullback) {
  return custom_op<1>(
      "cube", [](const Var& x) { return x * x * x; }, pullback);
}

}  // namespace

TEST_CASE("two towers have the gradient they claim") {
  Rng rng{1};
  const TwoTowers model{{5, 3, rng}, {5, 3, rng}};
  REQUIRE_THAT(model, GradientsMatch(rng.normal({4, 5})));
  REQUIRE_THAT(model, SecondOrderMatches(rng.normal({4, 5})));
}

TEST_CASE("a wrong sign, a factor, and a term left out are caught") {
  Rng rng{1};
  const Tensor x = rng.normal({3, 2});
  const auto verdict = [&](auto op) { return gradcheck(op, x).verdict; };
  CHECK(verdict(cube([](const Var& v, const Var&, const Var& g) { return 3 * g * v * v; })) ==
        Verdict::agree);
  CHECK(verdict(cube([](const Var& v, const Var&, const Var& g) { return -3 * g * v * v; })) ==
        Verdict::disagree);
  CHECK(verdict(cube([](const Var& v, const Var&, const Var& g) { return 2 * g * v * v; })) ==
        Verdict::disagree);
  CHECK(verdict(cube([](const Var& v, const Var&, const Var& g) {
          return 3.000003 * g * v * v;
        })) == Verdict::disagree);
}

TEST_CASE("one wrong element of a large parameter is found and named") {
  Rng rng{1};
  const Parameter w(rng.normal({30, 30}), "w");
  Tensor mask = ones({30, 30}, f64);
  mask.mutable_data<double>()[17 * 30 + 3] = 2.0;
  const auto off = custom_op<1>(
      "off", [](const Var& x) { return 1.0 * x; },
      [mask](const Var& x, const Var&, const Var& g) { return g * cast(Var(mask), x.dtype()); });
  const auto model = [&](const Var& x) { return sum(square(matmul(x, off(w.on(x))))); };
  CheckOptions options;
  options.directions = 0;
  const CheckReport report = gradcheck(model, {rng.normal({2, 30})}, options);
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.leaf == "parameter 'w'");
  CHECK(report.index == std::vector<std::size_t>{17, 3});
  CHECK(report.analytic / report.numeric == Approx(2.0));
}

TEST_CASE("a wrong second derivative is caught although the first is right") {
  const auto wrong_square = custom_op<1>(
      "wrong_square", [](const Var& x) { return x * x; },
      [](const Var& x, const Var&, const Var& g) { return g * x; });
  const auto half_right =
      cube([&](const Var& v, const Var&, const Var& g) { return 3 * g * wrong_square(v); });
  Rng rng{1};
  const Tensor x = rng.normal({3});
  CHECK(gradcheck(half_right, x).agrees());
  CHECK(gradcheck_second_order(half_right, {x}).verdict == Verdict::disagree);
}

TEST_CASE("nets of relu are no cause for a false alarm") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng{seed};
    const Sequential model{Linear{5, 16, rng}, relu, Linear{16, 1, rng}};
    const CheckReport report = gradcheck(model, rng.normal({8, 5}));
    INFO("seed " << seed << "\n" << to_string(report));
    CHECK(report.agrees());
  }
}

TEST_CASE("at a kink any value between the two slopes is right, and no other") {
  const CheckReport report = gradcheck(relu, zeros({2, 2}));
  INFO(to_string(report));
  CHECK(report.agrees());
  CHECK(report.kinks > 0);
  const auto steep = custom_op<1>(
      "steep", [](const Var& x) { return relu(x); },
      [](const Var& x, const Var&, const Var& g) { return g * (3 + 0 * x); });
  CHECK(gradcheck(steep, zeros({2, 2})).verdict == Verdict::disagree);
}

TEST_CASE("a float32 model is checked in float64, noise included") {
  Rng rng{1};
  Rng noise{2};
  const Linear layer{6, 4, rng};
  const auto model = [&](const Var& x) { return dropout(gelu(layer(x)), 0.3, noise); };
  const CheckReport report = gradcheck(model, rng.normal({5, 6}));
  INFO(to_string(report));
  CHECK(report.agrees());
  CHECK(report.error < 1e-8);
}

TEST_CASE("integer inputs are passed on and not differentiated by") {
  Rng rng{1};
  const auto loss = [](const Var& logits, const Var& labels) {
    return cross_entropy(logits, labels);
  };
  CHECK(gradcheck(loss, {rng.normal({3, 4}), labels({0, 3, 1})}).agrees());
}

TEST_CASE("a value that is not finite is no agreement") {
  const auto f = [](const Var& x) { return sum(log(x)); };
  CHECK(gradcheck(f, tensor({0.0, 1.0})).verdict == Verdict::nonfinite);
}

TEST_CASE("a matcher that fails prints the report") {
  const auto wrong = cube([](const Var& v, const Var&, const Var& g) { return 2 * g * v * v; });
  const auto matcher = GradientsMatch(tensor({1.0}));
  CHECK_FALSE(matcher.match(wrong));
  CHECK(matcher.describe().find("DISAGREE") != std::string::npos);
  CHECK(matcher.describe().find("seed 0x5eed") != std::string::npos);
}

TEST_CASE("a term cut loose is found however small its share is") {
  Rng rng{1};
  const auto f = [](const Var& x) { return mean(square(x)) + 1e-4 * sum(square(Var(x.value()))); };
  const CheckReport report = gradcheck(f, rng.normal({3}));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.hint == Hint::off_tape);
}

TEST_CASE("second derivatives of a wrong gradient are not right, though they agree with it") {
  const auto half = custom_op<1>(
      "half", [](const Var& x) { return square(x); },
      [](const Var& x, const Var&, const Var& g) { return g * x; });
  Rng rng{1};
  CHECK(gradcheck_second_order(half, rng.normal({3})).verdict == Verdict::disagree);
}

TEST_CASE("huge numbers elsewhere on the tape, or a huge offset, are no reason to agree") {
  Rng rng{1};
  const auto diagonal = custom_op<1>(
      "masked_softmax", [](const Var& x) { return softmax(x); },
      [](const Var&, const Var& y, const Var& g) { return g * y * (1 - y); });
  Tensor mask = zeros({2, 5});
  mask.mutable_data<float>()[1] = -1e30F;
  CHECK_FALSE(gradcheck([&](const Var& x) { return diagonal(x + Var(mask)); }, rng.normal({2, 5}))
                  .agrees());
  const auto lifted_high = custom_op<1>(
      "offset", [](const Var& x) { return square(x) + 1e12; },
      [](const Var& x, const Var&, const Var& g) { return g * x; });
  CHECK(gradcheck(lifted_high, tensor({0.05, 0.02}, f64)).verdict != Verdict::agree);
}

TEST_CASE("what cancels, saturates or stands beside a singularity is not blamed") {
  const auto sure = [](const Var& x) { return cross_entropy(x, Var(zeros({1}, i64))); };
  CHECK(gradcheck(sure, tensor({20, 0, 0}, f64).reshape({1, 3})).verdict < Verdict::disagree);
  const auto saturated = [](const Var& x) { return wengert::tanh(x); };
  CHECK(gradcheck(saturated, tensor({10})).verdict < Verdict::disagree);
  for (const double x : {1e-5, 1e-6, 1e-8})
    CHECK(gradcheck([](const Var& v) { return 1.0 / v; }, tensor({x}, f64)).verdict <
          Verdict::disagree);
  const auto narrow = [](const Var& x) { return exp(-1.0 * square(x / 1e-3)) + x; };
  CHECK(gradcheck(narrow, tensor({1e-3}, f64)).verdict < Verdict::disagree);
}

TEST_CASE("a function with a domain is not called outside of it in vain") {
  const auto f = [](const Var& p) { return bce(p, Var(ones({2}))); };
  const CheckReport report = gradcheck(f, tensor({0.9999, 0.5}));
  INFO(to_string(report));
  CHECK(report.verdict < Verdict::disagree);
}

TEST_CASE("a second derivative asked of a first-order op is not checked, and the op is named") {
  const auto off_tape = cube([](const Var& v, const Var&, const Var& g) {
    return Var((3 * Var(g.value()) * square(Var(v.value()))).value());
  });
  Rng rng{1};
  const Tensor x = rng.normal({3}, f64);
  REQUIRE_THAT(off_tape, GradientsMatch(x));
  const CheckReport report = gradcheck_second_order(off_tape, x);
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::unresolved);
  CHECK(report.hint == Hint::first_order);
  CHECK(report.hint_text.find("op 'cube' has a first derivative only") == 0);
  CHECK(to_string(report).find("advice") == std::string::npos);
  CHECK_FALSE(SecondOrderMatches(x).match(off_tape));
  const CheckReport both = gradcheck(off_tape, x, {.second_order = true});
  CHECK(both.verdict == Verdict::unresolved);
  CHECK(both.hint == Hint::first_order);
  CHECK(both.find(Tier::directions)->verdict == Verdict::agree);
}

TEST_CASE("a result without a gradient is an error that says what it may be") {
  const std::string wanted = "gradcheck: the result has no gradient";
  const auto message = [](auto check) -> std::string {
    try {
      check();
    } catch (const TapeError& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = tensor({0.25, 2.0}, f64);
  const auto constant = [](const Var&) { return Var(ones({2}, f64)); };
  const auto comparison = [](const Var& v) { return cast(greater(v, Var(scalar(1.0, f64))), f64); };
  CHECK(message([&] { gradcheck(constant, x); }).find(wanted) == 0);
  CHECK(message([&] { gradcheck(comparison, x); }).find(wanted) == 0);
  CHECK(message([&] { gradcheck_second_order(constant, x); }).find(wanted) == 0);
  CHECK(message([&] {
          gradcheck([](const Var& i) { return cast(i, f64); }, labels({1, 2}));
        }).find(wanted) == 0);
  const Tape tape;
  CHECK(message([&] { check_tape(tape, Var(x)); }).find(wanted) == 0);
}

TEST_CASE("an input that the result does not depend on has the gradient zero") {
  const auto first = [](const Var& a, const Var&) { return square(a); };
  CHECK(gradcheck(first, {tensor({1.0, 2.0}), tensor({3.0})}).agrees());
  CHECK(gradcheck_second_order(first, {tensor({1.0, 2.0}), tensor({3.0})}).agrees());
  const auto straight = [](const Var& a) { return 2.0 * a; };
  CHECK(gradcheck_second_order(straight, {tensor({1.0, 2.0})}).agrees());
}

TEST_CASE("the second order is asked of a function that draws too") {
  const auto half = custom_op<1>(
      "half", [](const Var& x) { return square(x); },
      [](const Var& x, const Var&, const Var& g) { return g * x; });
  const auto second_wrong =
      cube([half](const Var& v, const Var&, const Var& g) { return 3 * g * half(v); });
  const auto right = cube([](const Var& v, const Var&, const Var& g) { return 3 * g * square(v); });
  const Tensor x = Rng{1}.normal({3, 4}, f64);
  Rng noise{4};
  const auto noisy = [&](const auto& f) {
    return gradcheck([&](const Var& v) { return sum(dropout(f(v), 0.5, noise)); }, x,
                     {.second_order = true});
  };
  CHECK(noisy(second_wrong).verdict == Verdict::disagree);
  const CheckReport report = noisy(right);
  INFO(to_string(report));
  CHECK(report.agrees());
  REQUIRE(report.find(Tier::second_order));
  CHECK(report.find(Tier::second_order)->note.find("draws random numbers") != std::string::npos);
}

TEST_CASE("a check that compares nothing does not agree") {
  const auto f = [](const Var& x) { return sum(square(x)); };
  const CheckReport none =
      gradcheck(f, tensor({1.0, 2.0}), {.directions = 0, .coordinates = 0, .nodes = false});
  INFO(to_string(none));
  CHECK(none.verdict == Verdict::unresolved);
  CHECK(to_string(none).find("nothing was compared") != std::string::npos);
  CHECK(gradcheck(f, zeros({0, 3})).agrees());  // of no elements none is wrong
  CHECK(gradcheck(f, tensor({1.0, 2.0}), {.directions = 0, .coordinates = 0}).agrees());
}

TEST_CASE("beside the edge of a domain a report says so instead of NaN") {
  CheckReport report;
  report.verdict = Verdict::unresolved;
  report.shown = Tier::coordinates;
  report.leaf = "input 0";
  report.index = {0};
  report.leaf_shape = {1};
  report.analytic = 2;
  report.numeric = report.error = report.oracle_error = std::nan("");
  const std::string text = to_string(report);
  INFO(text);
  CHECK(text.find("nan") == std::string::npos);
  CHECK(text.find("not defined beside it") != std::string::npos);
  CHECK(text.find("edge of its domain") != std::string::npos);
}

TEST_CASE("an empty Var and a value of another tape are told apart from a missing gradient") {
  const auto nothing = [](const Var&) { return Var(); };
  const auto message = [](auto check) -> std::string {
    try {
      check();
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = tensor({0.25, 2.0}, f64);
  CHECK(message([&] { gradcheck(nothing, x); }).find("the function returned no value") !=
        std::string::npos);
  Tape one, other;
  const Var y = sum(square(one.variable(x)));
  CHECK(message([&] { check_tape(other, y); }).find("not on this tape") != std::string::npos);
}
