// SPDX-License-Identifier: MIT
#include "arrays.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wengert::detail {
namespace {

constexpr double close = 1e-5;

double largest_of(std::span<const double> values) {
  double size = 0;
  for (const double value : values) size = std::max(size, std::abs(value));
  return size;
}

}  // namespace

Arrays::Arrays(std::vector<double> analytic, std::vector<double> numeric, const Shape& shape)
    : analytic_(std::move(analytic)), numeric_(std::move(numeric)), shape_(shape) {
  const double size = std::max({largest_of(analytic_), largest_of(numeric_), 1e-300});
  // An error that is small everywhere is not to count as none where it is smallest.
  wrong_above_ = std::min(close, 0.05 * largest_of(errors()) / size);
  tiny_ = 1e-7 * std::max({largest_of(analytic_), largest_of(numeric_), 1e-300});
}

std::vector<double> Arrays::errors() const {
  std::vector<double> result(size());
  for (std::size_t i = 0; i < size(); ++i) result[i] = analytic_[i] - numeric_[i];
  return result;
}
bool Arrays::nothing_claimed() const { return largest_of(analytic_) <= tiny_; }
bool Arrays::nothing_there() const { return largest_of(numeric_) <= tiny_; }

std::optional<double> Arrays::ratio() const {
  const double size = std::max(largest_of(analytic_), largest_of(numeric_));
  if (size == 0) return {};
  double product = 0, square = 0;
  for (std::size_t i = 0; i < this->size(); ++i) {
    if (std::abs(numeric_[i]) <= 10 * tiny_ && std::abs(analytic_[i]) > 10 * tiny_) return {};
    product += (analytic_[i] / size) * (numeric_[i] / size);
    square += (numeric_[i] / size) * (numeric_[i] / size);
  }
  if (square == 0) return {};
  const double ratio = product / square;
  // The same everywhere: what varies is small beside what the ratio says, and beside the accuracy
  // of the elements, small ones being known less well.
  const double spread = 1e-7 + 0.05 * std::min(std::abs(ratio - 1), 0.02);
  for (std::size_t i = 0; i < this->size(); ++i)
    if (std::abs(analytic_[i] - ratio * numeric_[i]) > spread * std::abs(numeric_[i]) + 1e-9 * size)
      return {};
  return ratio;
}

bool Arrays::single() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i)
    count += std::abs(numeric_[i]) > 10 * tiny_ || std::abs(analytic_[i]) > 10 * tiny_ ? 1 : 0;
  return count == 1;
}

bool Arrays::is(std::span<const double> other) const {
  if (other.size() != size()) return false;
  const double size_of_it = std::max(largest_of(analytic_), largest_of(other));
  for (std::size_t i = 0; i < size(); ++i)
    if (!(std::abs(analytic_[i] - other[i]) <= close * size_of_it)) return false;
  return true;
}

bool Arrays::wrong(std::size_t i) const {
  const double off = std::abs(analytic_[i] - numeric_[i]);
  return !(off <= wrong_above_ * std::max(std::abs(analytic_[i]), std::abs(numeric_[i])) +
                      10 * tiny_ * wrong_above_ / close);
}
std::size_t Arrays::count_wrong() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i) count += wrong(i) ? 1 : 0;
  return count;
}

void Arrays::for_each_along(
    std::size_t axis, const std::function<void(std::size_t, std::size_t, std::size_t)>& f) const {
  std::size_t inner = 1;
  for (std::size_t k = axis + 1; k < shape_.rank(); ++k) inner *= shape_[k];
  const std::size_t extent = shape_[axis];
  for (std::size_t i = 0; i < size(); ++i)
    f(i, i / inner % extent, i / (inner * extent) * inner + i % inner);
}

std::vector<bool> Arrays::wrong_along(std::size_t axis) const {
  std::vector<bool> result(shape_[axis]);
  for_each_along(axis, [&](std::size_t i, std::size_t index, std::size_t) {
    if (wrong(i)) result[index] = true;
  });
  return result;
}

bool constant_along(const Arrays& arrays, std::span<const double> values, std::size_t axis) {
  if (arrays.shape()[axis] < 2) return false;
  const double size = largest_of(values);
  std::vector<double> first(arrays.lines(axis));
  bool constant = true;
  arrays.for_each_along(axis, [&](std::size_t i, std::size_t index, std::size_t line) {
    if (index == 0) first[line] = values[i];
    constant = constant && std::abs(values[i] - first[line]) <= close * size;
  });
  return constant && size > 0;
}

bool additive(const Arrays& arrays, std::span<const double> values, std::size_t a, std::size_t b) {
  if (arrays.shape().rank() != 2 || arrays.shape()[a] < 2 || arrays.shape()[b] < 2) return false;
  const std::size_t rows = arrays.shape()[0], columns = arrays.shape()[1];
  const double size = largest_of(values);
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      const double sum = values[i * columns] + values[j] - values[0];
      if (!(std::abs(values[i * columns + j] - sum) <= close * size)) return false;
    }
  return size > 0;
}

std::string where_wrong(const Arrays& arrays) {
  const std::size_t wrong = arrays.count_wrong();
  if (wrong == arrays.size()) return "error everywhere";
  for (std::size_t axis = 0; axis < arrays.shape().rank(); ++axis) {
    const std::vector<bool> along = arrays.wrong_along(axis);
    const auto first = std::find(along.begin(), along.end(), true) - along.begin();
    const auto count = std::count(along.begin(), along.end(), true);
    if (count == 0 || static_cast<std::size_t>(count) == along.size()) continue;
    const bool together = std::all_of(along.begin() + first, along.begin() + first + count,
                                      [](bool is) { return is; });
    if (!together) continue;
    const std::string name = arrays.shape().rank() == 2 ? axis == 0 ? "row" : "column" : "index";
    const std::string of = arrays.shape().rank() > 2 ? fmt::format(" of axis {}", axis) : "";
    if (count == 1)
      return fmt::format("error confined to {} {}{} of {}", name, first, of, along.size());
    return fmt::format("error confined to {} {} to {}{} of {}",
                       name == "index" ? "indices" : name + "s", first, first + count - 1, of,
                       along.size());
  }
  return fmt::format("error in {} of {} elements", wrong, arrays.size());
}

}  // namespace wengert::detail
