// SPDX-License-Identifier: MIT
// Any optimizer as a value: what a function takes that does not care which one it gets.
#pragma once

#include <memory>

#include "optimizer.h"

namespace wengert {

/// Holds a copy of the optimizer it was made from, groups, clipping and state included; copies are
/// independent. What was moved from can only be assigned to.
class AnyOptimizer {
 public:
  AnyOptimizer(const Optimizer& optimizer) : held_(optimizer.clone()) {}  // NOLINT: implicit
  AnyOptimizer(const AnyOptimizer& other) : held_(other.held_->clone()) {}
  AnyOptimizer(AnyOptimizer&&) noexcept = default;
  AnyOptimizer& operator=(AnyOptimizer other) noexcept {
    held_ = std::move(other.held_);
    return *this;
  }
  ~AnyOptimizer() = default;

  Optimizer& operator*() { return *held_; }
  const Optimizer& operator*() const { return *held_; }
  Optimizer* operator->() { return held_.get(); }
  const Optimizer* operator->() const { return held_.get(); }

 private:
  std::unique_ptr<Optimizer> held_;
};

}  // namespace wengert
