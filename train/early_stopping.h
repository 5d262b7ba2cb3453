// SPDX-License-Identifier: MIT
// When to stop because nothing gets better any more (Prechelt 1998, "Early stopping, but when?").
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace wengert {

/// Keeps the best value seen and counts the epochs since.
class EarlyStopping {
 public:
  struct Options {
    std::size_t patience = 5;  ///< epochs without improvement before it stops
    double min_delta = 0.0;    ///< a smaller gain is none
    bool restore_best = true;  ///< the weights of the best epoch come back at the end
  };
  /// What has to be saved to go on later.
  struct State {
    double best = std::numeric_limits<double>::infinity();
    std::int64_t best_epoch = 0;
    std::int64_t waited = 0;
  };

  EarlyStopping() = default;
  explicit EarlyStopping(const Options& options) : options_(options) {}

  /// True if `loss` is the best so far. A loss that is not finite never is.
  bool observe(std::int64_t epoch, double loss) {
    if (loss < state_.best - options_.min_delta) {
      state_ = {loss, epoch, 0};
      return true;
    }
    ++state_.waited;
    return false;
  }
  bool wants_to_stop() const {
    return state_.waited > 0 && state_.waited >= static_cast<std::int64_t>(options_.patience);
  }
  const Options& options() const { return options_; }
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  Options options_;
  State state_;
};

}  // namespace wengert
