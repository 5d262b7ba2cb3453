// SPDX-License-Identifier: MIT
// IDX files, the format of MNIST and its relatives: a small header and big-endian numbers (LeCun,
// Cortes and Burges, "The MNIST database of handwritten digits"). Data sets of several such files
// are in image_sets.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "../graph/tensor.h"

namespace wengert::data {

/// The array in a file, gzip'd or not, in the shape its header gives. Every value stays exact: u8,
/// i8, i16 and f32 become f32 (pixels 0 to 255 as they are), i32 becomes i64, f64 stays f64.
/// Errors: FileError if the file is missing, cut short, damaged, has no IDX header, claims more
/// than it holds (found before memory is taken) or holds more than it claims.
Tensor read_idx(const std::string& path);
Tensor read_idx(std::span<const std::byte> bytes);

/// Class numbers, i64 [n], from a file of one axis of whole numbers.
/// Errors: as above, and FileError naming a label outside [0, classes).
Tensor read_idx_labels(const std::string& path, std::int64_t classes);
Tensor read_idx_labels(std::span<const std::byte> bytes, std::int64_t classes);

}  // namespace wengert::data
