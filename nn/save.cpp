// SPDX-License-Identifier: MIT
#include "save.h"

#include "safetensors.h"

namespace wengert::detail {

void save_state(const std::map<std::string, Tensor>& state, const std::string& path) {
  // What PyTorch's own tools write into their files, and some ask for.
  save_tensors(path, state, {{"format", "pt"}});
}

std::map<std::string, Tensor> read_state(const std::string& path) {
  return load_tensors(path).tensors;
}

}  // namespace wengert::detail
