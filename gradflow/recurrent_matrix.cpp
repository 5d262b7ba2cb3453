// SPDX-License-Identifier: MIT
#include "recurrent_matrix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "../graph/format.h"
#include "../ops/layout.h"
#include "instruments.h"
#include "matrix_svd.h"

namespace wengert::gradflow {

namespace {

struct Spectrum {
  double radius = 0.0;
  double departure = 0.0;  ///< |W|_F^2 - sum |lambda|^2
};

/// From the real Schur form, where both are sums of squares: the difference of the two norms would
/// leave 1e-8 of a normal matrix.
Spectrum spectrum_of(const Eigen::MatrixXd& matrix) {
  const Eigen::RealSchur<Eigen::MatrixXd> schur(matrix, false);
  if (schur.info() != Eigen::Success)
    throw ValueError("gradflow: the eigenvalues of the recurrent matrix did not converge");
  const Eigen::MatrixXd& T = schur.matrixT();
  Spectrum result;
  for (Eigen::Index i = 0; i < T.rows(); ++i) {
    Eigen::Index next = i + 1;
    if (next < T.rows() && T(next, i) != 0.0) {
      // A pair a + ib, a - ib.
      const double a = T(i, i), b = T(i, next), c = T(next, i), d = T(next, next);
      result.radius = std::max(result.radius, std::sqrt(std::max(0.0, a * d - b * c)));
      result.departure += (a - d) * (a - d) + (b + c) * (b + c);
      ++next;
      result.departure += T.row(i).tail(T.cols() - next).squaredNorm();
      ++i;
    } else {
      result.radius = std::max(result.radius, std::abs(T(i, i)));
    }
    result.departure += T.row(i).tail(T.cols() - next).squaredNorm();
  }
  return result;
}

}  // namespace

RecurrentMatrix examine(const Tensor& W, std::string parameter) {
  if (W.rank() != 2 || W.shape()[0] != W.shape()[1] || W.size() == 0)
    throw ShapeError(fmt::format("gradflow: a recurrent matrix is [n, n], got {}", W.shape()));
  const Tensor plain = W.to(f64);
  const auto n = static_cast<Eigen::Index>(W.shape()[0]);
  const Eigen::MatrixXd matrix =
      Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
          plain.data<double>().data(), n, n);
  if (!matrix.allFinite())
    throw ValueError("gradflow: the recurrent matrix has elements that are not finite");
  const std::vector<double> sigma = svd_values(plain.data<double>(), W.shape()[0], W.shape()[1]);
  const Spectrum spectrum = spectrum_of(matrix);
  RecurrentMatrix result;
  result.parameter = std::move(parameter);
  result.spectral_radius = spectrum.radius;
  result.largest_singular = sigma.front();
  result.smallest_singular = sigma.back();
  const double norm = matrix.norm();
  result.gain = norm / std::sqrt(static_cast<double>(n));
  result.non_normality = norm > 0.0 ? std::sqrt(spectrum.departure) / norm : 0.0;
  return result;
}

namespace {

/// A matrix by which states are multiplied, as that product uses it.
struct Factor {
  std::string name = {};
  std::uint32_t node = 0;
  std::size_t segments = 0;  ///< that use it
};

/// The parameters that a node is computed from, all of them in one name.
std::string parameters_behind(const wengert::detail::Recording& recording, std::uint32_t node) {
  std::vector<std::uint32_t> open{node};
  std::vector<std::string> names;
  std::vector<std::uint32_t> seen;
  while (!open.empty()) {
    const std::uint32_t next = open.back();
    open.pop_back();
    if (std::ranges::find(seen, next) != seen.end()) continue;
    seen.push_back(next);
    if (recording.nodes[next].leaf == wengert::detail::Leaf::parameter) {
      const std::string name = recording.parameter_name(next);
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    for (const std::uint32_t input : recording.inputs(next)) open.push_back(input);
  }
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<Factor> factors_of(const Timeline& timeline) {
  const wengert::detail::Recording& recording = timeline.recording();
  const std::vector<bool> after = timeline.leading_from(timeline.hidden());
  const std::vector<bool> before = timeline.leading_to(timeline.hidden());
  std::vector<Factor> result;
  for (std::size_t t = 1; t < timeline.steps(); ++t) {
    std::vector<bool> noted(result.size(), false);
    for (std::uint32_t node = timeline.begin_of(t); node < timeline.end_of(t); ++node) {
      if (!before[node] || !after[node] || !timeline.op(node) || !timeline.enters_product(node, 0))
        continue;
      const std::span<const std::uint32_t> inputs = recording.inputs(node);
      if (after[inputs[0]] == after[inputs[1]]) continue;
      const std::uint32_t factor = after[inputs[0]] ? inputs[1] : inputs[0];
      if (recording.shape(factor).rank() != 2) continue;
      const std::string name = parameters_behind(recording, factor);
      if (name.empty()) continue;
      const auto known = std::ranges::find_if(result, [&](const Factor& one) {
        return one.name == name && recording.shape(one.node) == recording.shape(factor);
      });
      const auto place = static_cast<std::size_t>(known - result.begin());
      if (known == result.end()) {
        result.push_back({name, factor, 0});
        noted.push_back(false);
      }
      if (!noted[place]) ++result[place].segments;
      noted[place] = true;
    }
  }
  return result;
}

bool same_matrix(const Tensor& one, const Tensor& other) {
  if (one.shape() != other.shape()) return false;
  const std::size_t n = one.shape()[0];
  const std::span<const double> a = one.data<double>(), b = other.data<double>();
  double size = 0.0, off = 0.0, off_turned = 0.0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      size = std::max(size, std::abs(a[i * n + j]));
      off = std::max(off, std::abs(a[i * n + j] - b[i * n + j]));
      off_turned = std::max(off_turned, std::abs(a[i * n + j] - b[j * n + i]));
    }
  return std::min(off, off_turned) <= 1e-10 * size;
}

}  // namespace

std::vector<RecurrentMatrix> recurrent_matrices_of(const Timeline& timeline,
                                                   const std::optional<Tensor>& step) {
  const wengert::detail::Recording& recording = timeline.recording();
  std::vector<RecurrentMatrix> result;
  std::optional<RecurrentMatrix> whole;
  for (const Factor& factor : factors_of(timeline)) {
    // A matrix of one step alone is not what recurs.
    if (factor.segments < 2 && timeline.steps() > 2) continue;
    const Tensor& W = timeline.value(factor.node);
    const std::size_t rows = W.shape()[0], columns = W.shape()[1];
    const std::size_t n = std::min(rows, columns);
    if (n == 0 || std::max(rows, columns) % n != 0) continue;
    const std::size_t blocks = std::max(rows, columns) / n;
    if (blocks > 1 && n != timeline.width()) continue;
    for (std::size_t k = 0; k < blocks; ++k) {
      const auto begin = static_cast<std::int64_t>(k * n),
                 end = static_cast<std::int64_t>(k * n + n);
      const Tensor block =
          blocks == 1 ? W : slice(Var(W), rows > columns ? 0 : 1, begin, end).value();
      result.push_back(examine(
          block, blocks == 1 ? factor.name
                             : fmt::format("{}, block {} of {}", factor.name, k + 1, blocks)));
      if (!step || !same_matrix(block, *step)) continue;
      whole = std::move(result.back());
      whole->whole_step = true;
      const Op* op = timeline.op(factor.node);
      const std::uint32_t plain =
          op && op->name() == "permute" ? recording.inputs(factor.node)[0] : factor.node;
      whole->trained = recording.nodes[plain].leaf == wengert::detail::Leaf::parameter;
      result.pop_back();
    }
  }
  if (step && !whole) {
    whole = examine(*step, "the whole step");
    whole->whole_step = true;
  }
  if (whole) result.insert(result.begin(), *whole);
  return result;
}

}  // namespace wengert::gradflow
