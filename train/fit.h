// SPDX-License-Identifier: MIT
// Training: the loop over epochs and batches with what belongs to it (validation, progress, early
// stopping, resuming). `fit` trains one model with one optimizer; `train` runs any step. Both are
// built from public pieces; the loop itself is one screen in fit.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../data/dataset.h"
#include "../data/loader.h"
#include "../nn/loss_function.h"
#include "../nn/metric_function.h"
#include "../optim/adam.h"
#include "../optim/any_optimizer.h"
#include "../optim/schedule.h"
#include "early_stopping.h"
#include "evaluate.h"
#include "history.h"
#include "model_ref.h"
#include "training_state.h"

namespace wengert {

/// What callbacks see of a training, and may ask of it.
struct Run {
  const History& history;
  std::int64_t epoch = 0;  ///< from 1
  std::int64_t step = 0;   ///< from 1, over all epochs
  std::int64_t epochs = 0;
  std::int64_t steps_per_epoch = 0;
  const TrainingState& state;

  /// Ends the training when this step or epoch is over; `reason` becomes history.stopped.
  void stop(std::string reason) {
    stopped = reason.empty() ? "stopped by a callback" : std::move(reason);
  }
  std::string stopped = {};
};

/// Functions that are called on the way; any of them may be left out.
struct Callback {
  std::function<void(Run&)> before_epoch = {};
  std::function<void(Run&, const StepRecord&)> after_step = {};
  std::function<void(Run&, const EpochRecord&)> after_epoch = {};
  std::function<void(Run&)> at_end = {};
};

enum class Show { automatic, nothing };  ///< a live line on a terminal, plain lines elsewhere

struct FitOptions {
  Loss loss = mse;
  AnyOptimizer optimizer = Adam();
  std::size_t epochs = 1;
  std::size_t batch = 32;
  data::Dataset validation = {};
  /// In place of `validation`: this share of the samples, the last ones, is kept aside.
  double validation_share = 0.0;
  std::vector<Metric> metrics = {};
  /// Also measures the loss of the training set after every epoch, in inference mode: what the
  /// validation loss may be compared with (EpochRecord::settled_loss). Costs a pass over the data.
  bool settled_loss = false;
  Schedule schedule = {};
  std::optional<EarlyStopping::Options> early_stopping = {};
  /// File (.safetensors or .npz) that always holds the model of the best epoch.
  std::string best = {};
  /// Folder in which the state of the training is kept. If it holds one, the training goes on
  /// there: seed, batch, shuffle, drop_last, loss, optimizer and data have to be the same, while
  /// rate, schedule and number of epochs may be others. A schedule of another kind than the saved
  /// one starts fresh. If one of the two files in it is damaged, the other one is gone on from, and
  /// the standard error stream says so.
  std::string resume = {};
  /// What else `resume` keeps, of callbacks say: TrainingState().add("average", ema). It is saved
  /// and restored, no more: schedule, `best` and early stopping concern the model and the optimizer
  /// of this fit alone.
  TrainingState also = {};
  /// Steps between two savings; 0: at the end of every epoch.
  std::size_t save_every = 0;
  std::uint64_t seed = 1;  ///< of the order of the samples
  bool shuffle = true;
  bool drop_last = false;  ///< leave out an epoch's last batch if it is not full
  std::vector<data::Augmentation> augment = {};  ///< applied to each batch, in this order
  std::vector<Callback> callbacks = {};
  Show show = Show::automatic;
  /// Steps between two records of the statistics of every parameter; 0: about 1000 in all.
  std::size_t statistics_every = 0;
};

/// Trains `model` on `data` and returns what happened. The weights are those of the last epoch, or
/// of the best if early stopping is asked for. A loss that is no number ends the training before it
/// touches the weights, and so does a gradient that is not finite. Ctrl-C ends it after the epoch,
/// twice after the step; fit returns then too, and history.interrupted() says so to a loop of fits,
/// also if the epoch was the last one anyway.
/// A model that takes a mask (Recurrent, or a Sequential that has one; `model(x, mask)` of one's
/// own) is given that of padded data, data::sequences: each sequence then counts as it would alone,
/// in the way Keras's Masking does it, but from the lengths and not from a value of the inputs.
/// Without validation, early stopping, Plateau and `best` judge the training loss. Sample weights
/// are those of the loss, normalised over the whole data set; metrics take no weights, and of
/// padded sequences with a target each step the real steps only, by which epochs weigh their steps.
/// Errors: ValueError for options that make no sense, nothing to train, or a model that uses
/// parameters, a Dropout or a BatchNorm that it does not list or gives two members one name; what
/// the model, the loss, the optimizer and the files throw.
History fit(const ModelRef& model, const data::Dataset& data, const FitOptions& options);
inline History fit(const ModelRef& model, const Tensor& inputs, const Tensor& targets,
                   const FitOptions& options) {
  return fit(model, data::Dataset(inputs, targets), options);
}

/// What one training step did.
struct StepResult {
  double loss = not_measured;
  /// Other numbers worth seeing, e.g. the generator's loss.
  std::vector<std::pair<std::string, double>> metrics = {};
  double gradient_norm = not_measured;
  double clip_factor = 1.0;
  std::vector<GroupStatistics> groups = {};
  /// How much the step counts in the epoch's means, if not by its samples: real steps of padded
  /// sequences.
  double counted = not_measured;
};

/// A training of one's own: two models, two optimizers, whatever a step may be.
struct TrainingStep {
  std::function<StepResult(const data::Batch&)> step;
  /// What to measure after every epoch.
  std::function<Evaluation()> validate = {};
  /// Mean loss of the training set, measured after every epoch.
  std::function<Estimate()> settled_loss = {};
  /// What changes; needed for resuming, early stopping and schedules.
  TrainingState state = {};
};

/// The loop of `fit` around a step of one's own. Of the options, those that say what a step of
/// `fit` does (loss, optimizer, metrics, validation, settled_loss, also) are not read.
History train(const TrainingStep& training, const data::Dataset& data, const FitOptions& options);

}  // namespace wengert
