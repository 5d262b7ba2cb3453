// SPDX-License-Identifier: MIT
// A Parameter does not know its tape: it has to be asked for with .on(x).
// Fails with: deleted function
#include <wengert/wengert.h>
namespace wg = wengert;

wg::Var product(const wg::Var& x, const wg::Linear& layer) { return wg::matmul(x, layer.weight); }
