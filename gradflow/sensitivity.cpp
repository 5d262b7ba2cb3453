// SPDX-License-Identifier: MIT
#include "sensitivity.h"

#include <limits>
#include <unordered_map>
#include <vector>

#include "cotangent_block.h"
#include "instruments.h"
#include "scaled_sum.h"

namespace wengert::gradflow {

Sensitivity sensitivity_of(const Timeline& timeline, std::span<const Var> xs) {
  const std::size_t losses = timeline.losses().size();
  Sensitivity result{losses, xs.size(), {}};
  result.log_norm.assign(losses * xs.size(), -std::numeric_limits<double>::infinity());
  std::vector<std::uint32_t> targets;
  for (std::size_t k = 0; k < xs.size(); ++k) targets.push_back(timeline.node_of("x", k, xs[k]));
  // By node: one value may be the input of several steps.
  std::unordered_map<std::uint32_t, std::vector<ScaledSum>> gathered;
  CotangentBlock block(timeline, losses, targets);
  block.on_target = [&](std::size_t row, std::uint32_t node, std::span<const double> part,
                        std::int64_t exponent) {
    std::vector<ScaledSum>& sums = gathered[node];
    sums.resize(losses);
    sums[row].add(part, exponent);
  };
  for (std::size_t s = 0; s < losses; ++s) block.seed(s, timeline.losses()[s]);
  for (std::size_t segment = timeline.segments(); segment-- > 0;) block.pull(segment);
  for (std::size_t k = 0; k < xs.size(); ++k)
    if (const auto found = gathered.find(targets[k]); found != gathered.end())
      for (std::size_t s = 0; s < losses; ++s)
        result.log_norm[s * xs.size() + k] =
            log_norm(found->second[s].values, found->second[s].exponent);
  return result;
}

Sensitivity sensitivity(const Tape& tape, std::span<const Var> hs, std::span<const Var> losses,
                        std::span<const Var> xs) {
  require_losses(losses);
  return sensitivity_of(Timeline(tape, hs, losses), xs);
}

}  // namespace wengert::gradflow
