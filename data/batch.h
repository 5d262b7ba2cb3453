// SPDX-License-Identifier: MIT
// What one step of a training sees, and what an augmentation is. Which samples go into a batch is
// the loader's business.
#pragma once

#include <cstddef>
#include <functional>

#include "../graph/rng.h"
#include "../graph/tensor.h"

namespace wengert::data {

struct Batch {
  Tensor inputs;   ///< [b, ...]
  Tensor targets;  ///< [b, ...]; the very elements of `inputs` where a data set's targets are
  Tensor weights;  ///< [b], or undefined
  /// [b, steps], 1 at steps that are real and 0 at padding, in the inputs' dtype (f32 for i64);
  /// undefined where samples are no sequences. `steps` is the longest of this batch.
  Tensor mask;
  Tensor lengths;  ///< i64 [b], beside `mask`
  Tensor indices;  ///< i64 [b]: which samples of the data set these are

  std::size_t size() const { return indices.defined() ? indices.size() : 0; }
};

/// Makes a batch another one of the same size; all its randomness is the Rng it is given.
using Augmentation = std::function<Batch(Batch, Rng&)>;

}  // namespace wengert::data
