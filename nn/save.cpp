// SPDX-License-Identifier: MIT
#include "save.h"

#include "../data/npz.h"
#include "safetensors.h"

namespace wengert::detail {
namespace {

bool is_npz(const std::string& path) { return path.ends_with(".npz"); }

}  // namespace

void save_state(const std::map<std::string, Tensor>& state, const std::string& path) {
  if (is_npz(path)) return data::write_npz(path, state);
  // What PyTorch's own tools write into their files, and some ask for.
  save_tensors(path, state, {{"format", "pt"}});
}

std::map<std::string, Tensor> read_state(const std::string& path) {
  return is_npz(path) ? data::read_npz(path) : load_tensors(path).tensors;
}

}  // namespace wengert::detail
