// SPDX-License-Identifier: MIT
// Where a node was made: the path of the module and the time step, kept as one integer into a
// table.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "var.h"

namespace wengert {

/// A place in the model: "encoder.0", and the step of an unrolled loop if there is one.
struct Place {
  std::string path;
  std::optional<std::int64_t> step;
  friend bool operator==(const Place&, const Place&) = default;
};
/// "encoder.0 at step 12"; empty for the model's top level.
std::string to_string(const Place& place);

namespace detail {

/// Places met so far, each once; number 0 is the top level without a step.
class PlaceTable {
 public:
  PlaceTable();
  const Place& operator[](std::uint32_t id) const { return places_[id]; }
  std::uint32_t id_of(const Place& place);
  std::uint32_t with_path(std::uint32_t id, std::string_view path);
  void clear();

 private:
  struct Hash {
    std::size_t operator()(const Place& place) const;
  };
  std::vector<Place> places_;
  std::unordered_map<Place, std::uint32_t, Hash> ids_;
};

}  // namespace detail

/// While it lives, nodes recorded on `on`'s tape carry this place. Off the tape it does nothing.
/// Scopes end in the reverse order of their beginning (as local variables do).
///
///     Scope scope(x, "decoder");          // inside "model" this is "model.decoder"
///     Scope step(x, t);                    // the time step of an unrolled loop
class Scope {
 public:
  Scope(const Var& on, std::string_view name);
  template <std::integral T>
  Scope(const Var& on, T step) : Scope(on, Step{static_cast<std::int64_t>(step)}) {}
  /// `path` replaces the whole path instead of being appended.
  static Scope absolute(const Var& on, std::string_view path) { return {on, path, Absolute{}}; }
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  struct Absolute {};
  struct Step {
    std::int64_t value;
  };
  Scope(const Var& on, Step step);
  Scope(const Var& on, std::string_view path, Absolute);

  detail::Recording* recording_ = nullptr;
  std::uint32_t generation_ = 0;
  std::uint32_t outer_ = 0;
};

}  // namespace wengert
