// SPDX-License-Identifier: MIT
// NumPy's files of one array (.npy), both directions, in the format that numpy.lib.format
// describes. Pickled objects are refused. Several named arrays in one file are left to npz.h.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "../graph/tensor.h"

namespace wengert::data {

/// The array of a .npy file, gzip'd or not. float32, float64 and int64 come as they are; float16
/// becomes f32, bool and the other integers i64, each exactly. Big-endian numbers are swapped and
/// Fortran order is turned into rows, so that the shape is the one NumPy shows.
/// Errors: FileError if the file is missing, cut short, damaged, no .npy file, claims more than it
/// holds (found before memory is taken) or holds more than it claims, has more axes than a Tensor
/// or another dtype (complex, text, dates, objects, records, uint64 beyond i64); the message says
/// what to do.
Tensor read_npy(const std::string& path);
Tensor read_npy(std::span<const std::byte> bytes);

/// Replaces the file in one step: it is never there in part.
/// Errors: FileError if it cannot be written; ValueError if the tensor is undefined.
void write_npy(const std::string& path, const Tensor& tensor);

}  // namespace wengert::data
