// SPDX-License-Identifier: MIT
// The readers of idx.h on any source of bytes. Internal.
#pragma once

#include "../graph/tensor.h"
#include "byte_source.h"

namespace wengert::data {

Tensor read_idx(ByteSource& source);
Tensor read_idx_labels(ByteSource& source, std::int64_t classes);

}  // namespace wengert::data
