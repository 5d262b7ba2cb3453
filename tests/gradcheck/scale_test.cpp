// SPDX-License-Identifier: MIT
// The size of a function decides nothing: a wrong gradient is found and a right one passes whatever
// the function is multiplied by.
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

const auto wrong_cube = custom_op<1>(
    "wrong_cube", [](const Var& x) { return x * x * x; },
    [](const Var& x, const Var&, const Var& g) { return 2 * g * x * x; });

/// T3, T4 or T5 and nothing else.
CheckOptions only(Tier tier) {
  return {.directions = tier == Tier::directions ? 3U : 0U,
          .coordinates = tier == Tier::coordinates ? 2000U : 0U,
          .repeatability = false,
          .adjoint = false,
          .nodes = tier == Tier::nodes,
          .precision = false};
}

}  // namespace

TEST_CASE("a wrong gradient is found however small or large the function is") {
  Rng rng{1};
  const Tensor x = rng.normal({3, 2}, f64);
  for (const double scale : {1e-200, 1e-20, 1e-15, 1e15, 1e200}) {
    const auto f = [&](const Var& v) { return scale * sum(wrong_cube(v)); };
    // The scale inside the op, where T5 meets it.
    const auto inside = custom_op<1>(
        "inside", [=](const Var& v) { return scale * square(v); },
        [=](const Var& v, const Var&, const Var& g) { return scale * g * v; });
    for (const Tier tier : {Tier::directions, Tier::coordinates, Tier::nodes}) {
      INFO(scale << " " << to_string(tier));
      CHECK(gradcheck(f, x, only(tier)).verdict == Verdict::disagree);
      CHECK(gradcheck(inside, x, only(tier)).verdict == Verdict::disagree);
    }
    const CheckReport report = gradcheck(f, x);
    INFO(to_string(report));
    CHECK(report.verdict == Verdict::disagree);
    CHECK(report.culprit.op == "wrong_cube");
    CHECK(report.hint == Hint::factor);
    CHECK(gradcheck(inside, x).hint == Hint::factor);
  }
}

TEST_CASE("a backward that is not linear, or not its own transpose, is found at any scale") {
  Rng rng{1};
  const Tensor x = rng.normal({3}, f64);
  for (const double scale : {1e-200, 1e-20, 1e20, 1e170}) {
    const auto twice = custom_op<1>(
        "twice", [=](const Var& v) { return scale * square(v); },
        [=](const Var& v, const Var&, const Var& g) {
          return 2 * scale * v * (g + 1e-3 * abs(g));
        });
    const CheckReport report = gradcheck(twice, x);
    INFO(scale << "\n" << to_string(report));
    CHECK(report.find(Tier::linearity)->verdict == Verdict::disagree);
  }
}

TEST_CASE("a right gradient is not blamed however small or large the function is") {
  Rng rng{1};
  const Tensor x = rng.normal({4, 5}, f64), hidden = rng.normal({5, 8}, f64),
               out = rng.normal({8, 3}, f64);
  for (const double scale : {1e-200, 1e-20, 1e-15, 1e15, 1e200}) {
    const auto f = [&](const Var& v, const Var& a, const Var& b) {
      return scale * mean(square(matmul(wengert::tanh(matmul(v, a)), b)));
    };
    const CheckReport report = gradcheck(f, {x, hidden, out});
    INFO(scale << "\n" << to_string(report));
    CHECK(report.agrees());
    const auto nothing = [&](const Var& v) { return scale * sum(v / v); };
    const CheckReport of_nothing = gradcheck(nothing, x);
    INFO(to_string(of_nothing));
    CHECK(of_nothing.verdict < Verdict::kink);
  }
}

TEST_CASE("gradients that are exactly zero agree at any scale") {
  for (const double scale : {1e-200, 1e-20, 1.0, 1e20, 1e200}) {
    const auto dead = [&](const Var& x) { return scale * sum(relu(x - 5.0)); };
    const CheckReport report = gradcheck(dead, tensor({1.0, 2.0, -3.0}, f64));
    INFO(scale << "\n" << to_string(report));
    CHECK(report.agrees());
    const auto half_dead = [&](const Var& x) { return scale * sum(square(relu(x - 1.5))); };
    CHECK(gradcheck(half_dead, tensor({1.0, 2.0, -3.0}, f64)).agrees());
  }
}

TEST_CASE("a gradient that is cut off is found beside a large one, and under a small one") {
  for (const double scale : {1e-20, 1.0, 1e200}) {
    const auto cut = custom_op<1>(
        "cut", [=](const Var& x) { return scale * square(x); },
        [](const Var&, const Var&, const Var& g) { return 0 * g; });
    const CheckReport report = gradcheck(cut, tensor({1.0, 2.0}, f64));
    INFO(scale << "\n" << to_string(report));
    CHECK(report.verdict == Verdict::disagree);
    CHECK(report.hint == Hint::detached);
    CHECK(report.error < 10);
  }
}

TEST_CASE("a function of tiny or huge values is linear or not as one of usual size") {
  for (const double size : {1e-200, 1e-20, 1.0, 1e200}) {
    INFO(size);
    const Tensor x = ones({3}, f64);
    CHECK(check_linear([=](const Var& v) { return size * v; }, {x}).agrees());
    const auto bent = [=](const Var& v) { return size * v * v; };
    CHECK(check_linear(bent, {x}).verdict == Verdict::disagree);
  }
}
