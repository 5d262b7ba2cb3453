// SPDX-License-Identifier: MIT
#include "fit.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "../graph/denormals.h"
#include "../graph/error.h"
#include "../nn/save.h"
#include "batch_weighting.h"
#include "fingerprint.h"
#include "interrupt.h"
#include "loop_state.h"
#include "ordinary_step.h"
#include "progress.h"
#include "resume.h"

namespace wengert {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Found out before the training, not after its first epoch.
void require_writable(const std::string& file) {
  namespace fs = std::filesystem;
  if (!file.ends_with(".safetensors") && !file.ends_with(".npz"))
    throw ValueError(fmt::format(
        "fit: .best is '{}', which ends neither in .safetensors nor in .npz, the two kinds written "
        "here",
        file));
  const fs::path folder = fs::absolute(file).parent_path();
  if (!fs::is_directory(folder) || access(folder.c_str(), W_OK) != 0)
    throw FileError(fmt::format("fit: .best is '{}', and its folder cannot be written to", file));
}

void check(const FitOptions& options) {
  if (options.epochs == 0) throw ValueError("fit: 0 epochs train nothing; give .epochs");
  if (options.batch == 0) throw ValueError("fit: a batch needs at least one sample");
  if (!(options.validation_share >= 0.0 && options.validation_share < 1.0))
    throw ValueError(
        fmt::format("fit: validation_share lies in [0, 1), got {}", options.validation_share));
  if (options.validation_share > 0.0 && options.validation.size() > 0)
    throw ValueError("fit: give .validation or .validation_share, not both");
  if (options.early_stopping && !std::isfinite(options.early_stopping->min_delta))
    throw ValueError(
        fmt::format("fit: early_stopping.min_delta is {}, and no gain can be that large",
                    options.early_stopping->min_delta));
  std::set<std::string> names;
  for (const Metric& metric : options.metrics) {
    if (metric.name().find('\n') != std::string::npos)
      throw ValueError(
          fmt::format("fit: the metric '{}' has a line break in its name", metric.name()));
    if (!names.insert(metric.name()).second)
      throw ValueError(fmt::format(
          "fit: two metrics are called '{}'; give each a name: Metric(\"name\", function)",
          metric.name()));
  }
  if (!options.best.empty()) require_writable(options.best);
  if (options.save_every > 0 && options.resume.empty())
    throw ValueError("fit: save_every needs the folder .resume to save to");
}

constexpr std::string_view failure = "failed:";
constexpr std::string_view interrupted_too = "; interrupted";

/// One training, from the first step (or from where a saved one stopped) to the end.
class Loop {
 public:
  /// `also` is saved and restored with the training, and nothing else.
  Loop(const TrainingStep& training, const TrainingState& also, const data::Dataset& data,
       const FitOptions& options)
      : training_(training),
        options_(options),
        loader_(data, {.batch = options.batch,
                       .seed = options.seed,
                       .shuffle = options.shuffle,
                       .drop_last = options.drop_last,
                       .augment = options.augment}),
        everything_(TrainingState(training.state).append(also)),
        saved_(everything_),
        schedule_(options.schedule),
        run_{.history = state_.history, .state = everything_},
        progress_("epoch", options.epochs,
                  options.show == Show::nothing ? Progress::Display::nothing
                                                : Progress::Display::automatic) {
    run_.epochs = static_cast<std::int64_t>(options.epochs);
    run_.steps_per_epoch = static_cast<std::int64_t>(loader_.batches());
    if (options.early_stopping) state_.stopping = EarlyStopping(*options.early_stopping);
    for (const Optimizer* optimizer : training.state.optimizers())
      base_rates_.push_back(optimizer->rate());
    saved_.add("schedule", schedule_)
        .add(
            "loop", [this] { return state_.keep(); },
            [this](const Snapshot& from) { state_.take(from); });
  }

  History run(History start) {
    state_.history = std::move(start);
    const FlushDenormals flush;
    if (!options_.resume.empty()) resume();
    while (!state_.over) run_epoch();
    if (restores_best()) training_.state.restore_weights(state_.best);
    call(&Callback::at_end);
    note_interrupt();
    return std::move(state_.history);
  }

 private:
  void run_epoch() {
    run_.epoch = state_.epoch;
    if (state_.batches_done == 0) call(&Callback::before_epoch);
    for (const data::Batch& batch : loader_.epoch(static_cast<std::uint64_t>(state_.epoch),
                                                  static_cast<std::size_t>(state_.batches_done))) {
      if (stopped()) break;
      run_step(batch);
      if (options_.save_every > 0 &&
          run_.step % static_cast<std::int64_t>(options_.save_every) == 0)
        save();
    }
    if (state_.batches_done == run_.steps_per_epoch && !failed()) finish_epoch();
    note_interrupt();
    state_.over = stopped();
    save();
  }

  void run_step(const data::Batch& batch) {
    ++run_.step;
    for (std::size_t i = 0; i < base_rates_.size(); ++i)
      training_.state.optimizers()[i]->set_rate(schedule_.rate(
          base_rates_[i], {run_.step - 1, run_.epoch - 1, run_.steps_per_epoch, run_.epochs}));
    const Clock::time_point start = Clock::now();
    StepResult result = training_.step(batch);
    StepRecord record{
        .step = run_.step,
        .epoch = run_.epoch,
        .samples = batch.size(),
        .loss = result.loss,
        .metrics = {result.metrics.begin(), result.metrics.end()},
        .rate = rate(),
        .gradient_norm = result.gradient_norm,
        .clip_factor = result.clip_factor,
        .seconds = seconds_since(start),
        .groups = std::move(result.groups),
        .counted = std::isnan(result.counted) ? static_cast<double>(batch.size()) : result.counted};
    ++state_.batches_done;
    if (bad(record))
      run_.stop(fmt::format("{} {} at step {} (epoch {}); the weights are those before it", failure,
                            std::isfinite(result.loss)
                                ? "the gradient was not finite"
                                : fmt::format("the loss was {}", result.loss),
                            run_.step, run_.epoch));
    if (!stopped() && interrupt_.after_step())
      run_.stop(fmt::format("interrupted at step {}", run_.step));
    state_.history.steps.push_back(std::move(record));
    call(&Callback::after_step, state_.history.steps.back());
    progress_.step(static_cast<std::size_t>(state_.batches_done), loader_.batches(), batch.size(),
                   fmt::format("loss {:.4g}", result.loss));
  }

  void finish_epoch() {
    EpochRecord record = summarize_epoch(state_.epoch, state_.history.steps);
    if (training_.validate) {
      const Clock::time_point start = Clock::now();
      const Evaluation validation = training_.validate();
      record.validation_loss = validation.loss;
      record.validation_metrics = validation.metrics;
      record.validation_seconds = seconds_since(start);
    }
    if (training_.settled_loss) record.settled_loss = training_.settled_loss();
    const double judged = record.validation_loss ? record.validation_loss->value : record.loss;
    schedule_.observe(judged);
    const bool best = state_.stopping.observe(state_.epoch, judged);
    if (best && options_.early_stopping) state_.best = training_.state.weights();
    if (best && !options_.best.empty()) save_best();
    state_.history.epochs.push_back(std::move(record));
    call(&Callback::after_epoch, state_.history.epochs.back());
    show_epoch(state_.history.epochs.back());
    end_if_done();
    ++state_.epoch;
    state_.batches_done = 0;
  }

  void show_epoch(const EpochRecord& epoch) {
    std::string text = fmt::format("loss {:.4g}", epoch.loss);
    for (const auto& [name, value] : epoch.metrics)
      text += fmt::format("  {} {:.4g}", name, value.value);
    if (epoch.validation_loss)
      text += fmt::format("  validation {:.4g}", epoch.validation_loss->value);
    for (const auto& [name, value] : epoch.validation_metrics)
      text += fmt::format("  {} {}", name, to_string(value));
    progress_.show(static_cast<std::size_t>(epoch.epoch), text);
  }

  void end_if_done() {
    if (stopped()) return;
    if (run_.epoch == run_.epochs) {
      run_.stop(all_done());
    } else if (ended_for_good()) {
      run_.stop(nothing_better());
    } else if (interrupt_.after_epoch()) {
      run_.stop(fmt::format("interrupted after epoch {}", run_.epoch));
    }
  }

  std::string all_done() const { return fmt::format("all {} epochs done", run_.epochs); }
  std::string nothing_better() const {
    return fmt::format("early stopping: nothing better than epoch {} for {} epochs",
                       state_.stopping.state().best_epoch, state_.stopping.state().waited);
  }

  // Whatever else ended the training, a loop over several of them has to learn of a Ctrl-C.
  void note_interrupt() {
    if (stopped() && interrupt_.after_epoch() && !run_.stopped.starts_with("interrupted") &&
        !run_.stopped.ends_with(interrupted_too))
      run_.stopped += interrupted_too;
    state_.history.stopped = run_.stopped;
  }
  // Why a training is over that was over when it was saved: the Ctrl-C of then is none of now.
  std::string reason_without_interrupt(std::string reason) const {
    if (reason.ends_with(interrupted_too)) reason.resize(reason.size() - interrupted_too.size());
    if (!reason.starts_with("interrupted")) return reason;
    return ended_for_good() ? nothing_better() : all_done();
  }

  bool restores_best() const {
    return options_.early_stopping && options_.early_stopping->restore_best &&
           !state_.best.tensors.empty();
  }

  // A file that is there has what is asked for; what differs would silently be another training.
  void resume() {
    files_.emplace(options_.resume);
    const std::optional<Snapshot> found = files_->latest();
    if (!found) return;
    if (!files_->remark().empty())
      std::fputs(fmt::format("wengert: {}; the training goes on from the other file, which may be "
                             "older\n",
                             files_->remark())
                     .c_str(),
                 stderr);
    const History& asked = state_.history;
    const History was = LoopState::history_in(*found, "loop");
    require_same(was, asked);
    if (was.stopped.starts_with(failure))
      throw ValueError(fmt::format(
          "fit: the training kept in '{}' ended badly: {}; remove the folder or use another",
          options_.resume, was.stopped));
    saved_.restore(*found);
    run_.step = static_cast<std::int64_t>(state_.history.steps.size());
    // One that was interrupted goes on, and so does one that was to have fewer epochs.
    state_.over = state_.epoch > run_.epochs || ended_for_good();
    if (state_.over) state_.history.stopped = run_.stopped = reason_without_interrupt(was.stopped);
    progress_.begin_at(static_cast<double>(state_.epoch - 1) +
                       static_cast<double>(state_.batches_done) /
                           static_cast<double>(run_.steps_per_epoch));
  }
  void require_same(const History& was, const History& asked) const {
    const auto same = [&](const char* what, const auto& before, const auto& now) {
      if (before != now)
        throw ValueError(
            fmt::format("fit: the training kept in '{}' is another: its {} was {}, now it is {}; "
                        "use another folder",
                        options_.resume, what, before, now));
    };
    same("seed", was.seed, asked.seed);
    same("batch", was.batch, asked.batch);
    same("shuffle", was.shuffle, asked.shuffle);
    same("drop_last", was.drop_last, asked.drop_last);
    same("number of samples", was.samples, asked.samples);
    same("number of validation samples", was.validation_samples, asked.validation_samples);
    same("loss", was.loss_name, asked.loss_name);
    same("optimizer", was.optimizer, asked.optimizer);
    same("list of data", names(was.data), names(asked.data));
    for (std::size_t i = 0; i < was.data.size(); ++i)
      same(("sum of the " + asked.data[i].name).c_str(), was.data[i].sum, asked.data[i].sum);
  }
  static std::string names(const std::vector<DataRecord>& data) {
    std::vector<std::string> all;
    for (const DataRecord& record : data) all.push_back(record.name);
    return fmt::format("{}", fmt::join(all, ", "));
  }
  bool ended_for_good() const { return options_.early_stopping && state_.stopping.wants_to_stop(); }

  void save() {
    if (files_) files_->write(saved_.snapshot());
  }
  void save_best() const {
    const bool several = training_.state.models().size() > 1;
    std::map<std::string, Tensor> weights;
    for (const auto& [name, value] : training_.state.weights().tensors) {
      // "model/parameter layers.0.weight"
      const std::string model = name.substr(0, name.find('/'));
      const std::string path = name.substr(name.find(' ', name.find('/')) + 1);
      weights[several ? fmt::format("{}.{}", model, path) : path] = value;
    }
    detail::save_state(weights, options_.best);
  }

  static bool bad(const StepRecord& step) {
    return !std::isfinite(step.loss) || (std::isinf(step.gradient_norm) && step.clip_factor != 0.0);
  }
  bool failed() const { return !state_.history.steps.empty() && bad(state_.history.steps.back()); }
  void call(auto member, const auto&... arguments) {
    for (const Callback& callback : options_.callbacks)
      if (callback.*member) (callback.*member)(run_, arguments...);
  }
  bool stopped() const { return !run_.stopped.empty(); }
  double rate() const {
    return base_rates_.empty() ? not_measured : training_.state.optimizers().front()->rate();
  }

  const TrainingStep& training_;
  const FitOptions& options_;
  const data::BatchLoader loader_;
  LoopState state_;
  TrainingState everything_;  ///< that the user knows of: of the training, and what is kept beside
  TrainingState saved_;       ///< and the loop's own
  std::vector<double> base_rates_;
  Schedule schedule_;
  Run run_;
  std::optional<ResumeFiles> files_;
  Progress progress_;
  Interrupt interrupt_;
};

History begin_history(const data::Dataset& data, const FitOptions& options) {
  return {.seed = options.seed,
          .batch = options.batch,
          .shuffle = options.shuffle,
          .drop_last = options.drop_last,
          .samples = data.size(),
          .has_augmentation = !options.augment.empty()};
}

void record(std::vector<DataRecord>& records, const std::string& which, const data::Dataset& data) {
  if (data.empty()) return;
  records.push_back(data_record(which + " inputs", data.inputs));
  if (!data.targets_are_inputs()) records.push_back(data_record(which + " targets", data.targets));
  if (data.weights.defined()) records.push_back(data_record(which + " weights", data.weights));
  if (data.lengths.defined()) records.push_back(data_record(which + " lengths", data.lengths));
}

}  // namespace

History train(const TrainingStep& training, const data::Dataset& data, const FitOptions& options) {
  check(options);
  if (!training.step) throw ValueError("train: there is no step to run");
  if (training.state.models().empty() &&
      (!options.resume.empty() || !options.best.empty() || options.early_stopping))
    throw ValueError(
        "train: .resume, .best and .early_stopping need to know what changes; give .state = "
        "TrainingState().add(\"model\", model)...");
  History start = begin_history(data, options);
  record(start.data, "training", data);
  return Loop(training, {}, data, options).run(std::move(start));
}

namespace {

struct Parts {
  data::Dataset training, validation;
};
/// The last samples are kept aside before any shuffling, as Keras does.
Parts parts_of(const data::Dataset& data, const FitOptions& options) {
  if (options.validation_share == 0.0) return {data, options.validation};
  const auto kept = static_cast<std::size_t>(
      std::llround(static_cast<double>(data.size()) * (1.0 - options.validation_share)));
  if (kept == 0 || kept == data.size())
    throw ValueError(fmt::format("fit: validation_share {} of {} samples leaves one part empty",
                                 options.validation_share, data.size()));
  return {data.rows(0, kept), data.rows(kept, data.size())};
}

}  // namespace

History fit(const ModelRef& model, const data::Dataset& data, const FitOptions& options) {
  check(options);
  const Parts parts = parts_of(data, options);
  if (parts.training.empty()) throw ValueError("fit: the data set has no samples");
  model(parts.training.rows(0, 1).inputs);  // a first look gives every layer its sizes
  AnyOptimizer optimizer = options.optimizer;
  if (!parts.validation.empty()) model(parts.validation.rows(0, 1).inputs);
  TrainingStep training{.step = detail::OrdinaryStep(model, *optimizer, options, parts.training)};
  training.state.add_model("model", model).add("optimizer", *optimizer, model);
  if (!parts.validation.empty())
    training.validate = [&] {
      return evaluate(model, parts.validation, options.loss, options.metrics);
    };
  if (options.settled_loss)
    training.settled_loss = [&] { return evaluate(model, parts.training, options.loss).loss; };
  History start = begin_history(parts.training, options);
  start.loss_name = options.loss.name();
  start.optimizer = optimizer->name();
  start.validation_samples = parts.validation.size();
  start.has_dropout = !model.generators().empty();
  start.floor = detail::floor_of(options.loss, parts.training);
  record(start.data, "training", parts.training);
  record(start.data, "validation", parts.validation);
  return Loop(training, options.also, parts.training, options).run(std::move(start));
}

}  // namespace wengert
