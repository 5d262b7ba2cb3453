// SPDX-License-Identifier: MIT
// How much of a gradient is the same in every batch (D10 of docs/vanishing_gradients.md).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "../graph/gradients.h"
#include "../graph/members.h"

namespace wengert::gradflow {

/// Of one parameter, over m batches: g_i = mean + noise_i.
struct SignalToNoise {
  std::string parameter = {};
  double signal = 0.0;  ///< |mean gradient|, less what noise adds to it
  double noise = 0.0;   ///< root of the mean of |noise|^2 of one batch
  /// signal / noise of one batch; averaging k batches multiplies it by sqrt(k). Zero if the mean is
  /// no longer than noise alone would make it.
  double ratio() const { return noise > 0.0 ? signal / noise : 0.0; }
};

std::vector<SignalToNoise> signal_to_noise_of(std::span<const Parameter* const> parameters,
                                              std::span<const Gradients> batches);

/// From the gradients of two or more batches with the same weights, without bias: |mean|^2 has
/// |noise|^2 / m taken off, as of McCandlish et al. 2018, appendix A. Errors: ValueError for fewer
/// than two batches; TapeError if a parameter that is trained has no gradient in one.
template <class Model>
std::vector<SignalToNoise> signal_to_noise(Model& model, std::span<const Gradients> batches) {
  std::vector<const Parameter*> list;
  for (const Parameter* parameter : parameters(model))
    if (parameter->trainable()) list.push_back(parameter);
  return signal_to_noise_of(list, batches);
}

}  // namespace wengert::gradflow
