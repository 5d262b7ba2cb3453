// SPDX-License-Identifier: MIT
#include "log_to.h"

#include <cmath>

#include <fmt/format.h>

namespace wengert {

Callback log_to(TensorBoard& board) {
  const auto epoch = [&board](Run&, const EpochRecord& record) {
    board.scalar("loss", record.loss, record.epoch);
    if (record.validation_loss)
      board.scalar("validation_loss", record.validation_loss->value, record.epoch);
    for (const auto& [name, value] : record.metrics) board.scalar(name, value, record.epoch);
    for (const auto& [name, value] : record.validation_metrics)
      board.scalar(fmt::format("validation_{}", name), value, record.epoch);
    if (!std::isnan(record.rate)) board.scalar("rate", record.rate, record.epoch);
    if (!std::isnan(record.gradient_norm))
      board.scalar("gradient_norm", record.gradient_norm, record.epoch);
    board.flush();
  };
  const auto step = [&board](Run&, const StepRecord& record) {
    board.scalar("step/loss", record.loss, record.step);
  };
  return {.after_step = step, .after_epoch = epoch};
}

}  // namespace wengert
