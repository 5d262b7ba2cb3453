// SPDX-License-Identifier: MIT
#include "loss_floor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "../graph/error.h"
#include "loss_parts.h"

namespace wengert {
namespace {

/// The loss of probabilities (or rates) that is smallest where prediction and target are equal.
struct Minimum {
  std::string_view loss;
  Loss::Function* at_target;
};
constexpr std::array at_targets{
    Minimum{"bce", bce},
    Minimum{"bce_from_logits", bce},
    Minimum{"cross_entropy", cross_entropy_from_probabilities},
    Minimum{"cross_entropy_from_probabilities", cross_entropy_from_probabilities},
    Minimum{"poisson_nll", poisson_nll},
    Minimum{"poisson_nll_from_log", poisson_nll},
};
constexpr std::array<std::string_view, 8> vanishing{"mse",           "mae",
                                                    "huber",         "msle",
                                                    "kl_divergence", "kl_divergence_from_logits",
                                                    "hinge",         "categorical_hinge"};

double entropy(double t) {
  if (t == 0 || t == 1) return 0;
  return -t * std::log(t) - (1 - t) * std::log1p(-t);
}

}  // namespace

double bce_floor(const Tensor& targets) {
  if (!is_float(targets.dtype())) throw DTypeError("bce_floor: targets are f32 or f64, got i64");
  detail::require_range("bce_floor", "targets", targets, {0, 1}, "so that no entropy is defined");
  return dispatch_float(targets.dtype(), [&]<class T>(T) {
    const std::span<const T> values = targets.data<T>();
    double sum = 0;
    for (std::size_t begin = 0; begin < values.size(); begin += 1024) {
      double part = 0;  // sums of sums, because a plain one loses digits over millions of pixels
      for (const T t : values.subspan(begin, std::min<std::size_t>(1024, values.size() - begin)))
        part += entropy(static_cast<double>(t));
      sum += part;
    }
    return sum / static_cast<double>(values.size());
  });
}

std::optional<double> loss_floor(const Loss& loss, const Tensor& targets,
                                 const Weighting& weighting) {
  if (weighting.reduction == Reduction::none)
    throw ValueError("loss_floor: it is one number: Reduction::none");
  for (const std::string_view name : vanishing)
    if (loss.name() == name) return 0;
  for (const Minimum& minimum : at_targets) {
    if (loss.name() != minimum.loss) continue;
    if (targets.dtype() == i64) return 0;  // labels
    const bool plain = !weighting.weights.value().defined() && !weighting.mask.value().defined() &&
                       weighting.reduction == Reduction::mean;
    if (plain && minimum.at_target == &bce) return bce_floor(targets);  // images: many, one pass
    const Var wide(targets.to(f64));
    return minimum.at_target(wide, wide, weighting).item();
  }
  return std::nullopt;
}

}  // namespace wengert
