// SPDX-License-Identifier: MIT
// Numbers below the normal range (f32: 1.2e-38) slow some kernels down many times, and training
// with vanishing gradients is full of them.
#pragma once

namespace wengert {

/// While it lives, the calling thread treats denormal numbers as zero and produces none; what was
/// set before is restored at its end. Optimizers update under one. Never use it in a gradient
/// check.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned before_ = 0;
};

}  // namespace wengert
