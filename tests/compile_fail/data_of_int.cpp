// SPDX-License-Identifier: MIT
// Elements are float, double or std::int64_t.
// Fails with: constraints not satisfied
// Fails with: Element
#include <wengert/wengert.h>
namespace wg = wengert;

int first(const wg::Tensor& x) { return x.data<int>()[0]; }
