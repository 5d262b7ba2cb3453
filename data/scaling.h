// SPDX-License-Identifier: MIT
// Brings features to one scale and back. What is learned is learned from the data given to the
// constructor alone, which should be the training part: a mean that has seen the test set leaks.
#pragma once

#include <cstddef>
#include <vector>

#include "../graph/tensor.h"

namespace wengert::data {

namespace detail {

/// y = (x - shift) / scale + low, feature by feature, in double and rounded once.
struct FeatureMap {
  const char* op = "";
  Tensor shift, scale;  ///< f64, one a feature
  double low = 0.0;
  std::vector<std::size_t> constant;

  Tensor apply(const Tensor& x) const;
  Tensor undo(const Tensor& y) const;
};

}  // namespace detail

struct StandardizerOptions {
  bool global = false;  ///< one mean and deviation for all elements, e.g. for the pixels of images
};

/// x -> (x - mean) / deviation. Features are all axes but the leading one of what it was fitted on,
/// [n, features...]; it applies to any tensor whose last axes are these, such as windows
/// [m, length, d] after a fit on a series [n, d].
class Standardizer {
 public:
  /// Errors: DTypeError for i64; ValueError if there are no samples, one is not finite (named by
  /// its row and feature), or the deviation overflows.
  explicit Standardizer(const Tensor& train, const StandardizerOptions& options = {});

  /// In the dtype of x. Errors: DTypeError for i64; ShapeError if the last axes are not the
  /// features.
  Tensor apply(const Tensor& x) const { return map_.apply(x); }
  /// What `apply` made y of, but for rounding. Errors: as apply.
  Tensor undo(const Tensor& y) const { return map_.undo(y); }

  /// f64 [features...]
  const Tensor& mean() const { return map_.shift; }
  /// f64 [features...], the square root of the mean squared distance from the mean (dividing by n);
  /// 1 for constant features.
  const Tensor& deviation() const { return map_.scale; }
  /// Features that had one value throughout, counted along the flattened axes. They are shifted to
  /// 0 and not divided by their deviation, which is 0.
  const std::vector<std::size_t>& constant() const { return map_.constant; }

 private:
  detail::FeatureMap map_;
};

struct MinMaxOptions {
  double low = 0.0;
  double high = 1.0;
  bool global = false;  ///< one range for all elements
};

/// Maps what was the smallest value of a feature to `low` and the largest to `high`; other data may
/// fall outside. Features as of Standardizer. A constant feature becomes `low`, plus its distance
/// from the constant in other data.
class MinMax {
 public:
  /// Errors: as Standardizer; ValueError unless low < high, both finite.
  explicit MinMax(const Tensor& train, const MinMaxOptions& options = {});

  Tensor apply(const Tensor& x) const { return map_.apply(x); }
  Tensor undo(const Tensor& y) const { return map_.undo(y); }

  const Tensor& smallest() const { return map_.shift; }  ///< f64 [features...]
  const std::vector<std::size_t>& constant() const { return map_.constant; }

 private:
  detail::FeatureMap map_;
};

}  // namespace wengert::data
