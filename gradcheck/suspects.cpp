// SPDX-License-Identifier: MIT
#include "suspects.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <Eigen/Dense>
#include <fmt/format.h>

#include "lifted.h"

namespace wengert::detail {
namespace {

/// What would make the pullback right: another cotangent, other inputs. Tried one after the other.
class Suspects {
 public:
  explicit Suspects(const Suspicion& of)
      : g_(of.g),
        problem_(of.problem),
        cotangent_(of.cotangent.data<double>()),
        k_(of.k),
        jacobian_(of.jacobian) {}

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

}  // namespace

Finding from_repeated_index(const Suspicion& suspicion) {
  return Suspects(suspicion).repeated_index();
}

Finding from_hypotheses(const Suspicion& suspicion) {
  const Suspects suspects(suspicion);
  Finding found = suspects.diagonal_only();
  if (!found) found = suspects.parts_of_the_cotangent();
  if (!found) found = suspects.another_inputs_gradient();
  if (!found) found = suspects.other_inputs();
  return found;
}

}  // namespace wengert::detail
