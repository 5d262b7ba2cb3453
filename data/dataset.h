// SPDX-License-Identifier: MIT
// Samples to train on: tensors whose leading axis counts samples, kept in step. Reading files,
// splitting and batching are in files of their own; nothing here knows what a loss is.
#pragma once

#include <cstddef>

#include "../graph/tensor.h"

namespace wengert::data {

/// Inputs [n, ...] with a target for each. Converts from one tensor, so that an autoencoder's data
/// is `images` alone, and from `{images, labels}`. Copies share their elements, as Tensors do.
struct Dataset {
  Tensor inputs;   ///< [n, ...]
  Tensor targets;  ///< [n, ...] of any dtype, e.g. labels i64 [n]; an autoencoder's are its inputs
  Tensor weights;  ///< f32 or f64 [n], what a sample counts in the loss; undefined if all the same
  /// i64 [n] where samples are sequences padded to [n, steps, ...]: how many steps are real.
  /// Undefined for other data. Made by `sequences` (data/sequences.h).
  Tensor lengths;
  bool target_each_step = false;  ///< targets are [n, steps, ...] and padded like the inputs

  Dataset() = default;
  /// Inputs x that are their own targets; shares memory. Errors: ShapeError for a scalar.
  Dataset(const Tensor& x);
  /// Inputs x and targets y.
  /// Errors: ShapeError if the leading extents differ or weights are not [n]; DTypeError if weights
  /// are i64; ValueError if a weight is not finite. (Negative ones are left to who needs them.)
  Dataset(Tensor x, Tensor y, Tensor sample_weights = {});

  /// Number of samples.
  std::size_t size() const { return inputs.defined() ? inputs.shape()[0] : 0; }
  bool empty() const { return size() == 0; }
  /// Whether the members still fit each other, for who has set one by hand.
  /// Errors: as the constructors; ShapeError or ValueError if lengths are not those of the inputs.
  void check() const;
  /// True for an autoencoder's data: both names show the same elements.
  bool targets_are_inputs() const;

  /// Samples [begin, end); shares memory. Errors: ShapeError if outside.
  Dataset rows(std::size_t begin, std::size_t end) const;
  /// The samples that `indices` (i64 [m]) name, in that order; repeats are allowed. Copies, and
  /// inputs that are their own targets once only. Errors: as `take_rows`.
  Dataset take(const Tensor& indices) const;
};

/// Entries `indices` (i64 [m]) of the leading axis, as [m, ...].
/// Errors: DTypeError or ShapeError if indices are no i64 [m]; ValueError if one is outside [0, n).
Tensor take_rows(const Tensor& rows, const Tensor& indices);

}  // namespace wengert::data
