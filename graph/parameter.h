// SPDX-License-Identifier: MIT
// A trainable tensor with an identity and a path name. It does not convert to a Var: `weight.on(x)`
// says which tape it takes part in. How modules list their parameters is in graph/members.h.
#pragma once

#include <cstdint>
#include <string>

#include "var.h"

namespace wengert {

class Parameter {
 public:
  Parameter() = default;
  explicit Parameter(Tensor value, std::string name = {});
  /// A copy is a parameter of its own; gradients of one say nothing about the other.
  Parameter(const Parameter& other);
  /// Takes the value (shape and dtype may change); identity, name and whether it is frozen stay.
  Parameter& operator=(const Parameter& other);
  /// Moving keeps the identity.
  Parameter(Parameter&& other) noexcept;
  Parameter& operator=(Parameter&& other) noexcept;
  ~Parameter() = default;

  /// This parameter on `x`'s tape: the same leaf however often it is asked, with the value it had
  /// the first time. If `x` is on no tape, so is the result.
  Var on(const Var& x) const;
  /// Forget `.on(x)` and the compiler stops here: a Parameter alone does not know its tape.
  operator Var() const = delete;  // write parameter.on(x)

  const Tensor& value() const { return value_; }
  /// Errors: ShapeError or DTypeError if the new value does not fit the old.
  void set(Tensor value);
  const Shape& shape() const { return value_.shape(); }
  DType dtype() const { return value_.dtype(); }
  std::size_t size() const { return value_.size(); }

  /// Path in the model ("encoder.0.weight") once a model's parameters have been listed.
  const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }
  std::uint64_t id() const { return id_; }

  /// A frozen parameter takes part in the computation but gets no gradient, and optimizers pass it
  /// over. Tapes on which it is already are not changed.
  bool trainable() const { return trainable_; }
  void set_trainable(bool trainable) { trainable_ = trainable; }

 private:
  Tensor value_;
  std::string name_;
  std::uint64_t id_ = 0;
  bool trainable_ = true;
};

std::string to_string(const Parameter& parameter);

}  // namespace wengert
