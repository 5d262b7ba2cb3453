// SPDX-License-Identifier: MIT
#include "patterns.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

namespace wengert::detail {

/// What the two gradients say without any knowledge of the op.
Finding from_sizes(const Arrays& g) {
  if (g.nothing_claimed())
    return {Hint::detached,
            "analytic is 0 everywhere: this input is cut off, its gradient is never computed"};
  if (g.nothing_there())
    return {Hint::unused, "numeric is 0 everywhere: a gradient for what the op does not depend on"};
  return {};
}

Finding from_ratio(const Arrays& g, const std::set<std::size_t>& extents) {
  const std::optional<double> ratio = g.ratio();
  if (!ratio) return {};
  const auto near = [&](double value) { return std::abs(*ratio / value - 1) < 1e-4; };
  if (std::abs(*ratio - 1) < 1e-3)
    return {Hint::factor,
            fmt::format("ratio is 1 {} {:.2g} everywhere: a constant with a wrong digit",
                        *ratio < 1 ? "-" : "+", std::abs(*ratio - 1))};
  if (near(-1)) return {Hint::sign, "ratio is -1 everywhere: a wrong sign"};
  if (near(2)) return {Hint::factor, "ratio is 2.000 everywhere: a factor counted twice"};
  if (near(0.5)) return {Hint::factor, "ratio is 0.500 everywhere: a factor 2 is missing"};
  for (const std::size_t extent : extents) {
    const auto n = static_cast<double>(extent);
    if (extent < 2) continue;
    if (near(n))
      return {Hint::mean_for_sum,
              fmt::format("ratio is {0} everywhere, an extent: the division by {0} of a mean is "
                          "missing, or a shared weight is counted {0} times",
                          extent)};
    if (near(1 / n))
      return {Hint::mean_for_sum,
              fmt::format("ratio is 1/{0} everywhere, an extent: a mean for a sum, or a shared "
                          "weight counted once instead of {0} times",
                          extent)};
  }
  for (int below = 2; below <= 12; ++below)
    for (int above = 1; above <= 12; ++above)
      if (near(1.0 * above / below) || near(-1.0 * above / below))
        return {Hint::factor, fmt::format("ratio is {}{}/{} everywhere: a constant factor",
                                          *ratio < 0 ? "-" : "", above, below)};
  return {Hint::factor, fmt::format("ratio is {:.6g} everywhere: a constant factor", *ratio)};
}

Finding from_flat(const Arrays& g) {
  double size = 0;
  for (const double value : g.numeric()) size = std::max(size, std::abs(value));
  std::size_t wrong = 0, flat = 0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    if (!g.wrong(i)) continue;
    ++wrong;
    flat += std::abs(g.numeric()[i]) <= 1e-7 * size ? 1 : 0;
  }
  if (wrong == 0 || flat != wrong) return {};
  return {Hint::flat_region,
          fmt::format("a gradient passes at {} elements where the function is flat (a bound, a "
                      "mask, a branch not taken)",
                      wrong)};
}

/// Wrong exactly where the input is 0.
Finding from_zeros(const Arrays& g, const Tensor& input) {
  bool any = false;
  for (std::size_t i = 0; i < g.size(); ++i) {
    const bool zero = input.data<double>()[i] == 0;
    if (g.wrong(i) != zero) return {};
    any = any || zero;
  }
  if (!any) return {};
  return {Hint::formula, "wrong only where the input is exactly 0: a special value of its own"};
}

namespace {

/// Whether every line along the last axis has exactly one wrong element.
bool one_a_line(const Arrays& g) {
  const std::size_t axis = g.shape().rank() - 1;
  if (g.shape()[axis] < 3) return false;
  std::vector<std::size_t> wrong(g.lines(axis));
  g.for_each_along(axis, [&](std::size_t i, std::size_t, std::size_t line) {
    wrong[line] += g.wrong(i) ? 1 : 0;
  });
  return std::all_of(wrong.begin(), wrong.end(), [](std::size_t count) { return count == 1; });
}

}  // namespace

/// One slice of an axis, such as one of four gates.
Finding from_slices(const Arrays& g) {
  for (std::size_t axis = 0; axis < g.shape().rank(); ++axis) {
    const std::vector<bool> along = g.wrong_along(axis);
    const std::size_t extent = along.size();
    for (const std::size_t parts : {4, 3, 2}) {
      if (extent % parts != 0 || extent / parts < 2) continue;
      const std::size_t length = extent / parts;
      std::set<std::size_t> wrong;
      for (std::size_t i = 0; i < extent; ++i)
        if (along[i]) wrong.insert(i / length);
      if (wrong.size() != 1) continue;
      const auto count = std::count(along.begin(), along.end(), true);
      if (static_cast<std::size_t>(count) != length) continue;
      return {Hint::slice,
              fmt::format("wrong in part {} of {} of axis {} only: one gate, or one of "
                          "several things laid side by side",
                          *wrong.begin() + 1, parts, axis)};
    }
  }
  if (g.shape().rank() > 1 && one_a_line(g))
    return {Hint::slice,
            "one element of every row is wrong: the label's, or the one that an index picks"};
  if (10 * g.count_wrong() <= g.size())
    return {Hint::slice, "only a few elements are wrong: an index or a border"};
  for (std::size_t axis = 0; axis < g.shape().rank(); ++axis) {
    const std::vector<bool> along = g.wrong_along(axis);
    if (along.size() < 2) continue;
    const auto count = static_cast<std::size_t>(std::count(along.begin(), along.end(), true));
    if (count == 1 && (along.front() || along.back()))
      return {Hint::first_or_last_step,
              fmt::format("wrong at the {} index of axis {} only: a step left out at the end of a "
                          "loop",
                          along.front() ? "first" : "last", axis)};
    if (count + 1 == along.size() && (!along.front() || !along.back()))
      return {Hint::first_or_last_step,
              fmt::format("right at the {} index of axis {} only: the others are left out",
                          along.front() ? "last" : "first", axis)};
    if (count > 0 && count < along.size() && g.shape().rank() > 1)
      return {Hint::slice, fmt::format("some indices of axis {} only are wrong", axis)};
  }
  return {};
}

namespace {

std::vector<double> moved(const Arrays& g, std::size_t axis, std::ptrdiff_t by, bool wrap) {
  const auto extent = static_cast<std::ptrdiff_t>(g.shape()[axis]);
  std::size_t inner = 1;
  for (std::size_t k = axis + 1; k < g.shape().rank(); ++k) inner *= g.shape()[k];
  std::vector<double> result(g.size());
  g.for_each_along(axis, [&](std::size_t i, std::size_t index, std::size_t) {
    std::ptrdiff_t from = static_cast<std::ptrdiff_t>(index) + by;
    if (wrap) from = (from + extent) % extent;
    if (from < 0 || from >= extent) return;
    const std::ptrdiff_t offset =
        (from - static_cast<std::ptrdiff_t>(index)) * static_cast<std::ptrdiff_t>(inner);
    result[i] = g.numeric()[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(i) + offset)];
  });
  return result;
}

}  // namespace

std::vector<double> transposed(std::span<const double> values, std::size_t rows,
                               std::size_t columns) {
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) result[j * rows + i] = values[i * columns + j];
  return result;
}

/// The right numbers at other places.
Finding from_places(const Arrays& g) {
  const Shape& shape = g.shape();
  if (shape.rank() == 2 && shape[0] > 1 && shape[1] > 1 &&
      (g.is(transposed(g.numeric(), shape[0], shape[1])) ||
       g.is(transposed(g.numeric(), shape[1], shape[0]))))
    return {Hint::transposed, "analytic is numeric transposed"};
  for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] < 2) continue;
    for (const std::ptrdiff_t by : {-1, 1})
      for (const bool wrap : {false, true})
        if (g.is(moved(g, axis, by, wrap)))
          return {Hint::shifted,
                  fmt::format("analytic is numeric shifted by one along axis {}: an index is off "
                              "by one (h_t for h_(t-1), a slice)",
                              axis)};
    std::vector<double> flipped(g.size());
    std::size_t inner = 1;
    for (std::size_t k = axis + 1; k < shape.rank(); ++k) inner *= shape[k];
    g.for_each_along(axis, [&](std::size_t i, std::size_t index, std::size_t) {
      flipped[i] = g.numeric()[i - index * inner + (shape[axis] - 1 - index) * inner];
    });
    if (g.is(flipped))
      return {Hint::other_elements,
              fmt::format("analytic is numeric reversed along axis {}", axis)};
  }
  std::vector<double> a(g.analytic().begin(), g.analytic().end());
  std::vector<double> n(g.numeric().begin(), g.numeric().end());
  std::sort(a.begin(), a.end());
  std::sort(n.begin(), n.end());
  const double size = std::max(std::abs(n.front()), std::abs(n.back()));
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - n[i]) <= 1e-6 * size)) return {};
  return {Hint::other_elements, "the right values at other elements: a wrong index"};
}

/// A term that is missing or too many, the same along an axis.
Finding from_terms(const Arrays& g, const Tensor* output) {
  const std::vector<double> error = g.errors();
  const Shape& shape = g.shape();
  for (std::size_t axis = 0; axis < shape.rank(); ++axis)
    if (constant_along(g, error, axis))
      return {Hint::missing_mean,
              fmt::format("the error is the same along axis {}: a mean or sum over it is missing "
                          "from the pullback",
                          axis)};
  const bool both = shape.rank() == 2;
  if (output && output->size() == g.size()) {
    std::vector<double> per_output(error);
    bool possible = true;
    for (std::size_t i = 0; i < error.size(); ++i) {
      const double y = output->data<double>()[i];
      possible = possible && y != 0;
      per_output[i] /= y;
    }
    for (std::size_t axis = 0; possible && axis < shape.rank(); ++axis)
      if (constant_along(g, per_output, axis))
        return {
            Hint::cross_term,
            fmt::format("the error is the output times a number that is the same along axis {}: "
                        "the cross terms are missing (softmax: - y sum(g y))",
                        axis)};
    if (possible && both && additive(g, per_output, 0, 1))
      return {Hint::wrong_axis, "the error is what a sum over another axis makes: a wrong axis"};
  }
  if (both && additive(g, error, 0, 1))
    return {Hint::wrong_axis, "the error is what a sum over another axis makes: a wrong axis"};
  return {};
}

}  // namespace wengert::detail
