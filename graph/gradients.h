// SPDX-License-Identifier: MIT
// What `tape.backward` returns: a value that is looked up by Var or Parameter. There is nothing to
// zero and nothing that goes stale; two optimizers can read one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "parameter.h"
#include "var.h"

namespace wengert {

namespace detail {
class Sweep;
}

class Gradients {
 public:
  /// The gradient by this value of the tape, of its shape and dtype; on the tape if the cotangent
  /// was. Errors: TapeError if there is none, with the reason.
  const Var& operator[](const Var& x) const;
  const Var& operator[](const Parameter& parameter) const;
  /// The same, or null.
  const Var* find(const Var& x) const;
  const Var* find(const Parameter& parameter) const;

  /// Why `find` gives null: "no path leads to it from the loss", ...
  std::string why_missing(const Parameter& parameter) const;

  /// Number of values that got a gradient.
  std::size_t size() const { return entries_.size(); }

 private:
  friend class detail::Sweep;
  struct Entry {
    std::uint32_t node;
    std::uint64_t parameter;  ///< identity, 0 if the value is none
    Var gradient;
  };
  struct Known {
    std::uint64_t parameter;
    bool asked;
  };
  std::vector<Entry> entries_;  ///< nodes ascending
  std::vector<Known> known_;    ///< parameters on the tape
  const detail::Recording* recording_ = nullptr;
  std::uint32_t generation_ = 0;
};

}  // namespace wengert
