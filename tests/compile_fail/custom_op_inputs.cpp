// SPDX-License-Identifier: MIT
// An op of one input is used with one.
// Fails with: constraints not satisfied
#include <wengert/wengert.h>
namespace wg = wengert;

wg::Var used(const wg::Var& x) {
  const auto twice = wg::custom_op<1>(
      "twice", [](const wg::Var& a) { return a + a; },
      [](const wg::Var&, const wg::Var&, const wg::Var& g) { return 2 * g; });
  return twice(x, x);
}
