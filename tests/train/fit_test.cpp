// SPDX-License-Identifier: MIT
// Training through fit, and through train with a step of one's own.
#include <cmath>
#include <csignal>

#include <wengert/nn/dropout.h>
#include <wengert/train/fit.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../folder.h"
#include "../same_bits.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Line {
  Tensor x, y;
  explicit Line(std::size_t n = 100, std::uint64_t seed = 1) {
    Rng rng{seed};
    x = rng.uniform({n, 1}, -1, 1);
    y = (2 * Var(x) + 1 + 0.1 * Var(rng.normal({n, 1}))).value();
  }
};

struct Forgetful {
  Linear listed, left_out;
  explicit Forgetful(Rng& rng) : listed(1, 4, rng), left_out(4, 1, rng) {}
  Var operator()(const Var& x) const { return left_out(listed(x)); }
  static void members(auto& self, auto&& visit) { visit("listed", self.listed); }
};

/// `unused` gets no gradient.
struct Spare {
  Linear used, unused;
  Var operator()(const Var& x) const { return used(x); }
  static void members(auto& self, auto&& visit) {
    visit("used", self.used);
    visit("unused", self.unused);
  }
};

}  // namespace

TEST_CASE("fit is the loop that a reader would write from its pieces") {
  const Line data(50);
  Rng rng{3}, same{3};
  Sequential by_fit{Linear{1, 8, rng}, wengert::tanh, Linear{8, 1, rng}};
  Sequential by_hand{Linear{1, 8, same}, wengert::tanh, Linear{8, 1, same}};
  const History history = fit(by_fit, data.x, data.y,
                              {.loss = mse,
                               .optimizer = Adam{{.rate = 1e-2}},
                               .epochs = 3,
                               .batch = 16,
                               .seed = 5,
                               .show = Show::nothing});

  const data::BatchLoader loader({data.x, data.y}, {.batch = 16, .seed = 5});
  Adam adam{{.rate = 1e-2}};
  const FlushDenormals flush;
  std::size_t step = 0;
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch)
    for (const data::Batch& batch : loader.epoch(epoch)) {
      Tape tape;
      const Var loss = mse(by_hand(tape.input(batch.inputs)), batch.targets);
      adam.update(by_hand, tape.backward(loss));
      CHECK(history.steps.at(step++).loss == loss.item());
    }
  CHECK(history.steps.size() == step);
  const auto a = parameters(by_fit), b = parameters(by_hand);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i]->value(), b[i]->value()));
}

TEST_CASE("an epoch's loss is the mean over its samples, also when the last batch is short") {
  const Line data(10);
  Rng rng{1};
  Linear line{1, 1, rng};
  const History history =
      fit(line, data.x, data.y,
          {.optimizer = Sgd{{.rate = 0.0}}, .epochs = 1, .batch = 4, .show = Show::nothing});
  CHECK(history.steps.size() == 3);
  CHECK(history.epochs[0].loss == Approx(mse(line(data.x), data.y).item()).epsilon(1e-6));
  CHECK(history.epochs[0].samples == 10);
}

TEST_CASE("the validation loss is that of the whole validation set, with its standard error") {
  const Line data(64), unseen(1500, 2);
  Rng rng{1};
  Linear line{1, 1, rng};
  const History history = fit(
      line, data.x, data.y,
      {.optimizer = Sgd{{.rate = 0.1}}, .validation = {unseen.x, unseen.y}, .show = Show::nothing});
  const Tensor squares = square(line(unseen.x) - unseen.y).value();
  REQUIRE(history.epochs[0].validation_loss);
  CHECK(history.epochs[0].validation_loss->value ==
        Approx(mean(Var(squares)).item()).epsilon(1e-6));
  CHECK(history.epochs[0].validation_loss->error ==
        Approx(wengert::std(Var(squares)).item() / std::sqrt(1500.0)).epsilon(1e-2));
}

TEST_CASE("the same seed gives the same bits and another seed another order") {
  const Line data;
  const auto run = [&](std::uint64_t seed) {
    Rng rng{1};
    Linear line{1, 1, rng};
    fit(line, data.x, data.y, {.epochs = 2, .seed = seed, .show = Show::nothing});
    return line.weight.value();
  };
  CHECK(same_bits(run(1), run(1)));
  CHECK_FALSE(same_bits(run(1), run(2)));
}

TEST_CASE("a share of the samples kept aside is never trained on") {
  Line data(100);
  for (float& value : data.y.rows(0, 100).mutable_data<float>()) (void)value;
  Rng rng{1};
  Linear line{1, 1, rng};
  const History history =
      fit(line, data.x, data.y, {.validation_share = 0.25, .show = Show::nothing});
  CHECK(history.samples == 75);
  CHECK(history.validation_samples == 25);
  CHECK(history.epochs[0].samples == 75);
}

TEST_CASE("early stopping gives back the weights of the best epoch and says so") {
  const Line data(20), unseen(20, 9);
  Rng rng{1};
  Linear line{1, 1, rng};
  std::vector<Tensor> weights;
  // The rate grows until the fit diverges, so that there is a best epoch in the middle.
  const History history = fit(line, data.x, data.y,
                              {.optimizer = Sgd{{.rate = 0.05}},
                               .epochs = 60,
                               .batch = 5,
                               .validation = {unseen.x, unseen.y},
                               .schedule = Schedule([](double base, const ScheduleTime& now) {
                                 return now.epoch < 10 ? base : 3.0;
                               }),
                               .early_stopping = EarlyStopping::Options{.patience = 3},
                               .callbacks = {{.after_epoch =
                                                  [&](Run&, const EpochRecord&) {
                                                    weights.push_back(line.weight.value());
                                                  }}},
                               .show = Show::nothing});
  std::size_t best = 0;
  for (std::size_t i = 0; i < history.epochs.size(); ++i)
    if (history.epochs[i].validation_loss->value < history.epochs[best].validation_loss->value)
      best = i;
  CHECK(history.epochs.size() == best + 1 + 3);
  CHECK(history.epochs.size() < 60);
  CHECK(same_bits(line.weight.value(), weights[best]));
  CHECK_THAT(history.stopped, ContainsSubstring("early stopping"));
}

TEST_CASE("a loss that is no number ends the training and leaves the weights before it") {
  Line data(40);
  data.x.mutable_data<float>()[33] = std::nanf("");
  Rng rng{1};
  Linear line{1, 1, rng};
  Tensor last;
  const History history = fit(line, data.x, data.y,
                              {.epochs = 2,
                               .batch = 10,
                               .shuffle = false,
                               .callbacks = {{.after_step =
                                                  [&](Run&, const StepRecord& step) {
                                                    if (step.step == 3) last = line.weight.value();
                                                  }}},
                               .show = Show::nothing});
  CHECK(history.steps.size() == 4);
  CHECK(std::isnan(history.steps.back().loss));
  CHECK(history.epochs.empty());
  CHECK(history.stopped ==
        "failed: the loss was nan at step 4 (epoch 1); the weights are those before it");
  CHECK(same_bits(line.weight.value(), last));
}

TEST_CASE("Ctrl-C ends the training after the epoch, and fit returns") {
  const Line data;
  Rng rng{1};
  Linear line{1, 1, rng};
  const auto interrupted_by = [&](int times) {
    return fit(line, data.x, data.y,
               {.epochs = 50,
                .batch = 10,
                .callbacks = {{.after_step =
                                   [&](Run&, const StepRecord& step) {
                                     if (step.step == 13)
                                       for (int i = 0; i < times; ++i) raise(SIGINT);
                                   }}},
                .show = Show::nothing});
  };
  const History once = interrupted_by(1);
  CHECK(once.epochs.size() == 2);
  CHECK(once.stopped == "interrupted after epoch 2");
  const History twice = interrupted_by(2);
  CHECK(twice.epochs.size() == 1);
  CHECK(twice.steps.size() == 14);
  CHECK(twice.stopped == "interrupted at step 14");
}

TEST_CASE("a loop of trainings learns of a Ctrl-C whatever else ended the training") {
  const Line data(30);
  const auto run = [&](FitOptions options, std::int64_t at_step) {
    Rng rng{1};
    Linear line{1, 1, rng};
    options.batch = 15;
    options.show = Show::nothing;
    options.callbacks.push_back({.after_step = [=](Run&, const StepRecord& step) {
      if (step.step == at_step) raise(SIGINT);
    }});
    return fit(line, data.x, data.y, options);
  };
  const auto check = [](const History& history, const std::string& stopped) {
    CHECK(history.interrupted());
    CHECK(history.stopped == stopped);
  };
  check(run({.epochs = 1}, 1), "all 1 epochs done; interrupted");
  check(run({.optimizer = Sgd{{.rate = 0.0}},
             .epochs = 9,
             .early_stopping = EarlyStopping::Options{.patience = 1, .min_delta = 1e-3}},
            4),
        "early stopping: nothing better than epoch 1 for 1 epochs; interrupted");
  const Callback stopping{.after_epoch = [](Run& now, const EpochRecord&) { now.stop("enough"); }};
  check(run({.epochs = 9, .callbacks = {stopping}}, 1), "enough; interrupted");
  check(run({.callbacks = {{.at_end = [](Run&) { raise(SIGINT); }}}}, 0),
        "all 1 epochs done; interrupted");
  const Loss failing("failing", [](const Var& p, const Var& t) { return log(mse(p, t) * -1.0); });
  const Callback first{.after_step = [](Run&, const StepRecord&) { raise(SIGINT); }};
  const History failed = run({.loss = failing, .callbacks = {first}}, 1);
  CHECK(failed.interrupted());
  CHECK_THAT(failed.stopped, ContainsSubstring("failed: the loss was"));
  CHECK_FALSE(run({.epochs = 1}, 0).interrupted());

  // Going on with it later is no second Ctrl-C.
  const Folder folder;
  CHECK(run({.epochs = 2, .resume = folder / "state"}, 4).interrupted());
  const History again = run({.epochs = 2, .resume = folder / "state"}, 0);
  CHECK_FALSE(again.interrupted());
  CHECK(again.stopped == "all 2 epochs done");
  const Folder other;
  CHECK(run({.epochs = 5, .resume = other / "state"}, 3).stopped == "interrupted after epoch 2");
  CHECK(run({.epochs = 2, .resume = other / "state"}, 0).stopped == "all 2 epochs done");
}

TEST_CASE("callbacks are called in order, and one may stop the training") {
  const Line data(30);
  Rng rng{1};
  Linear line{1, 1, rng};
  std::string calls;
  const History history =
      fit(line, data.x, data.y,
          {.epochs = 5,
           .batch = 15,
           .callbacks = {{.before_epoch = [&](Run& run) { calls += run.epoch == 1 ? "a" : "b"; },
                          .after_step = [&](Run&, const StepRecord&) { calls += '.'; },
                          .after_epoch =
                              [&](Run& run, const EpochRecord& epoch) {
                                calls += '|';
                                if (epoch.epoch == 2) run.stop("that will do");
                              },
                          .at_end = [&](Run&) { calls += '!'; }}},
           .show = Show::nothing});
  CHECK(calls == "a..|b..|!");
  CHECK(history.stopped == "that will do");
}

TEST_CASE("the file of the best model holds the weights of the best epoch, in either format") {
  const Line data(20), unseen(20, 9);
  const AwkwardFolder folder;
  for (const std::string& file : {folder.path("best.safetensors"), folder.path("best.npz")}) {
    Rng rng{1};
    Linear line{1, 1, rng};
    std::vector<Tensor> weights;
    const History history = fit(line, data.x, data.y,
                                {.optimizer = Sgd{{.rate = 0.05}},
                                 .epochs = 14,
                                 .batch = 5,
                                 .validation = {unseen.x, unseen.y},
                                 .schedule = Schedule([](double base, const ScheduleTime& now) {
                                   return now.epoch < 10 ? base : 3.0;
                                 }),
                                 .best = file,
                                 .callbacks = {{.after_epoch =
                                                    [&](Run&, const EpochRecord&) {
                                                      weights.push_back(line.weight.value());
                                                    }}},
                                 .show = Show::nothing});
    std::size_t best = 0;
    for (std::size_t i = 0; i < history.epochs.size(); ++i)
      if (history.epochs[i].validation_loss->value < history.epochs[best].validation_loss->value)
        best = i;
    REQUIRE(best + 1 < history.epochs.size());
    Linear read{1, 1, rng};
    load(read, file);
    CHECK(same_bits(read.weight.value(), weights[best]));
  }
  Rng rng{1};
  Linear line{1, 1, rng};
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.best = folder.path("nowhere/best.npz")}),
                    ContainsSubstring("its folder cannot be written to"));
  std::size_t steps = 0;
  const Callback counting{.after_step = [&](Run&, const StepRecord&) { ++steps; }};
  CHECK_THROWS_WITH(
      fit(line, data.x, data.y, {.best = folder.path("best.pt"), .callbacks = {counting}}),
      ContainsSubstring("neither in .safetensors nor in .npz"));
  CHECK(steps == 0);
}

TEST_CASE("a gradient that is not finite ends the training and leaves the weights before it") {
  const Line data(20);
  Rng rng{1};
  Linear line{1, 1, rng};
  const Tensor before = line.weight.value();
  // Its value is 0 and its derivative infinity times 0.
  const Loss rooted("rooted",
                    [](const Var& p, const Var& t) { return mse(p, t) + mean(sqrt(p - p)); });
  const History history =
      fit(line, data.x, data.y, {.loss = rooted, .epochs = 2, .show = Show::nothing});
  CHECK(history.steps.size() == 1);
  CHECK_THAT(history.stopped, ContainsSubstring("the gradient was not finite at step 1"));
  CHECK(same_bits(line.weight.value(), before));
}

TEST_CASE("a sample's weight counts the same whatever batch it is in") {
  const Line data(40);
  Tensor weights = ones({40});
  for (std::size_t i = 0; i < 20; ++i) weights.mutable_data<float>()[i] = 3.0F;
  const data::Dataset weighted(data.x, data.y, weights);
  Rng rng{1};
  Linear line{1, 1, rng};
  const double whole = mse(line(data.x), data.y, {.weights = weights}).item();
  for (const std::size_t batch : {1, 7, 40}) {
    const History history = fit(line, weighted,
                                {.optimizer = Sgd{{.rate = 0.0}},
                                 .batch = batch,
                                 .validation = weighted,
                                 .show = Show::nothing});
    CHECK(history.epochs[0].loss == Approx(whole).epsilon(1e-5));
    CHECK(history.epochs[0].validation_loss->value == Approx(whole).epsilon(1e-5));
  }
}

TEST_CASE("sequences train with one target each and with a target a step, padding left out") {
  Rng rng{4};
  std::vector<Tensor> xs, each;
  for (const std::size_t steps : {3, 5, 2, 5}) {
    xs.push_back(rng.normal({steps, 2}));
    each.push_back(rng.normal({steps, 1}));
  }
  const data::Dataset by_step = data::sequences(xs, each);
  Linear line{2, 1, rng};
  double total = 0, count = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    total += mse(line(xs[i]), each[i], {.reduction = Reduction::sum}).item();
    count += static_cast<double>(each[i].size());
  }
  for (const std::size_t batch : {1, 3, 4})
    CHECK(evaluate(line, by_step, mse, {}, {.batch = batch}).loss.value ==
          Approx(total / count).epsilon(1e-5));
  const data::Dataset by_sequence = data::sequences(xs, rng.normal({4, 1}));
  Sequential last{line, Lambda([](const Var& y) { return mean(y, 1); })};
  const History history = fit(last, by_sequence, {.epochs = 2, .batch = 2, .show = Show::nothing});
  CHECK(history.epochs.size() == 2);
}

TEST_CASE("metrics of padded sequences count the real steps only") {
  Rng rng{4};
  std::vector<Tensor> xs, each;
  for (const std::size_t steps : {3, 5, 2}) {
    xs.push_back(rng.normal({steps, 2}));
    each.push_back(rng.normal({steps, 1}));
  }
  Linear line{2, 1, rng};
  double total = 0, count = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const auto n = static_cast<double>(each[i].size());
    total += n * mean_absolute_error(line(xs[i]), each[i]).value;
    count += n;
  }
  const data::Dataset padded = data::sequences(xs, each);
  const Metric error = mean_absolute_error;
  const Evaluation evaluation = evaluate(line, padded, mse, {error});
  CHECK(evaluation.metrics.at(error.name()).value == Approx(total / count).epsilon(1e-5));
  const History history =
      fit(line, padded,
          {.optimizer = Sgd{{.rate = 0}}, .batch = 3, .metrics = {error}, .show = Show::nothing});
  CHECK(history.epochs[0].metrics.at(error.name()).value == Approx(total / count).epsilon(1e-5));
}

TEST_CASE("a last batch of one sample can be left out, which batch statistics cannot do without") {
  const Line data(33);
  Rng rng{1};
  Sequential net{Linear{1, 4, rng}, BatchNorm{4}, Linear{4, 1, rng}};
  const FitOptions options{.batch = 16, .show = Show::nothing};
  CHECK_THROWS_WITH(fit(net, data.x, data.y, options), ContainsSubstring("drop_last"));
  FitOptions dropping = options;
  dropping.drop_last = true;
  CHECK(fit(net, data.x, data.y, dropping).steps.size() == 2);
}

TEST_CASE("the training set's loss after the epoch is measured on request, without dropout") {
  const Line data(40);
  Rng rng{1};
  Sequential net{Linear{1, 8, rng}, wengert::tanh, Dropout{0.5, rng}, Linear{8, 1, rng}};
  const History history =
      fit(net, data.x, data.y, {.epochs = 2, .settled_loss = true, .show = Show::nothing});
  REQUIRE(history.epochs[1].settled_loss);
  CHECK(history.epochs[1].settled_loss->value ==
        Approx(mse(predict(net, data.x), data.y).item()).epsilon(1e-6));
  CHECK_FALSE(fit(net, data.x, data.y, {.show = Show::nothing}).epochs[0].settled_loss);
}

TEST_CASE("what a group freezes needs no gradient and is not in the gradient's norm") {
  const Line data(20);
  Rng rng{1};
  Spare spare{Linear{1, 1, rng}, Linear{1, 1, rng}};
  Adam adam;
  adam.group("unused.*", {.frozen = true});
  const FitOptions options{.optimizer = adam, .batch = 20, .show = Show::nothing};
  CHECK(fit(spare, data.x, data.y, options).steps.size() == 1);

  Linear line{1, 1, rng};
  const Tensor before = line.weight.value();
  Sgd sgd{{.rate = 1.0}};
  sgd.group("weight", {.frozen = true});
  const Tensor bias = line.bias.value();
  const History history =
      fit(line, data.x, data.y, {.optimizer = sgd, .batch = 20, .show = Show::nothing});
  CHECK(history.steps[0].gradient_norm ==
        Approx(abs(line.bias.value() - Var(bias)).item()).epsilon(1e-5));
  CHECK(same_bits(line.weight.value(), before));
}

TEST_CASE("a model of which everything is frozen is refused in these words") {
  const Line data(20);
  Rng rng{1};
  Linear line{1, 1, rng};
  Adam none;
  none.group("*", {.frozen = true});
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.optimizer = none, .show = Show::nothing}),
                    ContainsSubstring("of the model's 2 parameters all are frozen"));
  freeze(line);
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.show = Show::nothing}),
                    ContainsSubstring("of the model's 2 parameters all are frozen"));
}

TEST_CASE("what is saved beside a training is not trained, chosen or put back with it") {
  const Line data(20);
  const Folder folder;
  Rng rng{1};
  Linear line{1, 1, rng}, teacher{1, 1, rng};
  Adam other{{.rate = 0.5}};
  fit(line, data.x, data.y,
      {.optimizer = Sgd{{.rate = 0.0}},
       .epochs = 9,
       .schedule = ExponentialDecay{.factor = 0.1},
       .early_stopping = EarlyStopping::Options{.patience = 2},
       .best = folder / "best.safetensors",
       .also = TrainingState().add("teacher", teacher).add("other", other),
       .callbacks = {{.after_epoch =
                          [&](Run& run, const EpochRecord&) {
                            teacher.bias.set(full({1}, static_cast<double>(run.epoch)));
                          }}},
       .show = Show::nothing});
  CHECK(other.rate() == 0.5);
  CHECK(teacher.bias.value().item() == 3.0);
  Linear read{1, 1, rng};
  load(read, folder / "best.safetensors");
  CHECK(same_bits(read.weight.value(), line.weight.value()));
}

TEST_CASE("a metric that some steps have is averaged over these") {
  const Tensor x = Rng{1}.normal({12, 4});
  int steps = 0;
  const auto step = [&](const data::Batch&) -> StepResult {
    StepResult result{.loss = 1.0};
    if (++steps % 2 == 0) result.metrics = {{"now and then", 3.0}};
    return result;
  };
  const History history =
      train({.step = step}, x, {.epochs = 1, .batch = 3, .show = Show::nothing});
  const Estimate mean = history.epochs[0].metrics.at("now and then");
  CHECK(mean.value == 3.0);
  CHECK(mean.n == 6);
}

TEST_CASE("a model with a parameter that its list leaves out is refused") {
  const Line data;
  Rng rng{1};
  Forgetful model{rng};
  CHECK_THROWS_WITH(fit(model, data.x, data.y, {.show = Show::nothing}),
                    ContainsSubstring("which its member list leaves out"));
}

TEST_CASE("options that make no sense are refused before anything is trained") {
  const Line data;
  Rng rng{1};
  Linear line{1, 1, rng};
  const Tensor before = line.weight.value();
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.epochs = 0}), ContainsSubstring("0 epochs"));
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.batch = 0}), ContainsSubstring("at least one"));
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.validation_share = 1.0}),
                    ContainsSubstring("[0, 1)"));
  CHECK_THROWS_WITH(
      fit(line, data.x, data.y, {.validation = {data.x, data.y}, .validation_share = 0.5}),
      ContainsSubstring("not both"));
  CHECK_THROWS_WITH(fit(line, data.x, data.y, {.save_every = 3}), ContainsSubstring(".resume"));
  CHECK_THROWS_AS(fit(line, data.x, data.y.rows(0, 3), {}), ShapeError);
  CHECK_THROWS_WITH(fit(line, data::Dataset(zeros({0, 1})), {}), ContainsSubstring("no samples"));
  CHECK(same_bits(line.weight.value(), before));
}

TEST_CASE("two models with two optimizers train through the same loop, with one loss each") {
  Rng rng{1};
  Sequential G{Linear{2, 8, rng}, wengert::silu, Linear{8, 1, rng}};
  Sequential D{Linear{1, 8, rng}, wengert::silu, Linear{8, 1, rng}};
  Adam adam_g{{.rate = 1e-3}}, adam_d{{.rate = 1e-3}};
  Rng noise{2};
  std::vector<Tensor> d_before_g_step;
  const auto step = [&](const data::Batch& batch) -> StepResult {
    Tape tape;
    const Var fake = G(tape.input(noise.normal({batch.size(), 2})));
    const Var d_loss = -mean(log_sigmoid(D(tape.input(batch.inputs))) + log_sigmoid(-D(fake)));
    const Var g_loss = -mean(log_sigmoid(D(fake)));
    adam_d.update(D, tape.backward(d_loss, parameters(D)));
    adam_g.update(G, tape.backward(g_loss, parameters(G)));
    return {.loss = d_loss.item(), .metrics = {{"generator", g_loss.item()}}};
  };
  const History history =
      train({.step = step,
             .validate =
                 [&] {
                   return Evaluation{.loss = {.value = mean(G(noise.normal({100, 2}))).item()}};
                 },
             .state = TrainingState()
                          .add("G", G)
                          .add("D", D)
                          .add("adam g", adam_g)
                          .add("adam d", adam_d)
                          .add("noise", noise)},
            (3 + 0.5 * Var(rng.normal({64, 1}))).value(),
            {.epochs = 3, .batch = 16, .show = Show::nothing});
  CHECK(history.steps.size() == 12);
  CHECK(history.epochs.size() == 3);
  CHECK(history.epochs[2].metrics.at("generator").value > 0);
  CHECK(history.epochs[2].validation_loss);
  CHECK(adam_g.steps() == 12);
}

TEST_CASE("dropout acts while training and not in validation or prediction") {
  Rng rng{1};
  Sequential net{Linear{4, 64, rng}, Dropout{0.5, rng}, Linear{64, 1, rng}};
  const Tensor x = rng.normal({40, 4});
  CHECK(same_bits(predict(net, x), net(x).value()));
  CHECK(same_bits(predict(net, x), predict(net, x, {.batch = 7})));
  Tape tape;
  CHECK_FALSE(same_bits(net(tape.input(x)).value(), predict(net, x)));
}
