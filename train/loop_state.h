// SPDX-License-Identifier: MIT
// Where the training loop is and what it has seen: everything that it needs to go on beside the
// models and optimizers themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "early_stopping.h"
#include "history.h"
#include "training_state.h"

namespace wengert {

struct LoopState {
  History history;
  std::int64_t epoch = 1;         ///< the one it is in
  std::int64_t batches_done = 0;  ///< of this epoch
  EarlyStopping stopping;
  Snapshot best;  ///< weights of the best epoch; empty unless they may be asked for
  bool over = false;

  /// The state as tensors and notes, and back. A history has a record a step: as tensors they are
  /// written in a moment. Errors: ValueError if `snapshot` is of another kind.
  Snapshot keep() const;
  void take(const Snapshot& snapshot);
  /// The history without its steps in a snapshot of a TrainingState, before anything is restored.
  static History history_in(const Snapshot& snapshot, const std::string& part);
};

/// The epoch's record as far as it follows from its steps: means over the steps, weighted by what
/// they count (StepRecord::counted); those of metrics and of groups' statistics over the steps that
/// have them.
EpochRecord summarize_epoch(std::int64_t epoch, const std::vector<StepRecord>& steps);

}  // namespace wengert
