// SPDX-License-Identifier: MIT
// Tensors compared, copied and overwritten, for the check of an op's contract. Internal.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../graph/tensor.h"

namespace wengert::detail::contract {

/// Memory of its own, so that no write through a shared block reaches it.
Tensor deep_copy(const Tensor& tensor);
std::vector<Tensor> deep_copy(std::span<const Tensor> tensors);
/// Deep copies; those that are f32 or f64 in this dtype.
std::vector<Tensor> in(DType dtype, std::span<const Tensor> tensors);

/// "element [1, 2] is 3 instead of 4" for the first that differs in a bit; empty if none does.
std::string difference(const Tensor& now, const Tensor& before);

/// Lets the next tensors of these shapes start out with the byte in all places: blocks that are
/// given back are handed out again.
void fill_free_memory(std::span<const Tensor> like, int byte);

}  // namespace wengert::detail::contract
