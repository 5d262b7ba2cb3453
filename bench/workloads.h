// SPDX-License-Identifier: MIT
// The groups of workloads, in the order in which they are run.
#pragma once

#include "timing.h"

namespace bench {

/// What a node costs: recorded, differentiated, replayed, and at 10^7 of them.
Group engine();
/// Whole training steps of the models that bench/peers runs in PyTorch and JAX too.
Group models();
/// Such steps in pieces, and the optimizer alone.
Group pieces();
/// Recurrent nets over whole sequences.
Group sequences();
/// Bytes that such a step keeps and takes.
Group memory();
/// Step time as Adam's moments become tiny.
Group denormals();
/// A gradient check in forward passes of what it checks.
Group gradient_checks();
/// Credit matrices, and instruments in a training step.
Group gradient_flow();
/// Data from files.
Group reading();
/// Matrix products of the lecture's shapes.
Group products();
/// Every elementwise op, forward and backward.
Group elementwise();

}  // namespace bench
