// SPDX-License-Identifier: MIT
// What can be given to the checker: callables with any number of Vars, generic ones, those with
// defaults, and functions that were made of others.
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"
// after Catch2
#include <wengert/gradcheck/contract.h>
#include <wengert/gradcheck/matchers.h>

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

Tensor some(std::uint64_t seed) { return Rng(seed).uniform({3}, 0.5, 1.5, f64); }

// Its second gradient is wrong, so that a check which leaves out the second input passes.
const auto half_wrong = custom_op<2>(
    "half_wrong", [](const Var& a, const Var& b) { return a * b; },
    [](const Var& a, const Var& b, const Var&, const Var& g) {
      return std::vector<Var>{g * b, -1.0 * g * a};
    });

struct OneOrTwo {
  Var operator()(const Var& a) const { return wengert::square(a); }
  Var operator()(const Var& a, const Var& b) const { return half_wrong(a, b); }
};

struct Scale {
  Parameter weight{full({3}, 2, f64)};
  Var operator()(const Var& x) const { return x * weight.on(x); }
  static void members(auto& self, auto&& visit) { visit("weight", self.weight); }
};

}  // namespace

TEST_CASE("an input for a defaulted or variadic argument is checked and not dropped") {
  const auto defaulted = [](const Var& a, const Var& b = Var(ones({3}, f64))) {
    return half_wrong(a, b);
  };
  const auto variadic = [](const Var& a, const std::same_as<Var> auto&... rest) {
    if constexpr (sizeof...(rest) == 0) return wengert::square(a);
    else return half_wrong(a, rest...);
  };
  CHECK(gradcheck(defaulted, {some(1), some(2)}).leaf == "input 1");
  CHECK(gradcheck(defaulted, {some(1), some(2)}).verdict == Verdict::disagree);
  CHECK(gradcheck(OneOrTwo{}, {some(1), some(2)}).verdict == Verdict::disagree);
  CHECK(gradcheck(OneOrTwo{}, some(1)).agrees());
  CHECK(gradcheck(variadic, {some(1), some(2)}).verdict == Verdict::disagree);
  CHECK(gradcheck(variadic, {some(1)}).agrees());
  const std::vector<Tensor> two{some(1), some(2)};
  CHECK(gradcheck(OneOrTwo{}, two).verdict == Verdict::disagree);
  CHECK(gradcheck(defaulted, two).verdict == Verdict::disagree);
  CHECK_FALSE(GradientsMatch(two).match(OneOrTwo{}));
  CHECK_FALSE(GradientsMatch({some(1), some(2)}).match(OneOrTwo{}));
  CHECK(GradientsMatch(some(1)).match(OneOrTwo{}));
}

TEST_CASE("too few or too many inputs are an error that counts both") {
  const auto product = [](const Var& a, const Var& b) { return a * b; };
  const std::vector<Tensor> one{some(1)}, three{some(1), some(2), some(3)}, none;
  const std::string wanted = "the function takes 2 inputs, ";
  CHECK_THROWS_AS(gradcheck(product, one), ValueError);
  CHECK_THROWS_WITH(gradcheck(product, one), ContainsSubstring("gradcheck: " + wanted + "1 was"));
  CHECK_THROWS_WITH(gradcheck(product, some(1)), ContainsSubstring(wanted + "1 was given"));
  CHECK_THROWS_WITH(gradcheck(product, {some(1)}), ContainsSubstring(wanted + "1 was given"));
  CHECK_THROWS_WITH(gradcheck(product, three), ContainsSubstring(wanted + "3 were given"));
  CHECK_THROWS_WITH(gradcheck(product, none), ContainsSubstring(wanted + "0 were given"));
  CHECK_THROWS_WITH(gradcheck_second_order(product, one), ContainsSubstring(wanted));
  CHECK_THROWS_WITH(check_linear(product, one), ContainsSubstring("check_linear: " + wanted));
  CHECK_THROWS_WITH(GradientsMatch(one).match(product), ContainsSubstring(wanted));
  CHECK_THROWS_WITH(IsLinearIn(0, one).match(product), ContainsSubstring("IsLinearIn: " + wanted));
  CHECK_THAT(check_op(product, {some(1)})["result"].detail, ContainsSubstring(wanted));
  CHECK_THROWS_WITH(gradcheck(OneOrTwo{}, three), ContainsSubstring("takes 1 or 2 inputs, 3 were"));
  CHECK_THROWS_WITH(gradcheck(checkpoint(product), some(1)), ContainsSubstring(wanted));
  CHECK_THROWS_WITH(gradcheck(Scale{}, three), ContainsSubstring("takes 1 input, 3 were given"));
}

TEST_CASE("generic functions of one Var, two, or any number are callables") {
  const auto one = [](const auto& x) { return x * x; };
  const auto two = [](const auto& x, const auto& y) { return x * y; };
  const auto all = [](const auto&... xs) { return (xs * ...); };
  const std::vector<Tensor> inputs{some(1), some(2), some(3)};
  CHECK(gradcheck(one, some(1)).agrees());
  CHECK(gradcheck(two, {some(1), some(2)}).agrees());
  CHECK(gradcheck(all, {some(1), some(2), some(3)}).agrees());
  CHECK(gradcheck(all, inputs).elements == 9);
  CHECK(gradcheck(one, std::vector<Tensor>{some(1)}).agrees());
  CHECK(gradcheck_second_order(all, {some(1), some(2)}).agrees());
  CHECK(check_linear(two, {some(1), some(2)}, 1).agrees());
  CHECK(check_linear(two, std::vector<Tensor>{some(1), some(2)}, 1).agrees());
  REQUIRE_THAT(all, GradientsMatch(inputs));
  REQUIRE_THAT(two, GradientsMatch({some(1), some(2)}));
  REQUIRE_THAT(one, SecondOrderMatches(some(1)));
  REQUIRE_THAT(two, IsLinearIn(0, {some(1), some(2)}));
  CHECK(check_op(one, {some(1)}).kept());
  CHECK(check_op(all, inputs).kept());
}

TEST_CASE("a body that is right for one number of inputs is asked about no other") {
  const auto forwarded = [](const auto&... xs) { return wengert::mul(xs...); };
  CHECK(gradcheck(forwarded, {some(1), some(2)}).agrees());
  REQUIRE_THAT(forwarded, GradientsMatch({some(1), some(2)}));
}

TEST_CASE("checkpoints and gradients of a function are callables, of any number of inputs") {
  const auto cube = [](const Var& x) { return sum(x * x * x); };
  const auto product = [](const Var& a, const Var& b) { return a * b; };
  const Scale scale;
  const std::vector<Tensor> two{some(1), some(2)};
  CHECK(gradcheck(checkpoint(cube), some(1)).agrees());
  CHECK(gradcheck(checkpoint(product), two).agrees());
  CHECK(gradcheck(checkpoint(scale), std::vector<Tensor>{some(1)}).agrees());
  CHECK(gradcheck(grad(cube), some(1)).agrees());
  CHECK(gradcheck(grad(cube), std::vector<Tensor>{some(1)}).agrees());
  CHECK(gradcheck(derivative([](const Var& x) { return x * x; }), {some(1)}).agrees());
  CHECK(gradcheck_second_order(grad(cube), some(1)).agrees());
  REQUIRE_THAT(grad(cube), GradientsMatch(some(1)));
  REQUIRE_THAT(checkpoint(product), GradientsMatch(two));
  CHECK(check_op(checkpoint(product), {some(1), some(2)}).kept());
}

TEST_CASE("up to six Vars, and a span of any number, are callables") {
  const auto six = [](const Var& a, const Var& b, const Var& c, const Var& d, const Var& e,
                      const Var& f) { return a * b + c * d + e * f; };
  const auto list = [](std::span<const Var> xs) { return concat(xs, 0); };
  const std::function<Var(std::span<const Var>)> held = list;
  std::vector<Tensor> inputs;
  for (std::uint64_t k = 0; k < 8; ++k) inputs.push_back(some(k));
  CHECK(gradcheck(six, std::span(inputs).first(6)).elements == 18);
  CHECK(gradcheck(list, inputs).elements == 24);
  CHECK(gradcheck(held, {some(1), some(2)}).agrees());
  CHECK_THROWS_WITH(gradcheck(six, inputs), ContainsSubstring("std::span<const Var>"));
}
