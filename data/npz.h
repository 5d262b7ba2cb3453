// SPDX-License-Identifier: MIT
// NumPy's files of named arrays (.npz): zip archives whose entries are what npy.h reads and writes.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "../graph/tensor.h"

namespace wengert::data {

/// All arrays of a .npz file, stored or deflated, by name (without ".npy").
/// Errors: FileError as `read_npy` (data/npy.h), naming the entry; and if the archive is none or is
/// damaged, an entry is no array, its name is empty, absolute, leads outside ("../x"), names a
/// folder or occurs twice, or the entries claim more than deflate could have packed into the file.
std::map<std::string, Tensor> read_npz(const std::string& path);
std::map<std::string, Tensor> read_npz(std::span<const std::byte> bytes);

/// Uncompressed, as numpy.savez does; equal tensors give equal bytes. Replaces the file in one
/// step. Errors: FileError if it cannot be written; ValueError if there are no tensors, one is
/// undefined, or a name is one that `read_npz` refuses.
void write_npz(const std::string& path, const std::map<std::string, Tensor>& tensors);

}  // namespace wengert::data
