// SPDX-License-Identifier: MIT
// A short sum over bytes, to tell whether two runs saw the same data and ended at the same weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../graph/members.h"
#include "../graph/tensor.h"
#include "history.h"

namespace wengert {

/// CRC-32 of the tensor's bytes in memory, as eight hexadecimal digits: what zlib.crc32 gives for
/// numpy's array.tobytes(). It finds accidents, not forgeries.
std::string fingerprint(const Tensor& tensor);
/// Of several tensors' bytes one after the other.
std::string fingerprint(const std::vector<Tensor>& tensors);

/// Of all parameters and then all buffers of a model, in the order of its member lists.
template <class Model>
requires HasMembers<Model> std::string fingerprint(Model& model) {
  std::vector<Tensor> values;
  for (const Parameter* parameter : parameters(model)) values.push_back(parameter->value());
  for (const Buffer* buffer : buffers(model)) values.push_back(buffer->value());
  return fingerprint(values);
}

/// What a History says of a set of data. Errors: ValueError if `tensor` is not defined.
DataRecord data_record(std::string name, const Tensor& tensor);

}  // namespace wengert
