// SPDX-License-Identifier: MIT
// Numbers of a recurrent matrix (D6): why the bound by its norm and the rate that is seen differ.
#pragma once

#include <string>

#include "../graph/tensor.h"

namespace wengert::gradflow {

struct RecurrentMatrix {
  /// What it is computed from; a block [n, n] of a taller one (the gates of an LSTM or GRU, which
  /// have no bound or rate of their own) says which.
  std::string parameter = {};
  double spectral_radius = 0.0;   ///< largest |eigenvalue|: the rate of a linear net
  double largest_singular = 0.0;  ///< sigma_max: its bound
  double smallest_singular = 0.0;
  double gain = 0.0;  ///< |W|_F / sqrt(n), the mean-field sigma_w
  /// Henrici's departure from normality sqrt(|W|_F^2 - sum |lambda|^2) / |W|_F: 0 for a normal
  /// matrix.
  double non_normality = 0.0;
  bool whole_step = false;  ///< the one way from a state to the next: h_t = phi(W h_{t-1} + c_t)
  bool trained = false;  ///< and a parameter itself (or its transpose), not computed from several
};

/// Errors: ShapeError unless W is [n, n]; ValueError if an element is not finite.
RecurrentMatrix examine(const Tensor& W, std::string parameter = {});

}  // namespace wengert::gradflow
