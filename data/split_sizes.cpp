// SPDX-License-Identifier: MIT
#include "split_sizes.h"

#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::data::detail {

PartSizes part_sizes(const char* op, std::size_t samples, const SplitOptions& options) {
  const auto is_share = [](double x) { return x >= 0.0 && x <= 1.0; };
  if (!is_share(options.validation) || !is_share(options.test))
    throw ValueError(fmt::format("{}: shares must be in [0, 1]: validation {}, test {}", op,
                                 options.validation, options.test));
  const double judged = options.validation + options.test;
  if (!(judged < 1.0))
    throw ValueError(
        fmt::format("{}: validation and test leave nothing to train on: validation {}, test {}", op,
                    options.validation, options.test));
  const auto round = [&](double share) {
    return static_cast<std::size_t>(std::llround(share * static_cast<double>(samples)));
  };
  const std::size_t validation = round(options.validation);
  const std::size_t both = round(judged);
  const PartSizes sizes{
      .train = samples - both, .validation = validation, .test = both - validation};
  require_parts(op, samples, options, sizes);
  return sizes;
}

void require_parts(const char* op, std::size_t samples, const SplitOptions& options,
                   const PartSizes& sizes) {
  const auto require = [&](const char* part, double share, std::size_t size) {
    if (share > 0.0 && size == 0)
      throw ValueError(fmt::format("{}: {} gets no sample: a share of {:g} of {} samples", op, part,
                                   share, samples));
  };
  require("training", 1.0 - options.validation - options.test, sizes.train);
  require("validation", options.validation, sizes.validation);
  require("test", options.test, sizes.test);
}

}  // namespace wengert::data::detail
