// SPDX-License-Identifier: MIT
#include "buffer.h"

#include <fmt/format.h>

#include "error.h"

namespace wengert {

void Buffer::set(Tensor value) {
  if (value.shape() != value_.shape())
    throw ShapeError(fmt::format("buffer '{}': its shape is {}, the new value's {}", name_,
                                 to_string(value_.shape()), to_string(value.shape())));
  if (value.dtype() != value_.dtype())
    throw DTypeError(fmt::format("buffer '{}': its dtype is {}, the new value's {}", name_,
                                 to_string(value_.dtype()), to_string(value.dtype())));
  value_ = std::move(value);
}

}  // namespace wengert
