// SPDX-License-Identifier: MIT
// A value that may be on a tape. What happens to Vars is in ops/; where they are recorded is in
// recording.h.
#pragma once

#include <string>

#include "tensor.h"

namespace wengert {

namespace detail {
class Recording;
}

/// A Tensor and, if it was computed from something on a tape, its place there. Copies are cheap. A
/// Var that outlives its tape keeps its value; using it in a further op is then a TapeError.
class Var {
 public:
  Var() = default;
  /// A value on no tape: ops on such values just compute.
  Var(Tensor value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  const Tensor& value() const& { return value_; }
  Tensor value() && { return std::move(value_); }
  const Shape& shape() const { return value_.shape(); }
  DType dtype() const { return value_.dtype(); }
  std::size_t rank() const { return value_.rank(); }
  std::size_t size() const { return value_.size(); }
  /// The only element. Errors: ShapeError if there is not exactly one.
  double item() const { return value_.item(); }

  /// True if it was recorded on a tape that is still alive.
  bool on_tape() const;
  /// True if it is on a tape and a gradient can flow to it.
  bool tracked() const;

 private:
  friend class detail::Recording;
  Var(Tensor value, detail::Recording* recording, std::uint32_t generation, std::uint32_t index)
      : value_(std::move(value)), recording_(recording), generation_(generation), index_(index) {}

  Tensor value_;
  detail::Recording* recording_ = nullptr;
  std::uint32_t generation_ = 0;
  std::uint32_t index_ = 0;
};

std::string to_string(const Var& value);

/// The ops that the chain rule and the transforms need: gradients that meet are added, and what was
/// stretched by broadcasting is summed back. Declared here, where the engine uses them; defined in
/// ops/.
Var add(const Var& a, const Var& b);
Var mul(const Var& a, const Var& b);
/// Sums the axes along which `shape` was stretched to `x`'s shape.
Var sum_to(const Var& x, const Shape& shape);
/// Stretches `x` to `shape` by numpy's rules.
Var broadcast_to(const Var& x, const Shape& shape);
/// The same elements; shares memory.
Var reshape(const Var& x, const Shape& shape);

namespace detail {
/// `into += term`, in place, broadcasting `term`; `into` is unique. Defined in ops/.
void accumulate(Tensor& into, const Tensor& term);
}  // namespace detail

}  // namespace wengert
