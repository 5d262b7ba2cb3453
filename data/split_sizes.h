// SPDX-License-Identifier: MIT
// How many samples the parts of a split get, for the splits at random and in time.
#pragma once

#include <cstddef>

#include "split.h"

namespace wengert::data::detail {

struct PartSizes {
  std::size_t train = 0, validation = 0, test = 0;
};

/// Errors: ValueError as `split` says, naming `op`.
PartSizes part_sizes(const char* op, std::size_t samples, const SplitOptions& options);
/// Errors: ValueError if a part that was given a share has no sample.
void require_parts(const char* op, std::size_t samples, const SplitOptions& options,
                   const PartSizes& sizes);

}  // namespace wengert::data::detail
