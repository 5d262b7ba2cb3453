// SPDX-License-Identifier: MIT
#include "lessons.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <wengert/data/digits.h>
#include <wengert/nn/dropout.h>
#include <wengert/optim/adam.h>
#include <wengert/optim/sgd.h>
#include <wengert/train/statistics.h>
#include <wengert/wengert.h>

namespace wg = wengert;

namespace {

struct Samples {
  wg::Tensor x, y;
};

struct Task {
  Samples train, validation;
  std::size_t in = 64, out = 10;
};

Task make_task(const Lesson& lesson, wg::Rng& rng) {
  const std::size_t n = lesson.samples, m = lesson.validation;
  if (lesson.task == Lesson::Task::curve) {
    const auto draw = [&](std::size_t count) {
      const wg::Tensor x = rng.uniform({count, 1}, -1, 1);
      const wg::Var y = wg::sin(3 * wg::Var(x)) + 0.2 * wg::Var(rng.normal({count, 1}));
      return Samples{x, y.value()};
    };
    Samples train = draw(n);
    return {std::move(train), draw(m), 1, 1};
  }
  const auto split = wg::data::split(wg::data::digits(), static_cast<double>(m) / 1797.0, rng);
  Task task{{split.train.images.rows(0, n), split.train.labels.rows(0, n)},
            {split.test.images, split.test.labels}};
  if (lesson.validation_scale != 1)
    task.validation.x = (lesson.validation_scale * wg::Var(task.validation.x)).value();
  if (lesson.task == Lesson::Task::autoencoder) {
    task.train.y = task.train.x;
    task.validation.y = task.validation.x;
    task.out = 64;
  } else {
    const wg::Tensor random = rng.integers(0, 10, {n});
    const wg::Tensor wrong = rng.bernoulli({n}, lesson.wrong_labels);
    const auto labels = task.train.y.mutable_data<std::int64_t>();
    for (std::size_t i = 0; i < n; ++i)
      if (wrong.data<float>()[i] != 0) labels[i] = random.data<std::int64_t>()[i];
  }
  return task;
}

struct Model {
  wg::Linear first, second;
  wg::Dropout drop;
  bool smooth;
  wg::Var operator()(const wg::Var& x) const {
    const wg::Var h = smooth ? wg::tanh(first(x)) : wg::relu(first(x));
    return second(drop(h));
  }
  static void members(auto& self, auto&& visit) {
    visit("first", self.first);
    visit("second", self.second);
    visit("drop", self.drop);
  }
};

wg::Var loss_of(const Lesson& lesson, const wg::Var& output, const wg::Var& y) {
  return lesson.task == Lesson::Task::digits ? wg::cross_entropy(output, y) : wg::mse(output, y);
}

/// Mean over the samples in inference mode, and its standard error from groups of them.
wg::Estimate measure(const Lesson& lesson, const Model& model, const Samples& samples) {
  const std::size_t n = samples.x.shape()[0];
  const std::size_t length = std::max<std::size_t>(1, n / 40);
  const wg::Tensor output = model(samples.x).value();
  double sum = 0, squares = 0, groups = 0;
  for (std::size_t i = 0; i + length <= n; i += length) {
    const double loss =
        loss_of(lesson, output.rows(i, i + length), samples.y.rows(i, i + length)).item();
    sum += loss;
    squares += loss * loss;
    ++groups;
  }
  const double mean = sum / groups;
  const double variance = std::max(0.0, squares / groups - mean * mean);
  return {mean, std::sqrt(variance / (groups - 1))};
}

}  // namespace

wg::History teach(const Lesson& lesson) {
  wg::Rng rng{lesson.seed};
  const Task task = make_task(lesson, rng);
  const bool smooth = lesson.task != Lesson::Task::digits;
  Model model{
      {task.in, lesson.hidden, rng}, {lesson.hidden, task.out, rng}, {lesson.dropout, rng}, smooth};
  if (lesson.initial_bias != 0)
    model.first.bias.set(wg::full({lesson.hidden}, lesson.initial_bias));
  wg::Adam adam{{.rate = lesson.rate}};
  wg::Sgd sgd{{.rate = lesson.rate}};

  wg::History history{.loss_name = lesson.task == Lesson::Task::digits ? "cross_entropy" : "mse",
                      .optimizer = lesson.adam ? "adam" : "sgd",
                      .stopped = "all epochs done",
                      .seed = lesson.seed,
                      .batch = lesson.batch,
                      .samples = lesson.samples,
                      .validation_samples = lesson.validation,
                      .has_dropout = lesson.dropout > 0};
  const std::size_t per_epoch = lesson.samples / lesson.batch;
  const auto total_steps = static_cast<double>(per_epoch * lesson.epochs);
  for (std::size_t epoch = 1; epoch <= lesson.epochs; ++epoch) {
    const wg::Tensor order = rng.permutation(lesson.samples);
    const std::size_t first_step = history.steps.size();
    double total = 0;
    double rate = lesson.rate;
    for (std::size_t i = 0; i < per_epoch; ++i) {
      const double done = static_cast<double>(history.steps.size()) / total_steps;
      if (lesson.anneal) rate = lesson.rate * 0.5 * (1 + std::cos(std::numbers::pi * done));
      adam.options().rate = rate;
      sgd.options().rate = rate;
      const wg::Tensor rows = order.rows(i * lesson.batch, (i + 1) * lesson.batch);
      wg::Tape tape;
      const auto loss = loss_of(lesson, model(tape.input(wg::take(task.train.x, rows))),
                                wg::take(task.train.y, rows));
      const auto gradients = tape.backward(loss);
      std::vector<wg::Tensor> before;
      for (const wg::Parameter* p : wg::parameters(model)) before.push_back(p->value());
      if (lesson.adam) adam.update(model, gradients);
      else sgd.update(model, gradients);
      wg::StepRecord step{.step = static_cast<std::int64_t>(history.steps.size() + 1),
                          .epoch = static_cast<std::int64_t>(epoch),
                          .loss = loss.item(),
                          .rate = rate};
      double squares = 0;
      for (const wg::Parameter* p : wg::parameters(model)) {
        step.groups.push_back(wg::group_statistics(p->name(), gradients[*p].value(),
                                                   before[step.groups.size()], p->value()));
        squares += std::pow(step.groups.back().gradient_norm, 2);
      }
      step.gradient_norm = std::sqrt(squares);
      total += step.loss;
      history.steps.push_back(std::move(step));
    }
    if (epoch == lesson.jolt) {
      const wg::Tensor w = model.second.weight.value();
      model.second.weight.set((wg::Var(w) + 1.0 * wg::Var(rng.normal(w.shape()))).value());
    }
    const std::span<const wg::StepRecord> steps(history.steps.data() + first_step, per_epoch);
    wg::EpochRecord record{.epoch = static_cast<std::int64_t>(epoch),
                           .loss = total / static_cast<double>(per_epoch),
                           .rate = rate,
                           .samples = per_epoch * lesson.batch,
                           .groups = wg::mean_statistics(steps)};
    record.gradient_norm = 0;
    for (const auto& step : steps)
      record.gradient_norm += step.gradient_norm / static_cast<double>(per_epoch);
    if (lesson.validation > 0) record.validation_loss = measure(lesson, model, task.validation);
    if (lesson.settled) record.settled_loss = measure(lesson, model, task.train);
    history.epochs.push_back(std::move(record));
    if (!std::isfinite(total)) {
      history.stopped = "the loss is not finite";
      break;
    }
  }
  return history;
}
