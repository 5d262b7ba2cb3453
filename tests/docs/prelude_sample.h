// SPDX-License-Identifier: MIT
// Names that the fragments of sample.md take for granted.
#pragma once

#include <wengert/wengert.h>

inline const wengert::Tensor x = wengert::ones({4, 3});
