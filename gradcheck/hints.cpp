// SPDX-License-Identifier: MIT
#include "hints.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "arrays.h"
#include "lifted.h"

namespace wengert::detail {
namespace {

constexpr std::size_t most_elements = 1024;  ///< of an input whose Jacobian is worth its time

struct Finding {
  Hint hint = Hint::none;
  std::string text = {};
  explicit operator bool() const { return hint != Hint::none; }
};

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

/// What would make the pullback right: another cotangent, other inputs. Tried one after the other.
class Suspects {
 public:
  Suspects(const Arrays& g, const LocalProblem& problem, const Tensor& cotangent, std::size_t k,
           const Jacobian& jacobian)
      : g_(g),
        problem_(problem),
        cotangent_(cotangent.data<double>()),
        k_(k),
        jacobian_(jacobian) {}

  Finding diagonal_only() const {
    if (jacobian_.outputs != jacobian_.inputs || jacobian_.inputs < 2) return {};
    std::vector<double> diagonal(jacobian_.inputs);
    for (std::size_t i = 0; i < diagonal.size(); ++i)
      diagonal[i] = jacobian_.at(i, i) * cotangent_[i];
    if (!g_.is(diagonal)) return {};
    return {Hint::cross_term, "only the diagonal of the Jacobian: the cross terms are missing"};
  }

  Finding another_inputs_gradient() const {
    for (std::size_t j = 0; j < problem_.inputs().size(); ++j)
      if (j != k_ && problem_.inputs()[j].shape() == problem_.inputs()[k_].shape() &&
          is_float(problem_.inputs()[j].dtype()) &&
          g_.is(problem_.jacobian(j, problem_.inputs()).pulled(cotangent_)))
        return {Hint::swapped_inputs,
                fmt::format("analytic is the gradient of input {}: the two were exchanged", j)};
    return {};
  }

  /// Which indices of an output axis are counted: one, all but one, or by regression on what each
  /// contributes.
  Finding parts_of_the_cotangent() const {
    const Shape& shape = problem_.output().shape();
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      const std::size_t extent = shape[axis];
      if (extent < 2 || extent > 64) continue;
      const std::vector<bool> counted = counted_indices(shape, axis);
      const auto count = static_cast<std::size_t>(std::count(counted.begin(), counted.end(), true));
      if (count == 0 || count == extent) continue;
      const bool few = 2 * count <= extent;
      std::string which;
      for (std::size_t i = 0; i < extent; ++i)
        if (counted[i] == few) which += fmt::format("{}{}", which.empty() ? "" : ", ", i);
      return {
          stretched(axis) && few ? Hint::broadcast_sum : Hint::first_or_last_step,
          few ? fmt::format("of axis {} of the output only index {} is counted: the sum over it "
                            "is missing",
                            axis, which)
              : fmt::format("index {} of axis {} of the output is left out", which, axis)};
    }
    return {};
  }

  Finding other_inputs() const {
    const std::vector<Tensor>& at = problem_.inputs();
    const Tensor& out = problem_.output();
    for (std::size_t j = 0; j < at.size(); ++j) {
      if (!is_float(at[j].dtype())) continue;
      if (at[j].shape() == out.shape() && explains(j, out))
        return {Hint::at_output,
                j == k_ ? "right if the derivative is taken at the output instead of the input"
                        : fmt::format("right if input {} is replaced by the output", j)};
      for (std::size_t i = 0; i < j; ++i) {
        if (!is_float(at[i].dtype()) || at[i].shape() != at[j].shape()) continue;
        std::vector<Tensor> swapped = at;
        std::swap(swapped[i], swapped[j]);
        if (explains(swapped))
          return {Hint::swapped_inputs,
                  fmt::format("right if inputs {} and {} are exchanged: one is used for the other",
                              i, j)};
        for (const auto& [from, to] : {std::pair(i, j), std::pair(j, i)})
          if (explains(to, at[from]))
            return {Hint::swapped_inputs,
                    fmt::format("right if input {} is used in place of input {}", from, to)};
      }
      if (at[j].rank() == 0) continue;
      for (const bool forward : {true, false})
        for (std::size_t axis = 0; axis < std::min<std::size_t>(at[j].rank(), 2); ++axis)
          if (at[j].shape()[axis] > 1 && explains(j, shifted(at[j], axis, forward)))
            return {Hint::shifted_input,
                    fmt::format("right if input {} is shifted by one along axis {}: an index is "
                                "off by one (h_t for h_(t-1))",
                                j, axis)};
      if (at[j].rank() == 2 && at[j].shape()[0] == at[j].shape()[1] && at[j].shape()[0] > 1 &&
          explains(j, transpose_of(at[j])))
        return {Hint::transposed_input, fmt::format("right if input {} is transposed", j)};
    }
    return {};
  }

  /// Rows of an input that an index picks more than once.
  Finding repeated_index() const {
    for (const Tensor& index : problem_.inputs()) {
      if (index.dtype() != i64 || g_.shape().rank() == 0) continue;
      const std::size_t extent = g_.shape()[0];
      std::vector<std::size_t> count(extent);
      bool fits = index.size() > 0;
      for (const std::int64_t i : index.data<std::int64_t>()) {
        fits = fits && i >= 0 && static_cast<std::size_t>(i) < extent;
        if (fits) ++count[static_cast<std::size_t>(i)];
      }
      if (!fits) continue;
      const std::vector<bool> wrong = g_.wrong_along(0);
      bool same = true;
      for (std::size_t i = 0; i < extent; ++i) same = same && wrong[i] == (count[i] > 1);
      if (same)
        return {Hint::repeated_index,
                "wrong in the rows whose index occurs more than once: overwritten, not added"};
    }
    return {};
  }

 private:
  /// What one index of an output axis contributes to the gradient.
  std::vector<double> contribution(const Shape& shape, std::size_t axis, std::size_t index) const {
    std::size_t inner = 1;
    for (std::size_t k = axis + 1; k < shape.rank(); ++k) inner *= shape[k];
    std::vector<double> part(cotangent_.begin(), cotangent_.end());
    for (std::size_t i = 0; i < part.size(); ++i)
      if (i / inner % shape[axis] != index) part[i] = 0;
    return jacobian_.pulled(part);
  }

  /// All false if no choice of indices gives the gradient.
  std::vector<bool> counted_indices(const Shape& shape, std::size_t axis) const {
    const std::size_t extent = shape[axis];
    const auto rows = static_cast<Eigen::Index>(g_.size());
    Eigen::MatrixXd parts(rows, static_cast<Eigen::Index>(extent));
    for (std::size_t index = 0; index < extent; ++index) {
      const std::vector<double> one = contribution(shape, axis, index);
      std::vector<double> others(g_.numeric().begin(), g_.numeric().end());
      for (std::size_t i = 0; i < others.size(); ++i) others[i] -= one[i];
      std::vector<bool> counted(extent);
      if (g_.is(one)) {
        counted[index] = true;
        return counted;
      }
      if (g_.is(others)) {
        counted.assign(extent, true);
        counted[index] = false;
        return counted;
      }
      for (Eigen::Index i = 0; i < rows; ++i)
        parts(i, static_cast<Eigen::Index>(index)) = one[static_cast<std::size_t>(i)];
    }
    std::vector<bool> none(extent);
    const Eigen::Map<const Eigen::VectorXd> target(g_.analytic().data(), rows);
    const auto factors = parts.colPivHouseholderQr();
    if (factors.rank() < parts.cols()) return none;
    const Eigen::VectorXd weights = factors.solve(target);
    if ((parts * weights - target).norm() > 1e-5 * target.norm()) return none;
    std::vector<bool> counted(extent);
    for (std::size_t i = 0; i < extent; ++i) {
      const double w = weights[static_cast<Eigen::Index>(i)];
      counted[i] = std::abs(w - 1) < 1e-3;
      if (!counted[i] && std::abs(w) > 1e-3) return none;
    }
    return counted;
  }

  /// Whether this axis of the output is one that broadcasting has made of input k: every output
  /// element depends on the element in its place only.
  bool stretched(std::size_t axis) const {
    const Shape& shape = problem_.output().shape();
    const Shape& input = problem_.inputs()[k_].shape();
    if (input.rank() > shape.rank()) return false;
    const std::size_t missing = shape.rank() - input.rank();
    if (axis >= missing && input[axis - missing] != 1) return false;
    for (std::size_t j = 0; j < jacobian_.outputs; ++j) {
      const std::vector<std::size_t> at = index_of(j, shape);
      std::size_t own = 0;
      for (std::size_t k = 0; k < input.rank(); ++k) {
        if (input[k] != 1 && input[k] != shape[k + missing]) return false;
        own = own * input[k] + (input[k] == 1 ? 0 : at[k + missing]);
      }
      for (std::size_t i = 0; i < jacobian_.inputs; ++i)
        if (i != own && std::abs(jacobian_.at(j, i)) > 1e-9) return false;
    }
    return true;
  }

  bool explains(std::size_t j, const Tensor& instead) const {
    std::vector<Tensor> at = problem_.inputs();
    at[j] = instead;
    return explains(at);
  }
  bool explains(const std::vector<Tensor>& at) const {
    const Jacobian there = problem_.jacobian(k_, at);
    return there.known && g_.is(there.pulled(cotangent_));
  }
  static Tensor shifted(const Tensor& x, std::size_t axis, bool forward) {
    Tensor result = zeros(x.shape(), f64);
    std::size_t inner = 1;
    for (std::size_t k = axis + 1; k < x.rank(); ++k) inner *= x.shape()[k];
    const std::size_t extent = x.shape()[axis];
    const std::span<double> to = result.mutable_data<double>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t index = i / inner % extent;
      if (forward ? index == 0 : index + 1 == extent) continue;
      to[i] = x.data<double>()[forward ? i - inner : i + inner];
    }
    return result;
  }
  static Tensor transpose_of(const Tensor& x) {
    const std::vector<double> values = transposed(x.data<double>(), x.shape()[0], x.shape()[1]);
    return Tensor::from<double>(values, x.shape());
  }

  const Arrays& g_;
  const LocalProblem& problem_;
  std::span<const double> cotangent_;
  std::size_t k_;
  const Jacobian& jacobian_;
};

std::set<std::size_t> extents_of(const LocalProblem& problem) {
  std::set<std::size_t> result;
  const auto add = [&](const Tensor& tensor) {
    result.insert(tensor.size());
    std::size_t leading = 1;
    for (const std::size_t extent : tensor.shape()) {
      result.insert(extent);
      result.insert(leading *= extent);
    }
  };
  for (const Tensor& input : problem.inputs()) add(input);
  add(problem.output());
  return result;
}

void tell(CheckReport& report, const Finding& finding) {
  report.hint = finding.hint;
  report.hint_text = finding.text;
}

std::vector<double> values_of(const Tensor& tensor) {
  const std::span<const double> values = tensor.data<double>();
  return {values.begin(), values.end()};
}

const Finding nothing_found{
    Hint::formula, "the ratio differs from element to element: a wrong formula, not a factor"};

}  // namespace

void explain(CheckReport& report, const LocalProblem& problem, const Tensor& cotangent,
             std::size_t k) {
  const Tensor claimed = problem.pulled(cotangent)[k];
  if (claimed.size() > most_elements) {
    tell(report,
         {Hint::formula, fmt::format("input {} has too many elements to look for a pattern; "
                                     "check the op alone with small operands",
                                     k)});
    return;
  }
  const Jacobian jacobian = problem.jacobian(k, problem.inputs());
  const Arrays g(values_of(claimed), jacobian.pulled(cotangent.data<double>()), claimed.shape());
  report.pattern = where_wrong(g);
  const Suspects suspects(g, problem, cotangent, k, jacobian);
  const bool same_shape = problem.output().shape() == claimed.shape();
  Finding found = from_sizes(g);
  if (!found) found = from_ratio(g, extents_of(problem));
  if (!found) found = suspects.repeated_index();
  if (!found) found = from_zeros(g, problem.inputs()[k]);
  if (!found) found = from_flat(g);
  if (!found) found = from_places(g);
  if (!found) found = suspects.diagonal_only();
  if (!found) found = suspects.parts_of_the_cotangent();
  if (!found) found = suspects.another_inputs_gradient();
  if (!found) found = suspects.other_inputs();
  if (!found) found = from_slices(g);
  if (!found) found = from_terms(g, same_shape ? &problem.output() : nullptr);
  tell(report, found ? found : nothing_found);
}

void explain(CheckReport& report, const Tensor& analytic, const Tensor& numeric) {
  const Arrays g(values_of(analytic), values_of(numeric), analytic.shape());
  report.pattern = where_wrong(g);
  std::set<std::size_t> extents{analytic.size()};
  extents.insert(analytic.shape().begin(), analytic.shape().end());
  Finding found = from_sizes(g);
  if (!found) found = from_ratio(g, extents);
  if (!found) found = from_flat(g);
  if (!found) found = from_places(g);
  if (!found) found = from_slices(g);
  if (!found) found = from_terms(g, nullptr);
  tell(report, found ? found : nothing_found);
}

}  // namespace wengert::detail
