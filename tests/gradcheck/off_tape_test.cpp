// SPDX-License-Identifier: MIT
// Values that are taken off the tape: constants to the tape, and not to the function.
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"
// after Catch2
#include <wengert/gradcheck/matchers.h>

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

Tensor some(std::uint64_t seed) { return Rng(seed).normal({3}, f64); }

struct BothWays {
  Parameter weight{Rng(1).normal({3})};
  Parameter bias{Rng(2).normal({3})};
  Var operator()(const Var& x) const {
    return (x + bias.on(x)) * weight.on(x) + wengert::square(Var(weight.value()));
  }
  static void members(auto& self, auto&& visit) {
    visit("bias", self.bias);
    visit("weight", self.weight);
  }
};
struct Holder {
  Linear first;
  BothWays inner;
  Var operator()(const Var& x) const { return inner(first(x)); }
  static void members(auto& self, auto&& visit) {
    visit("first", self.first);
    visit("inner", self.inner);
  }
};
struct ByValueOnly {
  Parameter weight{Rng(1).normal({3})};
  Var operator()(const Var& x) const { return x * Var(weight.value()); }
  static void members(auto& self, auto&& visit) { visit("weight", self.weight); }
};
/// A weight whose `.value()` decides the path and nothing else.
struct ByShape {
  Parameter weight{Rng(1).normal({3})};
  Var operator()(const Var& x) const {
    return x * weight.on(x) / static_cast<double>(weight.value().size());
  }
  static void members(auto& self, auto&& visit) { visit("weight", self.weight); }
};
/// Right, and a copy of it is still tied to the original.
struct Tied {
  Parameter weight{Rng(1).normal({3})};
  const Parameter* again = &weight;
  Var operator()(const Var& x) const { return x * weight.on(x) + again->on(x); }
  static void members(auto& self, auto&& visit) { visit("weight", self.weight); }
};
struct Shared {
  Parameter* weight;
  Var operator()(const Var& x) const { return x * weight->on(x); }
  static void members(auto& self, auto&& visit) { visit("weight", *self.weight); }
};

}  // namespace

TEST_CASE("a parameter used by its value beside its .on(x) is found and named") {
  const CheckReport report = gradcheck(BothWays{}, Rng(3).normal({2, 3}));
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.hint == Hint::off_tape);
  CHECK(report.leaf == "parameter 'weight'");
  CHECK_THAT(report.hint_text, ContainsSubstring("beside its .on(x)"));
  Rng rng{4};
  const CheckReport nested = gradcheck(Holder{Linear{3, 3, rng}, {}}, Rng(3).normal({2, 3}));
  INFO(to_string(nested));
  CHECK(nested.leaf == "parameter 'inner.weight'");
  CHECK_FALSE(GradientsMatch(Rng(3).normal({2, 3})).match(BothWays{}));
}

TEST_CASE("a parameter used by its value only is found and named") {
  const CheckReport report = gradcheck(ByValueOnly{}, Rng(3).normal({2, 3}));
  CHECK(report.verdict == Verdict::disagree);
  CHECK(report.hint == Hint::detached);
  CHECK_THAT(report.hint_text, ContainsSubstring("parameter 'weight'"));
}

TEST_CASE("a module whose copy shares parameters with it is not blamed, nor changed") {
  CHECK(gradcheck(ByShape{}, Rng(3).normal({2, 3})).agrees());
  CHECK(gradcheck(Tied{}, Rng(3).normal({2, 3})).agrees());
  Parameter weight(Rng(1).normal({3}), "weight");
  const Tensor before = weight.value();
  CHECK(gradcheck(Shared{&weight}, Rng(3).normal({2, 3})).agrees());
  CHECK(weight.value().data<float>()[0] == before.data<float>()[0]);
}

TEST_CASE("a function is linear only if it is when it is called, and not only on its tape") {
  CHECK(check_linear([](const Var& x) { return 3.0 * x; }, {some(1)}).agrees());
  CHECK(check_linear([](const Var& x) { return 3.0 * x; }, {some(1).to(f32)}).agrees());
  const auto product = [](const Var& a, const Var& b) { return a * exp(b); };
  CHECK(check_linear(product, {some(1), some(2)}, 0).agrees());
  CHECK(check_linear(product, {some(1), some(2)}, 1).verdict == Verdict::disagree);
  const CheckReport square =
      check_linear([](const Var& x) { return x * Var(x.value()); }, {some(1)});
  INFO(to_string(square));
  CHECK(square.verdict == Verdict::disagree);
  CHECK(square.hint == Hint::off_tape);
  CHECK_FALSE(IsLinearIn(0, {some(1)}).match([](const Var& x) { return x * Var(x.value()); }));
  const auto folded = [](const Var& x) { return sum(x).item() > 0 ? 1.0 * sum(x) : -1.0 * sum(x); };
  CHECK(check_linear(folded, {some(1)}).verdict == Verdict::disagree);
  CHECK(check_linear([](const Var& x) { return Var(x.value()); }, {some(1)}).verdict ==
        Verdict::disagree);
}

TEST_CASE("an offset makes a function affine, which is not linear") {
  const CheckReport report = check_linear([](const Var& x) { return 2.0 * x + 1.0; }, {some(1)});
  CHECK(report.verdict == Verdict::disagree);
  CHECK_THAT(report.hint_text, ContainsSubstring("f(0) is not 0"));
  Rng rng{1};
  CHECK(check_linear(Linear{3, 2, rng, {.bias = false}}, {Rng(2).normal({4, 3})}).agrees());
}

TEST_CASE("a function of a narrower domain is no linear one, and no wrong verdict") {
  const CheckReport report = check_linear([](const Var& x) { return log(x); }, {ones({3}, f64)});
  INFO(to_string(report));
  CHECK(report.verdict == Verdict::nonfinite);
  CHECK_THAT(report.hint_text, ContainsSubstring("NaN or infinite"));
}

TEST_CASE("linearity in an input that is not there, or of integers, is an error that says so") {
  const auto f = [](const Var& x, const Var& i) { return x * cast(i, f64); };
  const std::vector<Tensor> inputs{some(1), labels({1, 2, 3})};
  CHECK(check_linear(f, inputs, 0).agrees());
  CHECK_THROWS_AS(check_linear(f, inputs, 1), ValueError);
  CHECK_THROWS_WITH(check_linear(f, inputs, 1), ContainsSubstring("input 1 is i64"));
  CHECK_THROWS_AS(check_linear(f, inputs, 2), ValueError);
  CHECK_THROWS_WITH(check_linear(f, inputs, 2), ContainsSubstring("there is no input 2: 2 were"));
}

TEST_CASE("a value off the tape that changes the rounding only is no reason to disagree") {
  const auto stable = [](const Var& x) {
    const Var m(max(x, -1, Keep::yes).value());
    return sum(log(sum(exp(x - m), -1, Keep::yes)) + m);
  };
  // The same with a value that counts, if little.
  const auto cut = [&](const Var& x) { return stable(x) + 1e-6 * sum(square(Var(x.value()))); };
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const DType dtype : {f32, f64}) {
      const Tensor x = Rng{seed}.normal({4, 5}, dtype);
      const CheckReport right = gradcheck(stable, x);
      INFO(to_string(right));
      CHECK(right.agrees());
      CHECK(gradcheck_second_order(stable, x).agrees());
      if (dtype == f64) CHECK(gradcheck(cut, x).hint == Hint::off_tape);
    }
}
