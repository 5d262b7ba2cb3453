// SPDX-License-Identifier: MIT
// Two arrays of one shape, the gradient that was claimed and the right one: how do they differ?
// Internal.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../graph/shape.h"

namespace wengert::detail {

class Arrays {
 public:
  Arrays(std::vector<double> analytic, std::vector<double> numeric, const Shape& shape);

  const Shape& shape() const { return shape_; }
  std::size_t size() const { return analytic_.size(); }
  std::span<const double> analytic() const { return analytic_; }
  std::span<const double> numeric() const { return numeric_; }
  std::vector<double> errors() const;

  bool nothing_claimed() const;  ///< analytic is 0 everywhere
  bool nothing_there() const;    ///< numeric is 0 everywhere
  /// analytic / numeric, if it is one number.
  std::optional<double> ratio() const;
  /// Whether there is but one element that is not 0, whose ratio is one number in any case.
  bool single() const;
  /// Whether the analytic gradient is this one.
  bool is(std::span<const double> other) const;
  bool wrong(std::size_t i) const;
  std::size_t count_wrong() const;
  /// Along an axis: which indices hold an error.
  std::vector<bool> wrong_along(std::size_t axis) const;

  /// Calls with every element, its index along the axis, and the number of its line along it.
  void for_each_along(
      std::size_t axis,
      const std::function<void(std::size_t element, std::size_t index, std::size_t line)>& f) const;
  std::size_t lines(std::size_t axis) const { return size() / shape_[axis]; }

 private:
  std::vector<double> analytic_, numeric_;
  Shape shape_;
  double wrong_above_;  ///< relative error of an element that counts as one
  double tiny_;         ///< below that an element counts as zero
};

/// Whether `values` is the same along an axis, as far as it is not tiny everywhere.
bool constant_along(const Arrays& arrays, std::span<const double> values, std::size_t axis);
/// Whether `values` is a sum of a part that is the same along one axis and one along the other.
bool additive(const Arrays& arrays, std::span<const double> values, std::size_t a, std::size_t b);
/// "rows 0 to 3 of axis 0 (4 of 16)", "12 of 36 elements", "everywhere".
std::string where_wrong(const Arrays& arrays);

}  // namespace wengert::detail
