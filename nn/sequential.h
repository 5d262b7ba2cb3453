// SPDX-License-Identifier: MIT
// Modules one after the other.
#pragma once

#include <string>
#include <tuple>
#include <utility>

#include "../graph/scope.h"
#include "../graph/tensor.h"
#include "../graph/var.h"
#include "takes_mask.h"

namespace wengert {

/// A tuple of modules (structs, lambdas, functions such as wg::relu); the output of each is the
/// input of the next. Members are named "0", "1", ... It holds its own: a module passed by name is
/// copied, and `model.get<0>()` is the one that is trained.
template <class... Modules>
class Sequential {
 public:
  Sequential(Modules... modules) : modules_(std::move(modules)...) {}

  Var operator()(const Var& x) const { return run(x, {}); }
  /// The mask [batch, T] of padded sequences goes to every module that takes one, as Recurrent
  /// does; the others see padding as if it were steps.
  Var operator()(const Var& x, const Tensor& mask) const requires(TakesMask<Modules> || ...) {
    return run(x, mask);
  }

  template <std::size_t i>
  auto& get() {
    return std::get<i>(modules_);
  }
  template <std::size_t i>
  const auto& get() const {
    return std::get<i>(modules_);
  }
  static constexpr std::size_t size() { return sizeof...(Modules); }

  static void members(auto& self, auto&& visit) {
    for_each(self, [&](std::size_t i, auto& module) { visit(std::to_string(i), module); });
  }
  /// Told by whoever lists the parameters, so that recorded nodes carry the whole path.
  void located(const std::string& path) { path_ = path; }
  void located(const std::string&) const {}

 private:
  Var run(const Var& x, const Tensor& mask) const {
    Var value = x;
    for_each(*this, [&](std::size_t i, const auto& module) {
      const Scope scope = Scope::absolute(value, name_of(i));
      value = call_with_mask(module, value, mask);
    });
    return value;
  }
  static void for_each(auto& self, auto&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(I, std::get<I>(self.modules_)), ...); }
    (std::index_sequence_for<Modules...>{});
  }
  std::string name_of(std::size_t i) const {
    return path_.empty() ? std::to_string(i) : path_ + "." + std::to_string(i);
  }

  std::tuple<Modules...> modules_;
  std::string path_;
};

}  // namespace wengert
