// SPDX-License-Identifier: MIT
// Ctrl-C as a wish instead of an end: while an Interrupt lives, SIGINT and SIGTERM are counted and
// the training loop asks for the count when it is ready to stop.
#pragma once

namespace wengert {

/// The first signal asks for the end of the current epoch, the second for the end of the current
/// step; a third has the effect it had before. Each says so on the standard error stream. One at a
/// time acts: while it lives, others count nothing. The previous handlers are back when it is gone.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool after_epoch() const;  ///< stop when the epoch is over
  bool after_step() const;   ///< stop when the step is over

 private:
  bool acting_;
};

}  // namespace wengert
