// SPDX-License-Identifier: MIT
// What samples, weights and padded steps count in the losses of fit, evaluate and rate_range.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <wengert/data/sequences.h>
#include <wengert/train/fit.h>
#include <wengert/train/rate_range.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../folder.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

const Loss own_square("own square", [](const Var& y, const Var& t, const Weighting& weighting) {
  return mse(y, t, weighting);
});

/// Sequences of these lengths with inputs of 0, whose targets are theirs throughout.
data::Dataset constant_sequences(const std::vector<std::size_t>& lengths,
                                 const std::vector<double>& targets, const Tensor& weights = {}) {
  std::vector<Tensor> inputs, each;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    inputs.push_back(zeros({lengths[i], 2}));
    each.push_back(full({lengths[i], 1}, targets[i]));
  }
  return data::sequences(inputs, each, weights);
}

/// fit with a rate of 0: the weights stay, so that the losses can be compared.
EpochRecord measured(const data::Dataset& data, const Loss& loss, std::size_t batch) {
  Rng rng{1};
  Linear line{data.inputs.shape().back(), 1, rng};
  return fit(line, data,
             {.loss = loss,
              .optimizer = Sgd{{.rate = 0}},
              .batch = batch,
              .validation = data,
              .metrics = {mean_absolute_error},
              .settled_loss = true,
              .show = Show::nothing})
      .epochs.at(0);
}

}  // namespace

TEST_CASE("a batch whose weights are all 0 counts for nothing and stops no training") {
  Rng rng{3};
  const Tensor x = rng.normal({10, 4}), y = rng.normal({10, 1});
  const data::Dataset data(x, y, tensor({1, 1, 1, 1, 2, 1, 1, 1, 0, 0}));
  for (const Loss& loss : {Loss(mse), own_square})
    for (const std::size_t batch : {1, 2, 3, 10}) {
      INFO(loss.name() << ", " << batch);
      const EpochRecord epoch = measured(data, loss, batch);
      Rng same{1};
      Linear line{4, 1, same};
      const double whole = mse(line(x), y, {.weights = data.weights}).item();
      CHECK(epoch.loss == Approx(whole).epsilon(1e-5));
      CHECK(epoch.validation_loss->value == Approx(whole).epsilon(1e-5));
      CHECK(evaluate(line, data, loss, {}, {.batch = batch}).loss.value ==
            Approx(whole).epsilon(1e-5));
    }
}

TEST_CASE("weights of both signs whose sum in a batch is 0 or below train by their share") {
  Rng rng{3};
  const Tensor x = rng.normal({6, 2}), y = rng.normal({6, 1});
  const data::Dataset data(x, y, tensor({1, -1, 3, 2, -2, 1}));
  Rng same{1};
  Linear line{2, 1, same};
  const double whole = mse(line(x), y, {.weights = data.weights}).item();
  CHECK(measured(data, mse, 1).loss == Approx(whole).epsilon(1e-5));
  CHECK(measured(data, mse, 2).validation_loss->value == Approx(whole).epsilon(1e-5));
}

TEST_CASE("weights that add up to nothing over all samples are refused by name") {
  Rng rng{3};
  const data::Dataset data(rng.normal({4, 2}), rng.normal({4, 1}), zeros({4}));
  Linear line{2, 1, rng};
  CHECK_THROWS_WITH(fit(line, data, {.show = Show::nothing}),
                    ContainsSubstring("the weights of all samples add up to 0"));
  CHECK_THROWS_WITH(evaluate(line, data, mse),
                    ContainsSubstring("the weights of all samples add up to 0"));
  CHECK_THROWS_WITH(rate_range(line, data, {.optimizer = Sgd{}}),
                    ContainsSubstring("rate_range: the weights of all samples add up to 0"));
}

TEST_CASE("an epoch over padded sequences counts steps by what is real, as its validation does") {
  const data::Dataset data = constant_sequences({1, 99}, {1, 0});
  for (const std::size_t batch : {1, 2}) {
    const EpochRecord epoch = measured(data, mse, batch);
    CHECK(epoch.loss == Approx(0.01).epsilon(1e-5));
    CHECK(epoch.settled_loss->value == Approx(0.01).epsilon(1e-5));
    CHECK(epoch.validation_loss->value == Approx(0.01).epsilon(1e-5));
    CHECK(epoch.metrics.at("mean_absolute_error").value == Approx(0.01).epsilon(1e-5));
    CHECK(epoch.samples == 2);
  }
}

TEST_CASE("an epoch over padded sequences that was interrupted counts its steps as if it was not") {
  const data::Dataset data = constant_sequences({1, 9, 40}, {1, 2, 3});
  const Folder folder;
  struct PulledPlug {};
  const auto train_to_the_end = [&](const std::string& state, std::int64_t plug) {
    Rng rng{1};
    Linear line{2, 1, rng};
    return fit(line, data,
               {.optimizer = Sgd{{.rate = 0.1}},
                .batch = 1,
                .resume = state,
                .save_every = 1,
                .callbacks = {{.after_step =
                                   [&](Run& run, const StepRecord&) {
                                     if (run.step == plug) throw PulledPlug();
                                   }}},
                .show = Show::nothing});
  };
  const History whole = train_to_the_end(folder / "whole", 0);
  CHECK_THROWS_AS(train_to_the_end(folder / "cut", 3), PulledPlug);
  const History resumed = train_to_the_end(folder / "cut", 0);
  CHECK(resumed.epochs.at(0).loss == whole.epochs.at(0).loss);
  REQUIRE(resumed.steps.size() == 3);
  double counted = 0;
  for (const StepRecord& step : resumed.steps) counted += step.counted;
  CHECK(counted == 50);
}

TEST_CASE("weights of padded sequences count with their real steps") {
  const data::Dataset data = constant_sequences({1, 3, 2}, {1, 2, 0}, tensor({6, 1, 0.5}));
  const double whole = (6 * 1 * 1 + 1 * 3 * 4 + 0.5 * 2 * 0) / (6 * 1 + 1 * 3 + 0.5 * 2);
  for (const std::size_t batch : {1, 2, 3}) {
    CHECK(measured(data, mse, batch).loss == Approx(whole).epsilon(1e-5));
    CHECK(measured(data, own_square, batch).loss == Approx(whole).epsilon(1e-5));
    CHECK(measured(data, mse, batch).validation_loss->value == Approx(whole).epsilon(1e-5));
  }
}

TEST_CASE("the floor of padded sequences is that of their real steps") {
  Rng rng{1};
  Linear line{2, 1, rng};
  const auto floor = [&](const Loss& loss, double target) {
    const data::Dataset data = constant_sequences({3, 3, 30}, {target, target, target});
    return fit(line, data, {.loss = loss, .show = Show::nothing}).floor.value();
  };
  CHECK(floor(bce_from_logits, 0.5) == Approx(std::log(2)));
  CHECK(floor(poisson_nll_from_log, 100) == Approx(100 - 100 * std::log(100)));
}

TEST_CASE("a range test takes the loss by weights and without padding, as fit does") {
  Rng rng{3};
  const Tensor x = rng.normal({4, 4}), y = rng.normal({4, 1});
  Linear line{4, 1, rng};
  const Tensor weights = tensor({1, 0, 0, 3});
  const RateRange weighted =
      rate_range(line, {x, y, weights}, {.optimizer = Sgd{}, .steps = 10, .batch = 4});
  CHECK(weighted.losses.at(0) ==
        Approx(mse(line(x), y, {.weights = weights}).item()).epsilon(1e-5));
  Linear zero{2, 1, rng};
  const RateRange padded = rate_range(zero, constant_sequences({1, 9, 4}, {1, 1, 1}),
                                      {.optimizer = Sgd{}, .steps = 10, .batch = 3});
  CHECK(padded.losses.at(0) == Approx(1));
}

TEST_CASE("training with probabilities that saturate goes on to the last epoch") {
  Rng rng{1};
  Sequential model{Linear{1, 1, rng}, sigmoid};
  model.get<0>().weight.set(ones({1, 1}));
  for (const double logit : {20.0, 200.0, -1000.0}) {
    const History history = fit(model, full({4, 1}, logit), ones({4, 1}),
                                {.loss = bce, .epochs = 3, .show = Show::nothing});
    CHECK(history.stopped == "all 3 epochs done");
    CHECK(history.steps.at(0).loss == Approx(logit > 0 ? 0 : 100).margin(1e-6));
  }
}

TEST_CASE(
    "the error of a loss is that of a mean over samples, weighted, padded or bent elsewhere") {
  Rng rng{3};
  const Tensor x = rng.normal({1010, 4}), y = rng.normal({1010, 1});
  Linear line{4, 1, rng};
  const Estimate plain = evaluate(line, {x, y}, mse).loss;
  const Estimate ones_as_weights = evaluate(line, {x, y, ones({1010})}, mse).loss;
  CHECK(plain.error == Approx(mean_of([&] {
                                const Tensor each = square(line(x) - y).value().to(f64);
                                const auto values = each.data<double>();
                                return std::vector<double>(values.begin(), values.end());
                              }())
                                  .error));
  CHECK(ones_as_weights.error == Approx(plain.error));
  CHECK(ones_as_weights.n == 1010);
  CHECK(evaluate(line, {x, y}, huber_with(1)).loss.error ==
        Approx(evaluate(line, {x, y}, huber).loss.error));
  // Samples of weight 0 are none, and a factor in all weights is none either.
  const data::Dataset part(x.rows(0, 300), y.rows(0, 300));
  Tensor some = zeros({1010});
  for (std::size_t i = 0; i < 300; ++i) some.mutable_data<float>()[i] = 4;
  const Estimate of_part = evaluate(line, part, mse).loss;
  const Estimate of_some = evaluate(line, {x, y, some}, mse).loss;
  CHECK(of_some.value == Approx(of_part.value));
  CHECK(of_some.error == Approx(of_part.error));
  CHECK(of_some.n == 300);
  // A custom loss gives means of batches only, which are no samples.
  const Loss custom([](const Var& p, const Var& t) { return mse(p, t); });
  const Estimate of_custom = evaluate(line, {x, y}, custom).loss;
  CHECK(of_custom.value == Approx(plain.value));
  CHECK(std::isnan(of_custom.error));
  CHECK(of_custom.n == 1010);
}

TEST_CASE("the error of a weighted or padded loss is the scatter over other sets of samples") {
  Rng rng{5};
  Linear line{1, 1, rng};
  for (const bool padded : {false, true}) {
    double claimed = 0, sum = 0, squares = 0;
    constexpr int sets = 200;
    for (int set = 0; set < sets; ++set) {
      data::Dataset data;
      if (padded) {
        std::vector<Tensor> inputs, targets;
        const Tensor lengths = rng.integers(1, 9, {60});
        for (std::size_t i = 0; i < 60; ++i) {
          const auto steps = static_cast<std::size_t>(lengths.data<std::int64_t>()[i]);
          inputs.push_back(zeros({steps, 1}));
          // One number a sequence: its steps are not independent.
          targets.push_back(broadcast_to(Var(rng.normal({1, 1})), {steps, 1}).value());
        }
        data = data::sequences(inputs, targets);
      } else {
        data = {zeros({60, 1}), rng.normal({60, 1}), rng.uniform({60}, 0, 3)};
      }
      const Estimate loss = evaluate(line, data, mse).loss;
      claimed += loss.error / sets;
      sum += loss.value / sets;
      squares += loss.value * loss.value / sets;
    }
    INFO((padded ? "padded" : "weighted"));
    CHECK(claimed == Approx(std::sqrt(squares - sum * sum)).epsilon(0.2));
  }
}
