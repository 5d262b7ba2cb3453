// SPDX-License-Identifier: MIT
// Named tensors in a file of the safetensors format (huggingface.co/docs/safetensors): an 8-byte
// length, a JSON header, the elements. Which tensors a model consists of is in state.h.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>

#include "../graph/tensor.h"

namespace wengert {

/// What such a file holds.
struct SafeTensors {
  std::map<std::string, Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Writes f32 as F32, f64 as F64, i64 as I64. The file is replaced in one piece and made durable:
/// an interrupted writer leaves the old one. Errors: FileError if it cannot be written; ValueError
/// for a tensor that holds nothing, and for text that is not UTF-8.
void save_tensors(const std::string& path, const std::map<std::string, Tensor>& tensors,
                  const std::map<std::string, std::string>& metadata = {});

/// F32, F64 and I64 come back bit by bit. F16 and BF16 become f32; the other integers and BOOL
/// become i64. Errors: FileError if it cannot be read or breaks a rule of the format, which is
/// found out before memory is taken; a dtype that is none of these; a U64 above 2^63 - 1.
SafeTensors load_tensors(const std::string& path);

/// The same from bytes in memory; `name` stands for the path in messages.
SafeTensors parse_tensors(std::span<const std::byte> bytes, const std::string& name = "bytes");

}  // namespace wengert
