// SPDX-License-Identifier: MIT
// Losses of single steps, and that a padded batch has the loss and gradient of its sequences alone.
#include <cmath>
#include <limits>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/step_lists.h>
#include <wengert/nn/recurrent/step_losses.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

enum class How { mean, sum, last, weights };

Var reduced(const StepLosses& losses, How how) {
  if (how == How::mean) return reduce(losses);
  if (how == How::sum) return reduce(losses, StepReduction::sum);
  if (how == How::last) return reduce(losses, StepReduction::last);
  StepWeights weights;
  for (std::size_t t = 0; t < losses.values.size(); ++t)
    weights.values.push_back(1.0 + 0.5 * static_cast<double>(t));
  return reduce(losses, weights);
}

/// A net [T, batch, 3] -> loss against fixed targets [T, batch, 2].
struct Task {
  Stacked<GruCell, Linear> net;
  Tensor targets;
  Tensor mask;
  How how = How::mean;
  Var operator()(const Var& x) const {
    const auto run = unroll(net, x, {.mask = mask, .fused = false});
    return reduced(step_losses(mse, run.y, Tensor(targets.to(x.dtype())), mask), how);
  }
  static void members(auto& self, auto&& visit) { visit("net", self.net); }
};

Task task_of(Rng& rng, const Tensor& targets, How how = How::mean) {
  Task task{Stacked{GruCell{3, 4, rng}, Linear{4, 2, rng}}, targets, {}, how};
  return task;
}

Tensor sequence(const Tensor& batch, std::size_t b, std::size_t steps) {
  const auto at = static_cast<std::int64_t>(b);
  return slice(slice(Var(batch), 1, at, at + 1), 0, 0, static_cast<std::int64_t>(steps)).value();
}

}  // namespace

TEST_CASE(
    "a padded batch has the loss and the gradients of its sequences alone, whatever pads it") {
  Rng rng{5};
  const std::size_t lengths[] = {6, 2, 4};
  const double real = 12.0;
  Tensor x = rng.normal({6, 3, 3}, f64), targets = rng.normal({6, 3, 2}, f64);
  const double padding = GENERATE(0.0, 1e3);  // targets may even hold NaN there
  const double of_targets = padding == 0.0 ? 0.0 : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t t = 0; t < 6; ++t)
    for (std::size_t b = 0; b < 3; ++b)
      if (t >= lengths[b]) {
        for (std::size_t k = 0; k < 3; ++k) x.mutable_data<double>()[(t * 3 + b) * 3 + k] = padding;
        for (std::size_t k = 0; k < 2; ++k)
          targets.mutable_data<double>()[(t * 3 + b) * 2 + k] = of_targets;
      }
  Task padded = task_of(rng, targets);
  to(padded, f64);
  padded.mask = sequence_mask(lengths);
  for (const How how : {How::mean, How::sum, How::last, How::weights}) {
    padded.how = how;
    Tape tape;
    const Var loss = padded(tape.input(x));
    const Gradients whole = tape.backward(loss);

    double weight_of_all = 0.0;
    for (const std::size_t length : lengths)
      for (std::size_t t = 0; t < length; ++t) weight_of_all += 1.0 + 0.5 * static_cast<double>(t);
    double value = 0.0;
    std::vector<Tensor> total;
    for (const Parameter* parameter : parameters(padded))
      total.push_back(zeros_like(parameter->value()));
    for (std::size_t b = 0; b < 3; ++b) {
      double own_weight = 0.0;
      for (std::size_t t = 0; t < lengths[b]; ++t) own_weight += 1.0 + 0.5 * static_cast<double>(t);
      const double share = how == How::mean      ? static_cast<double>(lengths[b]) / real
                           : how == How::weights ? own_weight / weight_of_all
                                                 : 1.0 / 3.0;
      Task alone = padded;
      alone.mask = {};
      alone.targets = sequence(targets, b, lengths[b]);
      Tape own;
      const Var part = alone(own.input(sequence(x, b, lengths[b])));
      const Gradients gradients = own.backward(part);
      value += share * part.item();
      const std::vector<Parameter*> list = parameters(alone);
      for (std::size_t p = 0; p < list.size(); ++p)
        total[p] = (Var(total[p]) + share * gradients[*list[p]]).value();
    }
    INFO("reduction " << static_cast<int>(how));
    CHECK(std::abs(loss.item() - value) < 1e-14);
    const std::vector<Parameter*> list = parameters(padded);
    for (std::size_t p = 0; p < list.size(); ++p)
      CHECK(distance(whole[*list[p]].value(), total[p]) < 1e-14);
  }
}

TEST_CASE("the mean over steps is the loss of all steps at once with the same mask") {
  Rng rng{9};
  const std::size_t lengths[] = {4, 1, 3};
  const Tensor mask = sequence_mask(lengths, 5);
  const Tensor logits = rng.normal({5, 3, 4}, f64);
  const Tensor targets = rng.integers(0, 4, {5, 3});
  const auto at_once = cross_entropy(logits, targets, {.mask = mask}).item();
  const StepLosses losses = step_losses(cross_entropy, list_of_steps(logits), targets, mask);
  CHECK(reduce(losses).item() == Approx(at_once).epsilon(1e-14));
  CHECK(losses.values[4].item() == 0.0);
  CHECK(losses.real == std::vector<double>{1.0, 2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0, 0.0});

  const StepLosses plain = step_losses(cross_entropy, list_of_steps(logits), targets);
  CHECK(reduce(plain).item() == Approx(cross_entropy(logits, targets).item()).epsilon(1e-14));
  CHECK(reduce(std::span<const Var>(plain.values)).item() == reduce(plain).item());
  CHECK(reduce(std::span<const Var>(plain.values), StepReduction::last).item() ==
        plain.values[4].item());
}

TEST_CASE("a weight of 2 is the same as the step twice, and the weights' scale does not matter") {
  Rng rng{2};
  const Tensor y = rng.normal({3, 2, 2}, f64), target = rng.normal({3, 2, 2}, f64);
  const StepLosses losses = step_losses(mse, list_of_steps(y), target);
  const std::vector<Var>& l = losses.values;
  CHECK(reduce(losses, StepWeights{{1, 2, 0}}).item() ==
        Approx((l[0].item() + 2 * l[1].item()) / 3).epsilon(1e-15));
  CHECK(reduce(losses, StepWeights{{10, 20, 0}}).item() ==
        Approx(reduce(losses, StepWeights{{1, 2, 0}}).item()).epsilon(1e-15));
}

TEST_CASE("every reduction of step losses has the gradient it claims, masked or not") {
  Rng rng{3};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const Tensor x = rng.normal({steps, 2, 3});
    for (const How how : {How::mean, How::sum, How::last, How::weights})
      for (const Tensor& mask : {Tensor{}, sequence_mask(lengths)}) {
        Task task = task_of(rng, rng.normal({steps, 2, 2}), how);
        task.mask = mask;
        const CheckReport report = gradcheck(task, {x}, {.coordinates = 60});
        INFO("T = " << steps << (mask.defined() ? ", masked\n" : "\n") << to_string(report));
        CHECK(report.agrees());
      }
  }
}

TEST_CASE("step losses and their weights say which lists do not fit") {
  Rng rng{1};
  const std::vector<Var> ys = list_of_steps(rng.normal({3, 2, 2}));
  const std::vector<Var> two = list_of_steps(rng.normal({2, 2, 2}));
  CHECK_THROWS_WITH(step_losses(mse, ys, two), ContainsSubstring("3 outputs and 2 targets"));
  CHECK_THROWS_AS(step_losses(mse, ys, two), ShapeError);
  CHECK_THROWS_WITH(step_losses(mse, ys, Tensor(rng.normal({2, 2, 2}))),
                    ContainsSubstring("[3, batch, ...], got [2, 2, 2]"));
  CHECK_THROWS_AS(step_losses(mse, {}, std::vector<Var>{}), ValueError);
  CHECK_THROWS_AS(step_losses(mse, ys, ys, ones({2, 2})), ShapeError);
  CHECK_THROWS_AS(step_losses(mse, ys, ys, zeros({3, 2})), ValueError);
  const StepLosses losses = step_losses(mse, ys, ys);
  CHECK_THROWS_WITH(reduce(losses, StepWeights{{1, 2}}),
                    ContainsSubstring("2 weights for the losses of 3"));
  CHECK_THROWS_AS(reduce(losses, StepWeights{{1, -1, 0}}), ValueError);
  CHECK_THROWS_WITH(reduce(losses, StepWeights{{1, NAN, 0}}), ContainsSubstring("at step 1"));
  CHECK_THROWS_AS(reduce(std::span<const Var>{}), ValueError);
  CHECK_THROWS_WITH(reduce(std::span<const Var>(ys)), ContainsSubstring("step 0 is [2, 2]"));
}
