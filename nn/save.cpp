// SPDX-License-Identifier: MIT
#include "save.h"

#include <fmt/format.h>

#include "../data/npz.h"
#include "../graph/error.h"
#include "safetensors.h"

namespace wengert::detail {
namespace {

bool is_npz(const std::string& path) { return path.ends_with(".npz"); }

// A file called .h5 or .pt that is neither would be found out in another program.
void require_known_kind(const std::string& path) {
  if (!is_npz(path) && !path.ends_with(".safetensors"))
    throw ValueError(fmt::format(
        "save: '{}' ends neither in .safetensors nor in .npz, the two kinds written here", path));
}

}  // namespace

void save_state(const std::map<std::string, Tensor>& state, const std::string& path) {
  require_known_kind(path);
  if (is_npz(path)) return data::write_npz(path, state);
  // What PyTorch's own tools write into their files, and some ask for.
  save_tensors(path, state, {{"format", "pt"}});
}

std::map<std::string, Tensor> read_state(const std::string& path) {
  return is_npz(path) ? data::read_npz(path) : load_tensors(path).tensors;
}

}  // namespace wengert::detail
