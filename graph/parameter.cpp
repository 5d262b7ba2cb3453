// SPDX-License-Identifier: MIT
#include "parameter.h"

#include <atomic>

#include <fmt/format.h>

#include "error.h"
#include "recording.h"

namespace wengert {
namespace {

// Identities are only ever compared for equality, so their order can influence no result.
std::uint64_t fresh_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

Parameter::Parameter(Tensor value, std::string name)
    : value_(std::move(value)), name_(std::move(name)), id_(fresh_id()) {
  if (!is_float(dtype()))
    throw DTypeError(
        fmt::format("parameter '{}': trainable values are f32 or f64, got i64", name_));
}

Parameter::Parameter(const Parameter& other)
    : value_(other.value_),
      name_(other.name_),
      id_(other.id_ == 0 ? 0 : fresh_id()),
      trainable_(other.trainable_) {}

Parameter& Parameter::operator=(const Parameter& other) {
  if (this == &other) return *this;
  value_ = other.value_;
  if (id_ == 0) {
    name_ = other.name_;
    trainable_ = other.trainable_;
    id_ = fresh_id();
  }
  return *this;
}

Parameter::Parameter(Parameter&& other) noexcept
    : value_(std::move(other.value_)),
      name_(std::move(other.name_)),
      id_(std::exchange(other.id_, 0)),
      trainable_(other.trainable_) {}

Parameter& Parameter::operator=(Parameter&& other) noexcept {
  if (this == &other) return *this;
  value_ = std::move(other.value_);
  name_ = std::move(other.name_);
  id_ = std::exchange(other.id_, 0);
  trainable_ = other.trainable_;
  return *this;
}

Var Parameter::on(const Var& x) const {
  detail::Recording* recording = detail::Recording::of(x);
  if (!value_.defined())
    throw ValueError(fmt::format("parameter '{}': it has no value; was it moved from?", name_));
  if (!recording) return value_;
  return recording->parameter(value_, id_, name_, trainable_);
}

void Parameter::set(Tensor value) {
  if (value.shape() != shape())
    throw ShapeError(fmt::format("parameter '{}': its shape is {}, the new value's {}", name_,
                                 to_string(shape()), to_string(value.shape())));
  if (value.dtype() != dtype())
    throw DTypeError(fmt::format("parameter '{}': its dtype is {}, the new value's {}", name_,
                                 to_string(dtype()), to_string(value.dtype())));
  value_ = std::move(value);
}

std::string to_string(const Parameter& parameter) { return to_string(parameter.value()); }

}  // namespace wengert
