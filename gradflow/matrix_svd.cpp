// SPDX-License-Identifier: MIT
#include "matrix_svd.h"

#include <Eigen/SVD>

namespace wengert::gradflow {

std::vector<double> svd_values(std::span<const double> matrix, std::size_t rows,
                               std::size_t columns) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic>;
  // Transposing changes no singular value.
  const Matrix own = Eigen::Map<const Matrix>(matrix.data(), static_cast<Eigen::Index>(columns),
                                              static_cast<Eigen::Index>(rows));
  const Eigen::VectorXd sigma = Eigen::BDCSVD<Matrix>(own).singularValues();
  return {sigma.data(), sigma.data() + sigma.size()};
}

}  // namespace wengert::gradflow
