// SPDX-License-Identifier: MIT
#include "flow.h"

#include <cmath>
#include <limits>
#include <vector>

#include "../graph/error.h"
#include "quantile.h"
#include "scaled_sum.h"
#include "timeline.h"

namespace wengert::gradflow {

GradientFlow flow(const Gradients& gradients, std::span<const Var> hs) {
  if (hs.empty()) throw ValueError("gradflow: the list of hidden states is empty");
  GradientFlow result;
  for (const Var& h : hs) {
    require_elements(h.shape());
    const Tensor gradient = gradients[h].value();
    const std::size_t batch = h.rank() < 2 ? 1 : h.shape()[0], width = h.size() / batch;
    std::vector<double> norms;
    if (gradient.dtype() == f32) {
      const std::span<const float> all = gradient.data<float>();
      double whole = 0.0;
      for (std::size_t b = 0; b < batch; ++b) {
        const double squares = sum_of_squares(all.subspan(b * width, width));
        norms.push_back(0.5 * std::log(squares));
        whole += squares;
      }
      result.whole.push_back(0.5 * std::log(whole));
    } else {
      const std::span<const double> all = gradient.data<double>();
      for (std::size_t b = 0; b < batch; ++b)
        norms.push_back(log_norm(all.subspan(b * width, width)));
      result.whole.push_back(log_norm(all));
    }
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
    require_elements(h.shape());
    const Tensor& values = h.value();
    dispatch_float(values.dtype(), [&]<class T>(T) {
      const std::span<const T> elements = values.data<T>();
      const T flat_square = static_cast<T>(1.0 - flat), slope = static_cast<T>(flat);
      const auto count = [&](auto is_flat) {
        std::size_t number = 0;
        for (const T y : elements) number += is_flat(y) ? 1U : 0U;
        saturated += number;
      };
      if (activation == Activation::tanh) count([&](T y) { return y * y > flat_square; });
      if (activation == Activation::sigmoid) count([&](T y) { return y * (T{1} - y) < slope; });
      if (activation == Activation::relu) count([](T y) { return !(y > T{0}); });
    });
    all += values.size();
  }
  return static_cast<double>(saturated) / static_cast<double>(all);
}

}  // namespace wengert::gradflow
