// SPDX-License-Identifier: MIT
// Models in files, with PyTorch's names and layouts: what `safetensors.torch.load_file` reads goes
// into an equal torch model by load_state_dict, and the other way round.
#pragma once

#include <map>
#include <string>

#include "state.h"

namespace wengert {

namespace detail {
void save_state(const std::map<std::string, Tensor>& state, const std::string& path);
std::map<std::string, Tensor> read_state(const std::string& path);
}  // namespace detail

/// Writes the model's parameters and buffers: as safetensors, or as npz if the path ends in ".npz".
/// The file is replaced in one piece; an interrupted writer leaves the old one. Random generators
/// and what is frozen are not saved. Errors: FileError if it cannot be written; ValueError if a
/// size is not known yet (see build) or two members have one name.
template <class Model>
void save(const Model& model, const std::string& path) {
  detail::save_state(state(model), path);
}

/// Reads such a file into a model of the same structure, all of it or nothing. Frozen parameters
/// are loaded too. Errors: FileError if the file is damaged; ValueError listing every name that is
/// missing or unknown, and every shape and dtype that differs.
template <class Model>
void load(Model& model, const std::string& path) {
  load_state(model, detail::read_state(path), path);
}

}  // namespace wengert
