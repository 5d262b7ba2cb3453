// SPDX-License-Identifier: MIT
#include "pca.h"

#include <Eigen/Eigenvalues>
#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix matrix(const Tensor& x) {
  const Tensor wide = x.to(f64);
  return Eigen::Map<const Matrix>(wide.data<double>().data(),
                                  static_cast<Eigen::Index>(x.shape()[0]),
                                  static_cast<Eigen::Index>(x.shape()[1]));
}
Tensor tensor(const Matrix& m, const Shape& shape) {
  return Tensor::from<double>({m.data(), static_cast<std::size_t>(m.size())}, shape);
}

}  // namespace

Pca pca(const Tensor& x, std::size_t width) {
  if (x.rank() != 2 || x.shape()[0] == 0)
    throw ShapeError(fmt::format("pca: takes rows [n, d], got {}", to_string(x.shape())));
  const std::size_t d = x.shape()[1];
  if (width == 0 || width > d)
    throw ValueError(fmt::format("pca: width {} is outside [1, {}]", width, d));
  Matrix rows = matrix(x);
  const Matrix mean = rows.colwise().mean();
  rows.rowwise() -= mean.row(0);
  const Matrix covariance = rows.transpose() * rows / static_cast<double>(rows.rows());
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance);
  // Eigenvalues come in ascending order.
  const Matrix leading = solver.eigenvectors()
                             .rightCols(static_cast<Eigen::Index>(width))
                             .rowwise()
                             .reverse()
                             .transpose();
  return {tensor(mean, {d}), tensor(leading, {width, d})};
}

namespace {

Matrix centred(const Pca& fitted, const Tensor& x) {
  if (x.rank() != 2 || x.shape()[1] != fitted.mean.size())
    throw ShapeError(fmt::format("pca: fitted on rows of {} values, got {}", fitted.mean.size(),
                                 to_string(x.shape())));
  Matrix rows = matrix(x);
  rows.rowwise() -= matrix(fitted.mean.reshape({1, fitted.mean.size()})).row(0);
  return rows;
}

}  // namespace

Tensor projection(const Pca& fitted, const Tensor& x) {
  return tensor(centred(fitted, x) * matrix(fitted.components).transpose(),
                {x.shape()[0], fitted.components.shape()[0]});
}

double reconstruction_error(const Pca& fitted, const Tensor& x) {
  const Matrix rows = centred(fitted, x);
  const Matrix components = matrix(fitted.components);
  const Matrix rest = rows - rows * components.transpose() * components;
  return rest.squaredNorm() / static_cast<double>(rest.size());
}

}  // namespace wengert::data
