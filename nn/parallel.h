// SPDX-License-Identifier: MIT
// Modules on the same input.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "../graph/scope.h"
#include "../graph/var.h"

namespace wengert {

/// What becomes of the outputs: side by side along the last axis, or added.
enum class Join : std::uint8_t { concatenate, sum };

namespace detail {
/// Errors: ShapeError if the shapes do not fit each other; sums of different shapes do not.
Var join(Join how, const std::vector<Var>& outputs);
}  // namespace detail

/// Parallel{a, b}: [..., of a], [..., of b] -> [..., of a + of b]; Parallel{Join::sum, a, b} adds
/// them. Members are named "0", "1", ... It holds its own modules, as Sequential does.
template <class... Modules>
class Parallel {
 public:
  Parallel(Modules... modules)  // NOLINT(google-explicit-constructor)
      : modules_(std::move(modules)...) {}
  Parallel(Join how, Modules... modules) : modules_(std::move(modules)...), how_(how) {}

  Var operator()(const Var& x) const {
    std::vector<Var> outputs;
    for_each(*this, [&](std::size_t i, const auto& module) {
      const Scope scope = Scope::absolute(x, name_of(i));
      outputs.push_back(module(x));
    });
    return detail::join(how_, outputs);
  }

  template <std::size_t i>
  auto& get() {
    return std::get<i>(modules_);
  }
  template <std::size_t i>
  const auto& get() const {
    return std::get<i>(modules_);
  }

  static void members(auto& self, auto&& visit) {
    for_each(self, [&](std::size_t i, auto& module) { visit(std::to_string(i), module); });
  }
  /// Told by whoever lists the parameters, so that recorded nodes carry the whole path.
  void located(const std::string& path) { path_ = path; }
  void located(const std::string&) const {}

 private:
  static void for_each(auto& self, auto&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f(I, std::get<I>(self.modules_)), ...); }
    (std::index_sequence_for<Modules...>{});
  }
  std::string name_of(std::size_t i) const {
    return path_.empty() ? std::to_string(i) : path_ + "." + std::to_string(i);
  }

  std::tuple<Modules...> modules_;
  Join how_ = Join::concatenate;
  std::string path_;
};
template <class... Modules>
Parallel(Join, Modules...) -> Parallel<Modules...>;

}  // namespace wengert
