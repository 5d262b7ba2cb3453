// SPDX-License-Identifier: MIT
#include "flow.h"

#include <cmath>
#include <limits>
#include <vector>

#include "../graph/error.h"
#include "quantile.h"
#include "scaled_sum.h"

namespace wengert::gradflow {

GradientFlow flow(const Gradients& gradients, std::span<const Var> hs) {
  if (hs.empty()) throw ValueError("gradflow: the list of hidden states is empty");
  GradientFlow result;
  for (const Var& h : hs) {
    const Tensor gradient = gradients[h].value().to(f64);
    const std::size_t batch = h.rank() < 2 ? 1 : h.shape()[0], width = h.size() / batch;
    const std::span<const double> all = gradient.data<double>();
    std::vector<double> norms;
    for (std::size_t b = 0; b < batch; ++b)
      norms.push_back(log_norm(all.subspan(b * width, width)));
    result.whole.push_back(log_norm(all));
    result.median.push_back(quantile(norms, 0.5));
    result.low.push_back(quantile(norms, 0.05));
    result.high.push_back(quantile(norms, 0.95));
  }
  return result;
}

double saturated_share(std::span<const Var> hs, Activation activation) {
  if (hs.empty()) throw ValueError("gradflow: the list of hidden states is empty");
  constexpr double flat = 0.05;
  std::size_t saturated = 0, all = 0;
  for (const Var& h : hs) {
    const Tensor values = h.value();
    dispatch_float(values.dtype(), [&]<class T>(T) {
      for (const T element : values.data<T>()) {
        const double y = static_cast<double>(element);
        double slope = 1.0;
        if (activation == Activation::tanh) slope = 1.0 - y * y;
        if (activation == Activation::sigmoid) slope = y * (1.0 - y);
        if (activation == Activation::relu) slope = y > 0.0 ? 1.0 : 0.0;
        saturated += slope < flat ? 1 : 0;
      }
    });
    all += values.size();
  }
  return all == 0 ? 0.0 : static_cast<double>(saturated) / static_cast<double>(all);
}

}  // namespace wengert::gradflow
