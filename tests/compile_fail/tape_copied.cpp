// SPDX-License-Identifier: MIT
// A tape is one recording: Vars point to it, and a copy could not say which of the two they mean.
// Fails with: deleted
#include <wengert/wengert.h>
namespace wg = wengert;

wg::Tape copied(const wg::Tape& tape) { return tape; }
