// SPDX-License-Identifier: MIT
// Whether a tape records a training step or a use of the trained model. Dropout and batch
// normalisation behave differently in the two; a model run off any tape is being used.
#pragma once

namespace wengert {

class Var;

enum class Mode { training, inference };

/// True if `x` is on a tape that records training, which is what a tape does unless it was made
/// with Mode::inference.
bool training(const Var& x);

}  // namespace wengert
