// SPDX-License-Identifier: MIT
// A callback of fit that writes what every epoch and step did to TensorBoard's files.
#pragma once

#include "fit.h"
#include "tensorboard.h"

namespace wengert {

/// `fit(..., {.callbacks = {log_to(board)}})`: "loss", "validation_loss", metrics, "rate" and
/// "gradient_norm" by epoch, "step/loss" by step. `board` has to outlive the training.
Callback log_to(TensorBoard& board);

}  // namespace wengert
