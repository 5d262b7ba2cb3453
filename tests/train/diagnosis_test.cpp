// SPDX-License-Identifier: MIT
// The gallery of horrors: models that are really trained into each of them, with several seeds, and
// trainings that went well, of which nothing bad may be said.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <wengert/data/digits.h>
#include <wengert/train/diagnosis.h>
#include <wengert/train/fit.h>
#include <wengert/train/trend.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "lessons.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::Condition;
using Task = Lesson::Task;

namespace {

constexpr std::uint64_t seeds = 3;

wg::Diagnosis outcome(Lesson lesson, std::uint64_t seed) {
  lesson.seed = seed;
  return wg::diagnose(teach(lesson));
}

/// Whether every seed leads to this finding.
void always(Condition condition, const Lesson& lesson, std::uint64_t last_seed = seeds) {
  for (std::uint64_t seed = 1; seed <= last_seed; ++seed) {
    const wg::Diagnosis diagnosis = outcome(lesson, seed);
    CAPTURE(seed, to_string(condition), to_string(diagnosis));
    const wg::Finding* finding = diagnosis.find(condition);
    REQUIRE(finding);
    CHECK(!finding->statistic.empty());
    CHECK(finding->cure.empty() != finding->is_fault());
    CHECK(diagnosis.good() != finding->is_fault());
  }
}

const std::vector<Lesson> went_well{
    {.epochs = 40, .anneal = true},
    {.hidden = 64, .epochs = 30, .rate = 1e-3, .anneal = true},
    {.epochs = 40, .adam = false, .rate = 0.2, .anneal = true},
    {.validation = 0, .epochs = 40, .anneal = true},
    {.epochs = 30, .batch = 8, .rate = 1e-3, .anneal = true},
    {.hidden = 64, .epochs = 60, .anneal = true, .dropout = 0.3},
    {.task = Task::autoencoder, .hidden = 16, .epochs = 60, .anneal = true},
    {.task = Task::autoencoder, .hidden = 32, .epochs = 60, .anneal = true},
    {.task = Task::curve, .samples = 512, .epochs = 60, .rate = 1e-2, .anneal = true},
    {.task = Task::curve,
     .samples = 512,
     .epochs = 150,
     .adam = false,
     .rate = 0.1,
     .anneal = true},
};

/// Smooth curves: training falls exponentially to `end`, validation is 5 % above at each epoch's
/// end.
wg::History smooth(std::size_t epochs, double end = 0.1) {
  wg::History history;
  const auto loss = [&](double epoch) {
    return end + (1 - end) * std::exp(-10 * epoch / static_cast<double>(epochs));
  };
  for (std::size_t i = 1; i <= epochs; ++i) {
    const auto now = static_cast<double>(i);
    history.epochs.push_back({.epoch = static_cast<std::int64_t>(i),
                              .loss = loss(now - 0.5),
                              .validation_loss = wg::Estimate{1.05 * loss(now)}});
  }
  return history;
}

}  // namespace

TEST_CASE("a training that went well is called good", "[diagnosis]") {
  for (const Lesson& lesson : went_well) {
    const wg::Diagnosis diagnosis = outcome(lesson, 1);
    CAPTURE(&lesson - went_well.data(), to_string(diagnosis));
    CHECK(diagnosis.good());
  }
}

TEST_CASE("fewer than one training in twenty that went well is called bad", "[diagnosis][.long]") {
  std::size_t alarms = 0, trainings = 0;
  std::string texts;
  for (const Lesson& lesson : went_well)
    for (std::uint64_t seed = 1; seed <= 20; ++seed, ++trainings) {
      const wg::Diagnosis diagnosis = outcome(lesson, seed);
      if (diagnosis.good()) continue;
      ++alarms;
      texts += to_string(diagnosis);
    }
  CAPTURE(texts, alarms, trainings);
  CHECK(alarms * 20 < trainings);
}

TEST_CASE("dead units and a rate of zero are told as not learning", "[diagnosis]") {
  always(Condition::not_learning, {.epochs = 20, .initial_bias = -10});
  always(Condition::not_learning, {.epochs = 20, .rate = 0});
  always(Condition::not_learning, {.epochs = 20, .batch = 8, .rate = 0}, 10);
  CHECK_THAT(to_string(outcome({.epochs = 20, .initial_bias = -10}, 1)),
             ContainsSubstring("gradient of first.weight is exactly zero"));
  CHECK_THAT(to_string(outcome({.epochs = 20, .rate = 0}, 1)),
             ContainsSubstring("the weights do not change at all"));
}

TEST_CASE("a loss that falls after a lucky first batch is not one that stands still",
          "[diagnosis]") {
  wg::History history = smooth(20, 0.9);
  for (wg::EpochRecord& epoch : history.epochs) epoch.validation_loss.reset();
  history.steps.push_back({.step = 1, .epoch = 1, .loss = 0.9});
  CAPTURE(to_string(wg::diagnose(history)));
  CHECK_FALSE(wg::diagnose(history).find(Condition::not_learning));
}

TEST_CASE("weights that do not change learn nothing, however the losses scatter", "[diagnosis]") {
  wg::History history = smooth(20);
  for (wg::EpochRecord& epoch : history.epochs)
    epoch.groups.push_back(
        {.name = "weight", .gradient_norm = 1, .weight_norm = 1, .update_ratio = 0});
  CHECK(wg::diagnose(history).find(Condition::not_learning));
}

TEST_CASE("a rate too high is told from oscillation, from a rise at once, or from overflow",
          "[diagnosis]") {
  always(Condition::rate_too_high, {.epochs = 30, .rate = 0.3});
  always(Condition::rate_too_high, {.epochs = 30, .rate = 1});
  always(Condition::rate_too_high, {.epochs = 30, .adam = false, .rate = 2});
  always(Condition::rate_too_high, {.epochs = 30, .adam = false, .rate = 5});
  always(Condition::rate_too_high,
         {.task = Task::autoencoder, .hidden = 16, .epochs = 30, .rate = 0.3});
  always(Condition::rate_too_high,
         {.task = Task::curve, .samples = 512, .epochs = 30, .rate = 0.5});
}

TEST_CASE("an overflow is told as such, with the step and the rate that led to it", "[diagnosis]") {
  const Lesson lesson{
      .task = Task::curve, .samples = 512, .epochs = 30, .adam = false, .rate = 0.8};
  always(Condition::not_finite, lesson);
  always(Condition::rate_too_high, lesson);
  CHECK_THAT(to_string(outcome(lesson, 1)),
             ContainsSubstring("in step") && ContainsSubstring("before it overflowed"));
}

TEST_CASE("a rate too low is told from a straight curve or from steps that are nothing",
          "[diagnosis]") {
  always(Condition::rate_too_low, {.epochs = 20, .rate = 3e-5});
  always(Condition::rate_too_low, {.epochs = 20, .adam = false, .rate = 1e-3});
  always(Condition::rate_too_low, {.epochs = 20, .adam = false, .rate = 1e-4});
  always(Condition::rate_too_low, {.epochs = 20, .rate = 1e-6});
  always(Condition::rate_too_low,
         {.task = Task::autoencoder, .hidden = 16, .epochs = 20, .rate = 3e-5});
}

TEST_CASE("a training cut short is told as not finished, even after four epochs", "[diagnosis]") {
  always(Condition::not_finished, {.epochs = 4});
  always(Condition::not_finished, {.epochs = 10, .adam = false, .rate = 0.05});
  always(Condition::not_finished, {.task = Task::autoencoder, .hidden = 16, .epochs = 12});
}

TEST_CASE("a large model on few samples overfits, and the epoch is near the best one",
          "[diagnosis]") {
  const Lesson lesson{.hidden = 128, .samples = 100, .epochs = 100, .rate = 1e-2};
  always(Condition::overfitting, lesson);
  always(Condition::overfitting, {.hidden = 256, .samples = 200, .epochs = 80});
  const Lesson wrong{
      .hidden = 128, .samples = 500, .epochs = 60, .rate = 1e-2, .wrong_labels = 0.3};
  always(Condition::overfitting, wrong);
  const wg::History history = teach(wrong);
  const auto best = std::min_element(history.epochs.begin(), history.epochs.end(),
                                     [](const wg::EpochRecord& a, const wg::EpochRecord& b) {
                                       return a.validation_loss->value < b.validation_loss->value;
                                     });
  const auto told =
      static_cast<std::size_t>(wg::diagnose(history).find(Condition::overfitting)->epoch);
  CHECK(history.epochs[told - 1].validation_loss->value < 1.1 * best->validation_loss->value);
}

TEST_CASE("validation sets that are few, darker or brighter are unrepresentative", "[diagnosis]") {
  always(Condition::unrepresentative_validation, {.validation = 15, .epochs = 40});
  always(Condition::unrepresentative_validation, {.epochs = 30, .validation_scale = 0.4});
  always(Condition::unrepresentative_validation, {.task = Task::autoencoder,
                                                  .hidden = 16,
                                                  .epochs = 60,
                                                  .anneal = true,
                                                  .validation_scale = 2});
}

TEST_CASE("an easier validation set is told from one that only looks so", "[diagnosis]") {
  always(Condition::unrepresentative_validation, {.task = Task::autoencoder,
                                                  .hidden = 16,
                                                  .epochs = 60,
                                                  .anneal = true,
                                                  .validation_scale = 0.5});
  const Lesson dropout{.hidden = 64, .epochs = 60, .anneal = true, .dropout = 0.5, .settled = true};
  always(Condition::validation_below_training, dropout);
  CHECK_THAT(to_string(outcome(dropout, 1)), ContainsSubstring("with dropout off it is"));
  const wg::Diagnosis early =
      outcome({.task = Task::autoencoder, .hidden = 16, .epochs = 10, .rate = 1e-3}, 1);
  REQUIRE(early.find(Condition::validation_below_training));
  CHECK_THAT(early.find(Condition::validation_below_training)->text,
             ContainsSubstring("the mean over an epoch"));
}

TEST_CASE("a blow to the weights is told as a jump in the epoch it happened", "[diagnosis]") {
  const Lesson lesson{.epochs = 40, .anneal = true, .jolt = 25};
  always(Condition::jump, lesson);
  CHECK(outcome(lesson, 1).find(Condition::jump)->epoch == 25);
}

TEST_CASE("a single infinite gradient or validation loss is found", "[diagnosis]") {
  wg::History history = smooth(20);
  history.epochs[6].groups = {{.name = "a.weight", .nonfinite = 0.01}};
  const wg::Diagnosis diagnosis = wg::diagnose(history);
  REQUIRE(diagnosis.find(Condition::not_finite));
  CHECK(diagnosis.find(Condition::not_finite)->epoch == 7);
  CHECK_THAT(to_string(diagnosis), ContainsSubstring("a.weight") && ContainsSubstring("log(0)"));
  history = smooth(20);
  history.epochs[0].validation_loss->value = std::numeric_limits<double>::infinity();
  CHECK(wg::diagnose(history).find(Condition::not_finite)->epoch == 1);
}

TEST_CASE("steps that clipping left out for their gradient are counted and blamed", "[diagnosis]") {
  const wg::Tensor x = wg::Rng{3}.normal({200, 4});
  const wg::Tensor y = wg::sum(wg::Var(x), 1, wg::keep_axes).value();
  // Its value is that of mse, its derivative infinity times 0.
  const wg::Loss rooted("rooted", [](const wg::Var& p, const wg::Var& t) {
    return wg::mse(p, t) + wg::mean(wg::sqrt(p - p));
  });
  wg::Adam adam;
  adam.clip({.skip_nonfinite = true});
  const auto run = [&](const wg::AnyOptimizer& optimizer) {
    wg::Rng rng{1};
    wg::Linear line{4, 1, rng};
    return wg::fit(line, x, y,
                   {.loss = rooted,
                    .optimizer = optimizer,
                    .epochs = 10,
                    .batch = 20,
                    .show = wg::Show::nothing});
  };
  const wg::Diagnosis all = wg::diagnose(run(adam));
  REQUIRE(all.find(Condition::not_finite));
  CHECK_THAT(all.find(Condition::not_finite)->text, ContainsSubstring("in 100 of 100 steps"));
  REQUIRE(all.find(Condition::not_learning));
  CHECK_THAT(all.find(Condition::not_learning)->cure, ContainsSubstring("100 of 100 steps"));
  // Without clipping the first one ends the training.
  CHECK(wg::diagnose(run(wg::Adam())).find(Condition::not_finite));

  wg::History history = smooth(20);
  for (std::int64_t i = 1; i <= 20; ++i)
    history.steps.push_back(
        {.step = i, .epoch = i, .loss = history.epochs[static_cast<std::size_t>(i - 1)].loss});
  CHECK(wg::diagnose(history).good());
  history.steps[4].gradient_norm = std::numeric_limits<double>::infinity();
  history.steps[4].clip_factor = 0;
  REQUIRE(wg::diagnose(history).find(Condition::not_finite));
  CHECK(wg::diagnose(history).find(Condition::not_finite)->epoch == 5);
}

TEST_CASE("a loss that is not finite from the first step on had no losses before it",
          "[diagnosis]") {
  wg::History history;
  history.steps = {{.step = 1, .epoch = 1, .loss = wg::not_measured}};
  CHECK_THAT(to_string(wg::diagnose(history)),
             !ContainsSubstring("losses before") && ContainsSubstring("NaN in the data"));
  history.steps.insert(history.steps.begin(), {.step = 0, .epoch = 1, .loss = 1});
  CHECK_THAT(to_string(wg::diagnose(history)), ContainsSubstring("losses before"));
}

TEST_CASE("a loss that fell to exactly its floor fell by all of it", "[diagnosis]") {
  for (const double floor : {0.0, 100.0}) {
    wg::History history = smooth(30, 0);
    for (std::size_t i = 0; i < 30; ++i) {
      double& loss = history.epochs[i].loss;
      loss = floor + (i < 20 ? loss : 0);
      history.epochs[i].validation_loss.reset();
    }
    history.floor = floor;
    const wg::Diagnosis diagnosis = wg::diagnose(history);
    CAPTURE(to_string(diagnosis));
    REQUIRE(diagnosis.good());
    CHECK(diagnosis.find(Condition::good)->value == 1);
  }
}

TEST_CASE("an augmented training is worse than its validation, and that is no fault",
          "[diagnosis]") {
  wg::Rng rng{3};
  const auto [images, labels] = wg::data::digits();
  const auto [train, validation, test] =
      wg::data::stratified_split({images, labels}, {.validation = 0.4}, rng);
  for (const bool settled : {false, true}) {
    wg::Mlp net{{64, 64, 10}, wg::relu, rng};
    const wg::History history = wg::fit(net, train,
                                        {.loss = wg::cross_entropy,
                                         .optimizer = wg::Adam{{.rate = 3e-3}},
                                         .epochs = 30,
                                         .validation = validation,
                                         .settled_loss = settled,
                                         .augment = {wg::data::noise(0.5)},
                                         .show = wg::Show::nothing});
    CHECK(history.has_augmentation);
    const wg::Diagnosis diagnosis = wg::diagnose(history);
    CAPTURE(to_string(diagnosis));
    CHECK_FALSE(diagnosis.find(Condition::unrepresentative_validation));
    REQUIRE(diagnosis.find(Condition::validation_below_training));
    CHECK_THAT(diagnosis.find(Condition::validation_below_training)->text,
               ContainsSubstring(settled ? "with augmentation off it is"
                                         : "measured with augmentation on"));
  }
}

TEST_CASE("too little to look at is no judgement", "[diagnosis]") {
  CHECK(wg::diagnose({}).find(Condition::too_short));
  CHECK(wg::diagnose(smooth(3)).find(Condition::too_short));
  CHECK(!wg::diagnose(smooth(3)).good());
  CHECK(wg::diagnose(smooth(20)).good());
}

TEST_CASE("a loss is judged from its floor, and likelihoods may be negative", "[diagnosis]") {
  // Falls by 60 % of what can fall, though by 1 % of its value only.
  wg::History history = smooth(30, 0.4);
  for (wg::EpochRecord& epoch : history.epochs) {
    epoch.loss = 100 + epoch.loss;
    epoch.validation_loss->value = 100 + epoch.validation_loss->value;
  }
  CHECK(wg::diagnose(history).find(Condition::not_learning));
  history.floor = 100;
  CHECK(wg::diagnose(history).good());
  history = smooth(30);
  for (wg::EpochRecord& epoch : history.epochs) {
    epoch.loss -= 3;
    epoch.validation_loss->value -= 3;
  }
  CHECK(wg::diagnose(history).good());
}

TEST_CASE("a constant loss and a loss of zero are judged without dividing by zero", "[diagnosis]") {
  wg::History history = smooth(20);
  for (wg::EpochRecord& epoch : history.epochs) epoch.loss = epoch.validation_loss->value = 2.3;
  CHECK(wg::diagnose(history).find(Condition::not_learning));
  for (wg::EpochRecord& epoch : history.epochs) epoch.loss = epoch.validation_loss->value = 0;
  CHECK(wg::diagnose(history).find(Condition::not_learning));
  history.steps = {{.step = 1, .epoch = 1, .loss = 0}};
  CHECK(wg::diagnose(history).find(Condition::not_learning));
}

TEST_CASE("the noise of a series is that about its trend, whatever the trend and an outlier",
          "[diagnosis]") {
  wg::Rng rng{1};
  std::vector<double> y;
  for (int i = 0; i < 2000; ++i) y.push_back(0.01 * i + 1e-5 * i * i + 0.3 * rng.normal());
  y[700] = 1e6;
  CHECK(wg::detail::noise(y) == Approx(0.3).epsilon(0.08));
  CHECK(wg::detail::noise(std::vector{1.0, 2.0}) == 0);
}

TEST_CASE("Mann-Kendall's z is standard normal without a trend and large with one", "[diagnosis]") {
  wg::Rng rng{2};
  double sum = 0, squares = 0;
  constexpr int repeats = 400;
  for (int i = 0; i < repeats; ++i) {
    std::vector<double> y;
    for (int k = 0; k < 20; ++k) y.push_back(rng.normal());
    const double z = wg::detail::mann_kendall(y);
    sum += z;
    squares += z * z;
  }
  CHECK(std::abs(sum / repeats) < 0.2);
  CHECK(squares / repeats == Approx(1).epsilon(0.2));
  // Worked by hand: all 10 pairs of 5 values rise; variance 5 * 4 * 15 / 18.
  CHECK(wg::detail::mann_kendall(std::vector{1.0, 2.0, 3.0, 4.0, 5.0}) ==
        Approx(9 / std::sqrt(300 / 18.0)));
  CHECK(wg::detail::mann_kendall(std::vector{1.0, 1.0, 1.0, 1.0}) == 0);
}

TEST_CASE("a fitted line has the slope and error of least squares", "[diagnosis]") {
  // y = 1, 3, 2, 5 at x = 0, 1, 2, 3: slope 1.1, residuals 2.7, error sqrt(2.7 / 2 / 5).
  const wg::detail::Line line =
      wg::detail::fitted_line(std::vector{0.0, 1.0, 2.0, 3.0}, std::vector{1.0, 3.0, 2.0, 5.0});
  CHECK(line.slope == Approx(1.1));
  CHECK(line.error == Approx(std::sqrt(2.7 / 2 / 5)));
}
