// SPDX-License-Identifier: MIT
// The .npy format on any source of bytes, for .npy files and the entries of .npz files. Internal.
#pragma once

#include <bit>
#include <cstddef>
#include <string>
#include <string_view>

#include "../graph/tensor.h"
#include "byte_source.h"

namespace wengert::data {

/// What the header of an array says, as it stands there.
struct NpyHeader {
  char kind = 0;         ///< 'f', 'i', 'u', 'b'
  std::size_t size = 0;  ///< bytes a number
  std::endian order = std::endian::native;
  bool fortran = false;
  Shape shape;
};
/// From the text of the header, a Python dictionary.
/// Errors: FileError if it is not one, or says what a Tensor cannot hold.
NpyHeader parse_npy_header(const Origin& origin, std::string_view text);

/// From the magic bytes to the end. Errors: FileError as read_npy.
Tensor read_npy(ByteSource& source);

/// All that stands before the elements of this tensor.
std::string npy_preamble(const Tensor& tensor);

}  // namespace wengert::data
