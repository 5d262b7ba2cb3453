// SPDX-License-Identifier: MIT
#include "recurrent_matrix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/format.h"
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

std::vector<RecurrentMatrix> recurrent_matrices_of(const Timeline& timeline) {
  const wengert::detail::Recording& recording = timeline.recording();
  std::vector<RecurrentMatrix> result;
  if (timeline.steps() < 2) return result;
  // A parameter [n, n] that multiplies a state on its way to the next one.
  const std::vector<bool> after_first = timeline.leading_from(timeline.hidden().first(1));
  for (std::uint32_t node = timeline.begin_of(1); node < timeline.end_of(1); ++node) {
    if (!after_first[node] || !timeline.op(node) || !timeline.enters_product(node, 0)) continue;
    const std::span<const std::uint32_t> inputs = recording.inputs(node);
    if (!after_first[inputs[0]] ||
        recording.nodes[inputs[1]].leaf != wengert::detail::Leaf::parameter)
      continue;
    const Shape& shape = recording.shape(inputs[1]);
    const std::string name = recording.parameter_name(inputs[1]);
    if (shape.rank() != 2 || shape[0] != shape[1]) continue;
    if (std::ranges::any_of(result,
                            [&](const RecurrentMatrix& known) { return known.parameter == name; }))
      continue;
    result.push_back(examine(timeline.value(inputs[1]), name));
  }
  return result;
}

}  // namespace wengert::gradflow
