// SPDX-License-Identifier: MIT
// The activations of recurrent cells, by name: a cell has to know which it has, for the fast path
// and for the bound on its gradient.
#pragma once

#include "../../graph/var.h"
#include "../../ops/sequence.h"

namespace wengert {

using Activation = SequenceActivation;

/// phi(x), element by element.
Var activate(Activation activation, const Var& x);
/// max |phi'|: 1/4 for sigmoid, 1 for the others.
double steepest_slope(Activation activation);
const char* name_of(Activation activation);

}  // namespace wengert
