// SPDX-License-Identifier: MIT
// Groups and clipping: how an optimizer departs from its plain recurrence.
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/error.h"
#include "../graph/path_pattern.h"
#include "measure.h"
#include "optimizer.h"
#include "option_checks.h"

namespace wengert {

Optimizer& Optimizer::group(std::string pattern, const ParameterGroup& group) {
  const std::string who = fmt::format("{}: group '{}'", name(), pattern);
  detail::require_not_negative(who, "rate_factor", group.rate_factor);
  detail::require_not_negative(who, "l1", group.l1);
  detail::require_not_negative(who, "l2", group.l2.value_or(0.0));
  detail::require_not_negative(who, "decay", group.decay.value_or(0.0));
  groups_.emplace_back(std::move(pattern), group);
  groups_met_ = false;
  return *this;
}

ParameterGroup Optimizer::group_of(std::string_view key) const {
  const ParameterGroup unset = defaults();
  for (auto entry = groups_.rbegin(); entry != groups_.rend(); ++entry) {
    if (!path_matches(entry->first, key)) continue;
    ParameterGroup group = entry->second;
    if (!group.l2) group.l2 = unset.l2;
    if (!group.decay) group.decay = unset.decay;
    return group;
  }
  return unset;
}

std::vector<Parameter*> Optimizer::trained(Parameters parameters) const {
  std::vector<Parameter*> result;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (parameters[i]->trainable() && !group_of(key_of(*parameters[i], i)).frozen)
      result.push_back(parameters[i]);
  return result;
}

void Optimizer::require_matches(Parameters parameters) const {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < parameters.size(); ++i) keys.push_back(key_of(*parameters[i], i));
  for (const auto& [pattern, group] : groups_) {
    bool matched = false;
    for (const std::string& key : keys) matched = matched || path_matches(pattern, key);
    if (!matched)
      throw ValueError(fmt::format("{}: no parameter matches the group '{}'; there are {}", name(),
                                   pattern, fmt::join(keys, ", ")));
  }
}

Optimizer& Optimizer::clip(const Clip& clip) {
  for (const double limit : {clip.value, clip.norm})
    if (!(limit > 0))
      throw ValueError(
          fmt::format("{}: a gradient is clipped at a limit above 0, got {}", name(), limit));
  clip_ = clip;
  clips_ = true;
  return *this;
}

// False if the step is to be left out; otherwise `scale` is what the clamped gradient is
// multiplied by.
bool Optimizer::allow_clipped(const std::vector<Work>& work, double& scale) {
  double squares = 0, clamped = 0;
  for (const auto& [parameter, key, gradient, group] : work) {
    const double own =
        detail::sum_of_squares(gradient.dtype(), gradient.address(), gradient.size());
    squares += own;
    clamped += std::isinf(clip_.value)
                   ? own
                   : detail::sum_of_clipped_squares(gradient.dtype(), gradient.address(),
                                                    gradient.size(), clip_.value);
  }
  if (!std::isfinite(squares)) {
    if (clip_.skip_nonfinite) {
      ++clipping_.skipped;
      return false;
    }
    std::string where;
    for (const auto& [parameter, key, gradient, group] : work) {
      const std::size_t bad =
          detail::count_kinds(gradient.dtype(), gradient.address(), gradient.size()).nonfinite;
      if (bad > 0)
        where += fmt::format("{}'{}' ({} of {} elements)", where.empty() ? "" : ", ", key, bad,
                             gradient.size());
    }
    throw ValueError(fmt::format(
        "{}: step {}: the gradient's norm is {}, which clipping cannot repair: {}; lower the rate, "
        "look for log or sqrt of 0, or say .skip_nonfinite = true",
        name(), steps_ + 1, std::sqrt(squares),
        where.empty() ? "its elements are finite, but not the sum of their squares"
                      : fmt::format("not finite in {}", where)));
  }
  const double before = std::sqrt(squares), length = std::sqrt(clamped);
  scale = length > clip_.norm ? clip_.norm / length : 1.0;
  ++clipping_.steps;
  clipping_.largest_norm = std::max(clipping_.largest_norm, before);
  if (clamped < squares || scale < 1.0) {
    const double factor = length * scale / before;
    ++clipping_.clipped;
    clipping_.factor_sum += factor;
    clipping_.smallest_factor = std::min(clipping_.smallest_factor, factor);
  }
  return true;
}

}  // namespace wengert
