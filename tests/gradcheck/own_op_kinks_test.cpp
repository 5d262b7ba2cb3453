// SPDX-License-Identifier: MIT
// Kinks inside ops of the user's own: told by the branches of the ops they are made of, or by the
// slopes of both sides where they are loops.
#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"
// after Catch2
#include <wengert/gradcheck/matchers.h>

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

/// f of each element, in a loop.
template <class F>
Var by_element(const Var& x, F f) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), [&]<class T>(T) {
    const std::span<const T> in = x.value().data<T>();
    std::ranges::transform(in, y.mutable_data<T>().begin(), f);
  });
  return y;
}

const auto larger = [](auto v) { return std::max(v, decltype(v){0}); };
const auto step = [](auto v) { return v > 0 ? decltype(v){1} : decltype(v){0}; };

/// max(x, 0) in a loop; its pullback gives `factor` times the right one, and `at_zero` there.
auto looped_relu(double factor = 1, double at_zero = 0) {
  return custom_op<1>(
      "looped_relu", [](const Var& x) { return by_element(x, larger); },
      [=](const Var& x, const Var&, const Var& g) {
        const Var zero = cast(equal(x, zeros(x.shape(), x.dtype())), x.dtype());
        return g * (factor * by_element(x, step) + at_zero * zero);
      });
}
/// relu of the library inside an op, with this slope at 0.
auto wrapped_relu(double factor, double at_zero) {
  return custom_op<1>(
      "wrapped_relu", [](const Var& x) { return relu(x) + 0.0 * x; },
      [=](const Var& x, const Var&, const Var& g) {
        const Var zero = cast(equal(x, zeros(x.shape(), x.dtype())), x.dtype());
        return g * (factor * by_element(x, step) + at_zero * zero);
      });
}

/// relu with its slope times `factor` at elements 17, 17 + every, ...
auto partly_wrong_relu(std::size_t every, double factor) {
  return custom_op<1>(
      "partly_wrong_relu", [](const Var& x) { return relu(x); },
      [=](const Var& x, const Var&, const Var& g) {
        Tensor factors = ones(x.shape(), f64);
        const std::span<double> all = factors.mutable_data<double>();
        for (std::size_t i = 17; i < all.size(); i += every) all[i] = factor;
        return g * by_element(x, step) * cast(Var(factors), x.dtype());
      });
}

const Tensor beside_zero = tensor({1.0, 0.0, -0.5}, f64);

}  // namespace

TEST_CASE("a kink of an op inside a user's op is judged by both sides") {
  for (const double at_zero : {0.0, 0.3, 1.0}) {
    const CheckReport report = gradcheck(wrapped_relu(1, at_zero), beside_zero);
    INFO(to_string(report));
    CHECK(report.agrees());
    CHECK(report.kinks > 0);
  }
  CHECK(gradcheck(wrapped_relu(1, 1.5), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(wrapped_relu(1, -0.5), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(wrapped_relu(2, 0), beside_zero).verdict == Verdict::disagree);
}

TEST_CASE("a stencil over a kink inside a user's op is shrunk until it crosses none") {
  for (const double distance : {1e-2, 1e-4, 1e-6}) {
    const Tensor x = tensor({distance, -distance}, f64);
    const CheckReport report = gradcheck(wrapped_relu(1, 0), x);
    INFO(distance << "\n" << to_string(report));
    CHECK(report.agrees());
    CHECK(gradcheck(wrapped_relu(1.001, 0), x).verdict == Verdict::disagree);
    CHECK(gradcheck(looped_relu(), x).verdict < Verdict::disagree);
  }
}

TEST_CASE("a kink in a loop of a user's op is a kink, and its op is not blamed") {
  for (const double at_zero : {0.0, 1.0}) {
    const CheckReport report = gradcheck(looped_relu(1, at_zero), beside_zero);
    INFO(to_string(report));
    CHECK(report.verdict == Verdict::kink);
    CHECK_FALSE(report.culprit.found);
    CHECK_THAT(report.hint_text, ContainsSubstring("the function bends here"));
  }
  const auto net = [](const Var& x) { return sum(wengert::square(looped_relu()(x) + exp(x))); };
  CHECK(gradcheck(net, beside_zero).verdict == Verdict::kink);
  CHECK(gradcheck(looped_relu(), zeros({2, 3}, f64)).verdict == Verdict::kink);
}

TEST_CASE("a wrong slope is blamed beside a kink in a loop, and at it") {
  CHECK(gradcheck(looped_relu(2), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(looped_relu(1.00001), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(looped_relu(-1), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(looped_relu(1, 1.5), beside_zero).verdict == Verdict::disagree);
  CHECK(gradcheck(looped_relu(1, -0.5), beside_zero).verdict == Verdict::disagree);
  // Where there is no kink, half the slope is no slope of a side.
  const auto half = custom_op<1>(
      "half", [](const Var& x) { return by_element(x, [](auto v) { return v * v * v + v; }); },
      [](const Var& x, const Var&, const Var& g) { return 0.5 * g * (3 * x * x + 1); });
  CHECK(gradcheck(half, beside_zero).verdict == Verdict::disagree);
}

TEST_CASE("a user's op that takes other ops for other values has branches of other lengths") {
  const auto either = custom_op<1>(
      "either", [](const Var& x) { return sum(x).item() > 1 ? relu(x) + relu(2 * x) : 0.5 * x; },
      [](const Var& x, const Var&, const Var& g) {
        return sum(x).item() > 1 ? 3 * g * by_element(x, step) : 0.5 * g;
      });
  CHECK(gradcheck(either, tensor({0.7, 0.8}, f64)).agrees());
  CHECK(gradcheck(either, tensor({0.5005, 0.5005}, f64)).verdict < Verdict::disagree);
  CHECK(gradcheck(either, tensor({0.1, 0.2}, f64)).agrees());
}

TEST_CASE("a wrong slope of a smooth op is no kink, however steep or rough the op is") {
  struct Smooth {
    const char* name;
    Var (*f)(const Var&);
    Var (*slope)(const Var&);
    double low, high;
  };
  const Smooth all[] = {
      {"steep", [](const Var& x) { return exp(5.0 * x); },
       [](const Var& x) { return 5.0 * exp(5.0 * x); }, -3, 3},
      {"fast", [](const Var& x) { return sin(100.0 * x); },
       [](const Var& x) { return 100.0 * cos(100.0 * x); }, -3, 3},
      {"beside a pole", [](const Var& x) { return 1.0 / x; },
       [](const Var& x) { return -1.0 / (x * x); }, 1e-3, 0.1},
      {"beside a root", [](const Var& x) { return wengert::sqrt(x); },
       [](const Var& x) { return 0.5 / wengert::sqrt(x); }, 1e-6, 1e-2},
      {"bent within 1e-3", [](const Var& x) { return wengert::sqrt(x * x + 1e-6); },
       [](const Var& x) { return x / wengert::sqrt(x * x + 1e-6); }, -1e-2, 1e-2},
      {"bent within 1e-8", [](const Var& x) { return wengert::sqrt(x * x + 1e-16); },
       [](const Var& x) { return x / wengert::sqrt(x * x + 1e-16); }, -1e-6, 1e-6},
      {"offset", [](const Var& x) { return x * x * x + 1e6; },
       [](const Var& x) { return 3.0 * x * x; }, -3, 3}};
  for (const Smooth& one : all)
    for (std::uint64_t seed = 1; seed <= 10; ++seed)
      for (const double factor : {1.0, 1.001, 0.5, -1.0}) {
        const auto op = custom_op<1>(
            "smooth", [f = one.f](const Var& x) { return f(x); },
            [slope = one.slope, factor](const Var& x, const Var&, const Var& g) {
              return factor * g * slope(x);
            });
        Rng rng(seed);
        const CheckReport report = gradcheck(op, rng.uniform({3}, one.low, one.high, f64));
        INFO(one.name << " times " << factor << "\n" << to_string(report));
        CHECK(report.verdict != Verdict::kink);
        CHECK((factor == 1.0) == (report.verdict < Verdict::disagree));
      }
}

TEST_CASE("one element on a kink does not keep the others of many from being judged") {
  Tensor x = Rng{1}.normal({60, 60}, f64);
  x.mutable_data<double>()[1111] = 0;
  struct Wrong {
    std::size_t every;
    double factor;
  };
  for (const auto& [every, factor] : {Wrong{100, 0}, Wrong{20, 0.5}, Wrong{5, 0}, Wrong{20, 1}}) {
    const auto op = partly_wrong_relu(every, factor);
    const auto loss = [&](const Var& v) { return sum(square(op(v))); };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const CheckReport report = gradcheck(loss, x, {.seed = seed});
      INFO(to_string(report));
      CHECK(report.agrees() == (factor == 1));
      if (factor == 1) continue;
      CHECK(report.verdict == Verdict::disagree);
      CHECK(report.culprit.op == "partly_wrong_relu");
    }
  }
}
TEST_CASE("a padded row and biases of zero do not hide wrong units") {
  Rng rng{3};
  const Linear in{40, 64, rng}, out{64, 3, rng};
  Tensor x = rng.normal({6, 40});
  std::ranges::fill(x.mutable_data<float>().subspan(200, 40), 0.0F);
  for (const double factor : {1.0, 0.5}) {
    const auto op = partly_wrong_relu(64, factor);
    const CheckReport report =
        gradcheck([&](const Var& v) { return mean(square(out(op(in(v))))); }, x);
    INFO(to_string(report));
    CHECK(report.agrees() == (factor == 1));
    CHECK(report.culprit.found == (factor != 1));
  }
}
TEST_CASE("a pullback that keeps what it saw at the point is right at a kink of another element") {
  Tensor x = Rng{1}.normal({50, 50}, f64);
  x.mutable_data<double>()[7] = 0;
  const Tensor seen = x;
  const auto op = custom_op<1>(
      "keeps", [](const Var& v) { return square(v) + relu(v); },
      [seen](const Var& v, const Var&, const Var& g) {
        return g * (2 * Var(seen) + by_element(v, step));
      });
  const CheckReport report = gradcheck([&](const Var& v) { return sum(op(v)); }, x);
  INFO(to_string(report));
  CHECK(report.agrees());
}
