// SPDX-License-Identifier: MIT
// What a module keeps beside its parameters: values that are saved with it but not trained.
#pragma once

#include <string>

#include "tensor.h"

namespace wengert {

/// A running mean, a mask. A copy is independent of its original. Listed among the members of its
/// module like a Parameter.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Tensor value) : value_(std::move(value)) {}

  const Tensor& value() const { return value_; }
  /// Errors: ShapeError or DTypeError if the new value does not fit the old.
  void set(Tensor value);
  /// Takes any value, for conversions such as to(f64).
  void replace(Tensor value) { value_ = std::move(value); }

  /// Path in the model once a model's buffers have been listed.
  const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }

 private:
  Tensor value_;
  std::string name_;
};

}  // namespace wengert
