// SPDX-License-Identifier: MIT
// Sequences of different lengths as one tensor: padded at the end, with a mask that says what is
// real. What a loss does with the mask is the loss's business.
#pragma once

#include <vector>

#include "dataset.h"

namespace wengert::data {

struct Padded {
  Tensor values;   ///< [n, steps, ...], steps the longest of all
  Tensor mask;     ///< [n, steps]: 1 where a step is real, 0 where it is padding
  Tensor lengths;  ///< i64 [n]
};
/// Sequences [length, ...] that agree in all but their length, side by side; what is missing at the
/// end of the short ones is `value`. Errors: ValueError if there are none or one has no steps;
/// ShapeError or DTypeError naming the sequence that does not fit the first.
Padded pad(const std::vector<Tensor>& sequences, double value = 0.0);

/// A data set of padded sequences, whose batches are as long as their longest and carry a mask.
/// Without targets each sequence is its own (an autoencoder). Errors: as `pad` and Dataset.
Dataset sequences(const std::vector<Tensor>& inputs);
/// With one target a sequence, [n, ...].
Dataset sequences(const std::vector<Tensor>& inputs, Tensor targets, Tensor weights = {});
/// With a target each step: of the same lengths as the inputs. Errors: also ShapeError naming the
/// sequence whose target has another length.
Dataset sequences(const std::vector<Tensor>& inputs, const std::vector<Tensor>& targets,
                  Tensor weights = {});

/// The same samples, without steps that are padding for all of them.
Dataset shortened(const Dataset& dataset);
/// [n, steps] from the lengths, in the inputs' dtype (f32 for i64). Errors: ValueError if the data
/// set has no lengths.
Tensor mask(const Dataset& dataset);

}  // namespace wengert::data
