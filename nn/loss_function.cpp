// SPDX-License-Identifier: MIT
#include "loss_function.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {
namespace {

struct Known {
  Loss::Function* function;
  const char* name;
};
constexpr std::array known{
    Known{mse, "mse"},
    Known{mae, "mae"},
    Known{huber, "huber"},
    Known{msle, "msle"},
    Known{bce, "bce"},
    Known{bce_from_logits, "bce_from_logits"},
    Known{cross_entropy, "cross_entropy"},
    Known{cross_entropy_from_probabilities, "cross_entropy_from_probabilities"},
    Known{kl_divergence, "kl_divergence"},
    Known{kl_divergence_from_logits, "kl_divergence_from_logits"},
    Known{poisson_nll, "poisson_nll"},
    Known{poisson_nll_from_log, "poisson_nll_from_log"},
    Known{gaussian_nll, "gaussian_nll"},
    Known{hinge, "hinge"},
    Known{categorical_hinge, "categorical_hinge"},
};

const char* name_of(Loss::Function* function) {
  for (const Known& loss : known)
    if (loss.function == function) return loss.name;
  return "custom";
}

}  // namespace

Loss::Loss(Function* loss)
    : name_(name_of(loss)),
      call_(loss),
      function_(loss),
      gives_each_(
          std::ranges::any_of(known, [&](const Known& one) { return one.function == loss; })) {
  if (!loss) throw ValueError("loss: no function: null");
}

const std::vector<Loss>& all_losses() {
  static const std::vector<Loss> all = [] {
    std::vector<Loss> list;
    for (const Known& loss : known) list.emplace_back(loss.function);
    return list;
  }();
  return all;
}

void Loss::require_plain(const std::string& name, const Weighting& weighting) {
  const bool weights = weighting.weights.value().defined();
  if (!weights && !weighting.mask.value().defined() && weighting.reduction == Reduction::mean)
    return;
  throw ValueError(
      fmt::format("loss '{}': it takes a prediction and a target only, but there is {}; give the "
                  "function a third parameter, const wg::Weighting&",
                  name,
                  weights                            ? "a weight for each sample"
                  : weighting.mask.value().defined() ? "a mask"
                                                     : "a reduction other than the mean"));
}

}  // namespace wengert
