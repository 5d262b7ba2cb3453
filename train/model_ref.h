// SPDX-License-Identifier: MIT
// Any model, seen through what training needs of it, so that the loop is compiled once.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../graph/members.h"
#include "../nn/summary.h"
#include "../nn/takes_mask.h"

namespace wengert {

/// Refers to a model, which has to outlive it.
class ModelRef {
 public:
  template <class Model>
  requires std::invocable<const Model&, const Var&> ModelRef(
      Model& model)  // NOLINT(google-explicit-constructor)
      : forward_([&model](const Var& x, const Tensor& mask) -> Var {
          return call_with_mask(model, x, mask);
        }),
        parameters_([&model] { return wengert::parameters(model); }),
        buffers_([&model] { return wengert::buffers(model); }),
        generators_([&model] { return wengert::generators(model); }),
        summary_([&model](const Tensor& sample) { return wengert::summary(model, sample); }),
        check_members_([&model](const Tape& tape) { wengert::check_members(model, tape); }) {}

  /// A mask, [batch, T] as data::Batch has it, reaches models that take one.
  Var operator()(const Var& x, const Tensor& mask = {}) const { return forward_(x, mask); }
  std::vector<Parameter*> parameters() const { return parameters_(); }
  std::vector<Buffer*> buffers() const { return buffers_(); }
  std::vector<std::pair<std::string, Rng*>> generators() const { return generators_(); }
  /// Errors: as wengert::summary.
  Summary summary(const Tensor& sample) const { return summary_(sample); }
  /// Errors: ValueError as wengert::check_members.
  void check_members(const Tape& tape) const { check_members_(tape); }

 private:
  std::function<Var(const Var&, const Tensor&)> forward_;
  std::function<std::vector<Parameter*>()> parameters_;
  std::function<std::vector<Buffer*>()> buffers_;
  std::function<std::vector<std::pair<std::string, Rng*>>()> generators_;
  std::function<Summary(const Tensor&)> summary_;
  std::function<void(const Tape&)> check_members_;
};

}  // namespace wengert
