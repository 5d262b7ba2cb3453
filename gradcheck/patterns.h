// SPDX-License-Identifier: MIT
// What two gradients say by themselves, without any knowledge of the op. Internal.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "../graph/tensor.h"
#include "arrays.h"
#include "report.h"

namespace wengert::detail {

struct Finding {
  Hint hint = Hint::none;
  std::string text = {};
  explicit operator bool() const { return hint != Hint::none; }
};

/// Nothing claimed, or nothing there.
Finding from_sizes(const Arrays& g);
/// A constant ratio; `extents` are those that a mean or a sum may have been taken over.
Finding from_ratio(const Arrays& g, const std::set<std::size_t>& extents);
/// A gradient where the function is flat.
Finding from_flat(const Arrays& g);
/// Wrong exactly where the input is 0.
Finding from_zeros(const Arrays& g, const Tensor& input);
/// The right numbers at other places.
Finding from_places(const Arrays& g);
/// Wrong in a part of an axis only.
Finding from_slices(const Arrays& g);
/// A term that is missing or too many, the same along an axis; `output`, if it has g's shape, may
/// be its factor.
Finding from_terms(const Arrays& g, const Tensor* output);

std::vector<double> transposed(std::span<const double> values, std::size_t rows,
                               std::size_t columns);

}  // namespace wengert::detail
