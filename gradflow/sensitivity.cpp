// SPDX-License-Identifier: MIT
#include "sensitivity.h"

#include <cmath>
#include <limits>
#include <unordered_map>

#include "cotangent_block.h"
#include "instruments.h"
#include "log_norm.h"

namespace wengert::gradflow {

namespace {

/// A cotangent that arrives in parts of different scale.
struct Gathered {
  std::vector<double> values = {};
  double log_scale = 0.0;
  void add(std::span<const double> part, double scale) {
    if (values.empty()) {
      values.assign(part.begin(), part.end());
      log_scale = scale;
      return;
    }
    const double larger = std::max(scale, log_scale);
    const double own = std::exp(log_scale - larger), other = std::exp(scale - larger);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = own * values[i] + other * part[i];
    log_scale = larger;
  }
};

}  // namespace

Sensitivity sensitivity_of(const Timeline& timeline, std::span<const Var> xs) {
  const std::size_t losses = timeline.losses().size();
  Sensitivity result{losses, xs.size(), {}};
  result.log_norm.assign(losses * xs.size(), -std::numeric_limits<double>::infinity());
  std::vector<std::uint32_t> targets;
  std::unordered_map<std::uint32_t, std::size_t> place;
  for (std::size_t k = 0; k < xs.size(); ++k) {
    targets.push_back(timeline.node_of("x", k, xs[k]));
    place[targets.back()] = k;
  }
  std::vector<Gathered> leaves(losses * xs.size());
  CotangentBlock block(timeline, losses, targets);
  block.on_leaf = [&](std::size_t, std::size_t row, std::uint32_t node, const Tensor& part) {
    leaves[row * xs.size() + place.at(node)].add(part.data<double>(), block.log_scale(row));
  };
  for (std::size_t s = 0; s < losses; ++s) block.seed(s, timeline.losses()[s]);
  for (std::size_t segment = timeline.segments(); segment-- > 0;) {
    block.pull(segment);
    // A value that was computed, not given, waits where it was made; by its own segment it is
    // complete.
    for (std::size_t k = 0; k < xs.size(); ++k) {
      const bool complete = timeline.op(targets[k]) &&
                            (segment == 0 || timeline.segment_of(targets[k]) + 1 == segment);
      for (std::size_t s = 0; complete && s < losses; ++s)
        result.log_norm[s * xs.size() + k] =
            std::max(result.log_norm[s * xs.size() + k], block.log_norm(targets[k], s));
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i)
    if (!leaves[i].values.empty())
      result.log_norm[i] =
          log_norm(std::span<const double>(leaves[i].values)) + leaves[i].log_scale;
  return result;
}

Sensitivity sensitivity(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                        std::span<const Var> xs) {
  detail::require_losses(losses);
  return sensitivity_of(Timeline(tape, hs, losses), xs);
}

}  // namespace wengert::gradflow
