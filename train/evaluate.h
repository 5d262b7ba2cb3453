// SPDX-License-Identifier: MIT
// A model used, not trained: its outputs for many samples, and how good they are.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "../data/dataset.h"
#include "../nn/loss_function.h"
#include "../nn/metric_function.h"
#include "model_ref.h"

namespace wengert {

struct EvaluateOptions {
  std::size_t batch = 1000;  ///< samples in memory at a time
};

/// The model's output for every row of `inputs`, off any tape: dropout does nothing, batch
/// normalisation uses its running means. Errors: ValueError for a batch of 0, what the model
/// throws.
Tensor predict(const ModelRef& model, const Tensor& inputs, const EvaluateOptions& options = {});
/// The same for a data set's inputs. Of padded sequences the model is given the mask too, if it
/// takes one; outputs of every step are as long as the longest sequence.
Tensor predict(const ModelRef& model, const data::Dataset& data,
               const EvaluateOptions& options = {});

struct Evaluation {
  /// Mean over the samples, by their weights and, where targets are padded sequences, their real
  /// steps. Its error is that of the mean over independent samples; of a custom loss, which tells
  /// only a batch's mean, there is none (NaN). `n` counts the samples whose weight is not 0.
  Estimate loss = {};
  std::map<std::string, Estimate> metrics = {};
  std::size_t samples = 0;
};
/// The mean loss over `data` and the metrics of all its predictions together. As in `fit`, a model
/// that takes a mask is given that of padded sequences.
/// Errors: ValueError for an empty data set or weights that add up to nothing, what the model, the
/// loss and the metrics throw.
Evaluation evaluate(const ModelRef& model, const data::Dataset& data, const Loss& loss,
                    const std::vector<Metric>& metrics = {}, const EvaluateOptions& options = {});

}  // namespace wengert
