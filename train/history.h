// SPDX-License-Identifier: MIT
// What a training leaves behind: plain records that a loop fills and that curves, reports and
// diagnoses read. What could not be or was not measured is NaN or absent, never 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/shape.h"
#include "../nn/estimate.h"

namespace wengert {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// One group of parameters (one parameter by default) in one step, or the mean over an epoch.
struct GroupStatistics {
  std::string name = {};                ///< the parameter's path
  double gradient_norm = not_measured;  ///< |g|, Euclidean
  double weight_norm = not_measured;    ///< |w|
  double update_ratio = not_measured;   ///< |change of w| / |w before|
  // Shares of the gradient's elements, 0 to 1.
  double zero = not_measured;
  double denormal = not_measured;
  double nonfinite = not_measured;
};

struct StepRecord {
  std::int64_t step = 0;   ///< from 1, over all epochs
  std::int64_t epoch = 0;  ///< from 1
  std::size_t samples = 0;
  double loss = not_measured;
  std::map<std::string, double> metrics = {};  ///< of this batch, before the step
  double rate = not_measured;                  ///< learning rate
  double gradient_norm = not_measured;         ///< of all parameters together, before clipping
  double clip_factor = 1.0;  ///< what the gradient was multiplied with; 1: not clipped
  double seconds = not_measured;
  std::vector<GroupStatistics> groups = {};  ///< may be empty
  /// What it counts by in the epoch's means: samples, or real steps where padded sequences have a
  /// target each step. Not measured: its samples.
  double counted = not_measured;
};

struct EpochRecord {
  std::int64_t epoch = 0;  ///< from 1
  /// Mean over the epoch's steps, while the weights change and dropout is on.
  double loss = not_measured;
  /// After the epoch, in inference mode; its error is that of the mean over samples, NaN for custom
  /// losses.
  std::optional<Estimate> validation_loss = {};
  /// Of the training set after the epoch, in inference mode: what validation_loss may be compared
  /// with. Costs a pass over the data, so it is often absent.
  std::optional<Estimate> settled_loss = {};
  std::map<std::string, Estimate> metrics = {};  ///< on the training set
  std::map<std::string, Estimate> validation_metrics = {};
  double rate = not_measured;           ///< learning rate at the epoch's end
  double gradient_norm = not_measured;  ///< mean over the steps
  double seconds = not_measured;        ///< of the training steps
  double validation_seconds = not_measured;
  std::size_t samples = 0;                   ///< seen in this epoch
  std::vector<GroupStatistics> groups = {};  ///< means over the steps
};

/// Which data were used: enough to tell whether two runs saw the same.
struct DataRecord {
  std::string name = {};   ///< "training inputs"
  Shape shape = {};        ///< of all samples together, [n, ...]
  std::string dtype = {};  ///< "f32"
  std::string sum = {};    ///< see fingerprint() in train/fingerprint.h
};

struct History {
  std::string loss_name = {};            ///< "bce_from_logits"
  std::optional<double> floor = {};      ///< what the loss cannot go below, if it is known
  std::string optimizer = {};            ///< "adadelta"
  std::vector<StepRecord> steps = {};    ///< may be empty
  std::vector<EpochRecord> epochs = {};  ///< those that were completed
  std::string stopped = {};              ///< why it ended: "all 20 epochs done"
  std::uint64_t seed = 0;                ///< of the order of the samples
  std::size_t batch = 0;                 ///< samples a step
  bool shuffle = true;                   ///< in another order each epoch
  bool drop_last = false;                ///< without a last batch that is not full
  std::size_t samples = 0;               ///< training samples
  std::size_t validation_samples = 0;    ///< 0: no validation
  bool has_dropout = false;              ///< the model acts differently while training
  bool has_augmentation = false;         ///< batches were changed before they were trained on
  std::vector<DataRecord> data = {};     ///< the first is the training inputs

  /// Ctrl-C or SIGTERM came, even if the training ended for another reason: then `stopped` says
  /// "all 20 epochs done; interrupted". A loop over several trainings ends as well.
  bool interrupted() const {
    return stopped.starts_with("interrupted") || stopped.ends_with("; interrupted");
  }
};

/// Everything, as JSON; numbers keep every bit, NaN and the infinities are strings.
std::string to_json(const History& history);
/// The History that to_json wrote; fields that older versions did not write are as in a History{}.
/// Errors: ValueError naming the field that is missing or of another kind, or the place where the
/// text stops being JSON.
History history_from_json(std::string_view text);

/// One row an epoch, columns named in the first line: "epoch", "loss", "validation_loss",
/// "validation_loss_error", ..., "metric accuracy", "gradient_norm 0.weight", ... What no epoch has
/// is no column, what this one lacks an empty cell. Replaces the file in one piece.
/// Errors: FileError if it cannot be written.
void write_csv(const History& history, const std::string& path);
/// One row a step, otherwise the same.
void write_steps_csv(const History& history, const std::string& path);

}  // namespace wengert
