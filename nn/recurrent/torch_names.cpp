// SPDX-License-Identifier: MIT
#include "torch_names.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "../state.h"

namespace wengert {
namespace {

/// One of our tensors, and PyTorch's that add up to it.
struct Source {
  std::string ours;
  std::vector<std::string> stems;
};

class Layer {
 public:
  Layer(const std::map<std::string, Tensor>& tensors, std::string suffix, std::string prefix)
      : tensors_(tensors), suffix_(std::move(suffix)), prefix_(std::move(prefix)) {}

  /// The cell's state. Errors: ValueError listing all that does not fit.
  std::map<std::string, Tensor> gather(const std::map<std::string, Tensor>& cell,
                                       const std::vector<Source>& sources) {
    std::map<std::string, Tensor> result;
    std::vector<std::string> expected;
    for (const Source& source : sources) {
      const Tensor& place = cell.at(source.ours);
      Tensor sum;
      for (const std::string& stem : source.stems) {
        expected.push_back(name_of(stem));
        const Tensor* found = fitting(expected.back(), place);
        if (!found) continue;
        const Tensor part = found->to(place.dtype());
        sum = sum.defined() ? (Var(sum) + Var(part)).value() : part;
      }
      result.emplace(source.ours, sum);
    }
    for (const auto& [name, tensor] : tensors_)
      if (of_this_layer(name) &&
          std::find(expected.begin(), expected.end(), name) == expected.end())
        problems_.push_back(fmt::format("'{}' {} has no place in the cell", name, tensor.shape()));
    if (problems_.empty()) return result;
    throw ValueError(fmt::format("load_torch: {}", fmt::join(problems_, "\n            ")));
  }

 private:
  std::string name_of(const std::string& stem) const { return prefix_ + stem + "_" + suffix_; }
  bool of_this_layer(std::string_view name) const {
    if (!name.starts_with(prefix_) || !name.ends_with("_" + suffix_)) return false;
    name.remove_prefix(prefix_.size());
    return name.starts_with("weight_") || name.starts_with("bias_");
  }
  /// Null, and a problem more, if it cannot be had.
  const Tensor* fitting(const std::string& name, const Tensor& place) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) {
      problems_.push_back(fmt::format("'{}' {} is missing", name, place.shape()));
      return nullptr;
    }
    const Tensor& theirs = found->second;
    if (theirs.shape() != place.shape()) {
      problems_.push_back(fmt::format("'{}' is {} but has to be {} for the cell", name,
                                      theirs.shape(), place.shape()));
      return nullptr;
    }
    if (theirs.dtype() != place.dtype() && !(theirs.dtype() == f32 && place.dtype() == f64)) {
      problems_.push_back(fmt::format("'{}' is {} but {} in the cell; convert the cell by to()",
                                      name, to_string(theirs.dtype()), to_string(place.dtype())));
      return nullptr;
    }
    return &theirs;
  }

  const std::map<std::string, Tensor>& tensors_;
  std::string suffix_, prefix_;
  std::vector<std::string> problems_;
};

}  // namespace

void load_torch(RnnCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix, const std::string& prefix) {
  std::vector<Source> sources{{"W_xh", {"weight_ih"}}, {"W_hh", {"weight_hh"}}};
  if (cell.has_bias()) sources.push_back({"b", {"bias_ih", "bias_hh"}});
  load_state(cell, Layer(tensors, suffix, prefix).gather(state(cell), sources));
}

void load_torch(LstmCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix, const std::string& prefix) {
  load_state(cell, Layer(tensors, suffix, prefix)
                       .gather(state(cell), {{"W_x", {"weight_ih"}},
                                             {"W_h", {"weight_hh"}},
                                             {"b", {"bias_ih", "bias_hh"}}}));
}

void load_torch(GruCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix, const std::string& prefix) {
  if (cell.reset != GruCell::Reset::after || cell.update != GruCell::Update::keeps)
    throw ValueError(
        "load_torch: PyTorch's GRU is GruCell with Reset::after and Update::keeps; this cell "
        "is of another form, in which the same weights mean something else");
  load_state(cell, Layer(tensors, suffix, prefix)
                       .gather(state(cell), {{"W_x", {"weight_ih"}},
                                             {"W_h", {"weight_hh"}},
                                             {"b_x", {"bias_ih"}},
                                             {"b_h", {"bias_hh"}}}));
}

}  // namespace wengert
