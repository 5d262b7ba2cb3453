// SPDX-License-Identifier: MIT
// A module with parameters and an op of its own, once with that op's right pullback and once
// without the 2 of 2x. The program of every framework here checks both.
#pragma once

#include <string>
#include <utility>

#include <wengert/wengert.h>

namespace {

template <class Op>
struct Powered {
  wengert::Linear signal, gate;
  Op power;

  wengert::Var operator()(const wengert::Var& x) const {
    return power(signal(x)) * wengert::sigmoid(gate(x));
  }
  static void members(auto& self, auto&& visit) {
    visit("signal", self.signal);
    visit("gate", self.gate);
  }
};

template <class Op>
Powered<Op> powered(Op power) {
  wengert::Rng rng{1};
  return {{5, 3, rng}, {5, 3, rng}, std::move(power)};
}

inline auto right_model() {
  return powered(wengert::custom_op<1>(
      "power", [](const wengert::Var& x) { return x * x; },
      [](const wengert::Var& x, const wengert::Var&, const wengert::Var& g) { return 2 * g * x; }));
}
inline auto wrong_model() {
  return powered(wengert::custom_op<1>(
      "power", [](const wengert::Var& x) { return x * x; },
      [](const wengert::Var& x, const wengert::Var&, const wengert::Var& g) { return g * x; }));
}

inline wengert::Tensor inputs() {
  wengert::Rng rng{2};
  return rng.normal({4, 5});
}

}  // namespace
