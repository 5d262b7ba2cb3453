// SPDX-License-Identifier: MIT
// What the other files here get wrong, done right: it compiles, so theirs are the errors they name.
#include <cstdint>
#include <utility>

#include <wengert/wengert.h>
namespace wg = wengert;

wg::Var product(const wg::Var& x, const wg::Linear& layer) {
  return wg::matmul(x, layer.weight.on(x));
}
wg::Var shifted(const wg::Var& x, const wg::Parameter& bias) { return x + bias.on(x); }
wg::Tape moved(wg::Tape& tape) { return std::move(tape); }
wg::Var used(const wg::Var& x) {
  const auto twice = wg::custom_op<1>(
      "twice", [](const wg::Var& a) { return a + a; },
      [](const wg::Var&, const wg::Var&, const wg::Var& g) { return 2 * g; });
  return twice(x);
}
std::int64_t first(const wg::Tensor& x) { return x.data<std::int64_t>()[0]; }
