// SPDX-License-Identifier: MIT
#include "fingerprint.h"

#include <fmt/format.h>
#include <zlib.h>

#include "../graph/error.h"

namespace wengert {

std::string fingerprint(const Tensor& tensor) { return fingerprint(std::vector<Tensor>{tensor}); }

std::string fingerprint(const std::vector<Tensor>& tensors) {
  uLong sum = crc32_z(0, nullptr, 0);
  for (const Tensor& tensor : tensors)
    if (tensor.defined() && tensor.size() > 0)
      sum = crc32_z(sum, static_cast<const Bytef*>(tensor.address()),
                    tensor.size() * size_of(tensor.dtype()));
  return fmt::format("{:08x}", sum);
}

DataRecord data_record(std::string name, const Tensor& tensor) {
  if (!tensor.defined())
    throw ValueError(fmt::format("data_record: '{}' holds no tensor; was it moved from?", name));
  return {.name = std::move(name),
          .shape = tensor.shape(),
          .dtype = std::string(to_string(tensor.dtype())),
          .sum = fingerprint(tensor)};
}

}  // namespace wengert
