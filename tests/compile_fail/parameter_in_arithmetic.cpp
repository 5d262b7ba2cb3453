// SPDX-License-Identifier: MIT
// Operators take no Parameter either.
// Fails with: deleted function
#include <wengert/wengert.h>
namespace wg = wengert;

wg::Var shifted(const wg::Var& x, const wg::Parameter& bias) { return x + bias; }
