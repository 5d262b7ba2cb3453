// SPDX-License-Identifier: MIT
// Points where differences are hard: beside kinks, under large offsets, where digits cancel.
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

Tensor shrunk(Tensor x, double size) {
  for (double& v : x.mutable_data<double>()) v *= size;
  return x;
}

}  // namespace

TEST_CASE("nets of relu at tiny inputs are not taken for kinks") {
  for (const double size : {1e-6, 1e-8, 1e-10, 1e-14})
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Rng rng{seed};
      const Tensor a = rng.normal({5, 16}, f64), b = rng.normal({16, 1}, f64);
      const auto net = [&](const Var& x, const Var& w, const Var& v) {
        return sum(matmul(relu(matmul(x, w)), v));
      };
      const CheckReport report = gradcheck(net, {shrunk(rng.normal({4, 5}, f64), size), a, b});
      INFO(size << " seed " << seed << "\n" << to_string(report));
      CHECK(report.agrees());
      // With a loss of 1 beside it rounding hides what the inputs do: no verdict, and no kink.
      const auto offset = [&](const Var& x) {
        return sum(matmul(relu(matmul(x, Var(a))), Var(b))) + 1.0;
      };
      const CheckReport hidden = gradcheck(offset, shrunk(rng.normal({4, 5}, f64), size));
      INFO(to_string(hidden));
      CHECK(hidden.verdict <= Verdict::unresolved);
    }
}

TEST_CASE("a wrong gradient at tiny inputs of a relu is wrong all the same") {
  const auto steep = custom_op<1>(
      "steep", [](const Var& x) { return relu(x); },
      [](const Var& x, const Var&, const Var& g) { return g * (2 + 0 * x); });
  Rng rng{1};
  for (const double size : {1.0, 1e-6, 1e-8, 1e-10}) {
    const CheckReport report = gradcheck(steep, shrunk(rng.normal({4, 5}, f64), size));
    INFO(size << "\n" << to_string(report));
    CHECK(report.verdict == Verdict::disagree);
  }
}

TEST_CASE("digits that cancel are no reason to blame") {
  for (const double size : {1e4, 1e6, 1e8, 1e10}) {
    const Tensor x = full({2, 4}, size, f64);
    const CheckReport report = gradcheck(LayerNorm{4}, x.to(f32));
    INFO(size << "\n" << to_string(report));
    CHECK(report.verdict <= Verdict::unresolved);
    const auto parts = [](const Var& v) {
      const Var off = v - mean(v, -1, Keep::yes);
      return off / sqrt(mean(square(off), -1, Keep::yes) + 1e-5);
    };
    const CheckReport of_parts = gradcheck(parts, x);
    INFO(to_string(of_parts));
    CHECK(of_parts.verdict <= Verdict::unresolved);
    if (size == 1e4 || size == 1e8)
      CHECK_THAT(to_string(of_parts), Catch::Matchers::ContainsSubstring("digits"));
  }
}

TEST_CASE("a kink under a large offset is judged by slopes that stand out from the rounding") {
  for (const double offset : {0.0, 1.0, 1e6, 1e9}) {
    const auto right = [&](const Var& x) { return sum(relu(x)) + offset; };
    const CheckReport report = gradcheck(right, zeros({2}, f64));
    INFO(offset << "\n" << to_string(report));
    CHECK(report.agrees());
    for (const double slope : {-0.3, 1.2}) {
      const auto wrong = custom_op<1>(
          "wrong_relu", [](const Var& x) { return relu(x); },
          [=](const Var& x, const Var&, const Var& g) { return g * (slope + 0 * x); });
      const auto f = [&](const Var& x) { return sum(wrong(x)) + offset; };
      const CheckReport blamed = gradcheck(f, zeros({2}, f64));
      INFO(to_string(blamed));
      CHECK(blamed.verdict == Verdict::disagree);
    }
  }
}

TEST_CASE("directions alone do not pass a gradient at a kink") {
  const CheckOptions alone{.coordinates = 0, .nodes = false};
  const auto relus = [](const Var& x) { return sum(relu(x)); };
  for (const Tensor& x : {zeros({6}, f64), tensor({0.0, 1.0}, f64)}) {
    const CheckReport report = gradcheck(relus, x, alone);
    INFO(to_string(report));
    CHECK(report.verdict == Verdict::kink);
    CHECK(report.tier == Tier::directions);
  }
  CHECK(gradcheck(relus, tensor({1e-3, 1.0, -1e-4}, f64), alone).agrees());
  const auto steep = custom_op<1>(
      "steep", [](const Var& x) { return relu(x); },
      [](const Var& x, const Var&, const Var& g) { return g * (2 + 0 * x); });
  const auto wrong = [&](const Var& x) { return sum(steep(x)); };
  CHECK(gradcheck(wrong, zeros({1}, f64), alone).verdict == Verdict::disagree);
  CHECK(gradcheck(wrong, zeros({6}, f64), alone).verdict >= Verdict::kink);
}

TEST_CASE("three directions decide among the kinks of 320,000 relus") {
  const CheckOptions alone{.coordinates = 0,
                           .repeatability = false,
                           .adjoint = false,
                           .nodes = false,
                           .precision = false};
  Rng rng{1};
  const Mlp net{{784, 128, 64, 128, 784}, relu, rng};
  const Tensor x = rng.uniform({1000, 784});
  const auto verdict = [&](double factor) {
    const auto scaled = custom_op<1>(
        "scaled", [](const Var& y) { return 1.0 * y; },
        [=](const Var&, const Var&, const Var& g) { return factor * g; });
    Tape tape;
    const Var loss = mse(scaled(net(tape.input(x))), x);
    const CheckReport report = check_tape(tape, loss, alone);
    INFO(to_string(report));
    CHECK(report.directions == 3);
    return report.verdict;
  };
  CHECK(verdict(1) == Verdict::agree);
  CHECK(verdict(1 + 1e-5) == Verdict::disagree);
}
