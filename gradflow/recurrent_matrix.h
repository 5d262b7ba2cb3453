// SPDX-License-Identifier: MIT
// Numbers of a recurrent matrix (D6): why the bound by its norm and the rate that is seen differ.
#pragma once

#include <string>

#include "../graph/tensor.h"

namespace wengert::gradflow {

struct RecurrentMatrix {
  std::string parameter = {};
  double spectral_radius = 0.0;   ///< largest |eigenvalue|: the rate of a linear net
  double largest_singular = 0.0;  ///< sigma_max: its bound
  double smallest_singular = 0.0;
  double gain = 0.0;  ///< |W|_F / sqrt(n), the mean-field sigma_w
  /// Henrici's departure from normality sqrt(|W|_F^2 - sum |lambda|^2) / |W|_F: 0 for a normal
  /// matrix.
  double non_normality = 0.0;
};

/// Errors: ShapeError unless W is [n, n]; ValueError if an element is not finite.
RecurrentMatrix examine(const Tensor& W, std::string parameter = {});

}  // namespace wengert::gradflow
