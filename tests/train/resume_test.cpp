// SPDX-License-Identifier: MIT
// Going on with a training that was ended at any moment, by anything.
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <wengert/data/sequences.h>
#include <wengert/nn/dropout.h>
#include <wengert/train/fit.h>
#include <wengert/train/resume.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../folder.h"
#include "../same_bits.h"

using namespace wengert;
namespace fs = std::filesystem;

namespace {

/// Has state of every kind: weights, Adam's moments, dropout's generator, a schedule that listens.
struct Experiment {
  Rng rng{7};
  Sequential<Linear, Var (*)(const Var&), Dropout, Linear> net{
      Linear{6, 16, rng}, wengert::tanh, Dropout{0.3, rng}, Linear{16, 2, rng}};
  Tensor x = rng.normal({96, 6});
  Tensor y = rng.normal({96, 2});

  History run(const std::string& folder, std::size_t epochs = 6,
              std::vector<Callback> callbacks = {}) {
    return fit(net, x, y,
               {.loss = mse,
                .optimizer = Adam{{.rate = 1e-2}},
                .epochs = epochs,
                .batch = 8,
                .validation = data::Dataset(x.rows(0, 16), y.rows(0, 16)),
                .schedule = Plateau{.factor = 0.5, .patience = 0},
                .resume = folder,
                .save_every = folder.empty() ? std::size_t{0} : std::size_t{1},
                .callbacks = std::move(callbacks),
                .show = Show::nothing});
  }
};

void require_same(Experiment& a, const History& of_a, Experiment& b, const History& of_b) {
  const auto left = parameters(a.net);
  const auto right = parameters(b.net);
  for (std::size_t i = 0; i < left.size(); ++i)
    REQUIRE(same_bits(left[i]->value(), right[i]->value()));
  REQUIRE(of_a.steps.size() == of_b.steps.size());
  for (std::size_t i = 0; i < of_a.steps.size(); ++i) {
    REQUIRE(of_a.steps[i].loss == of_b.steps[i].loss);
    REQUIRE(of_a.steps[i].rate == of_b.steps[i].rate);
  }
  REQUIRE(of_a.epochs.size() == of_b.epochs.size());
  for (std::size_t i = 0; i < of_a.epochs.size(); ++i)
    REQUIRE(of_a.epochs[i].validation_loss->value == of_b.epochs[i].validation_loss->value);
}

void kill_and_resume(int times) {
  Experiment undisturbed;
  const auto start = std::chrono::steady_clock::now();
  const Folder timing;
  const History whole = undisturbed.run(timing / "state");
  const auto length = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  Rng moments{99};
  int killed_midway = 0;
  // A child that came to its end before its moment is no test: another takes its place.
  for (int tried = 0; killed_midway < times && tried < 20 * times; ++tried) {
    const Folder folder;
    const pid_t child = fork();
    if (child == 0) {
      Experiment doomed;
      doomed.run(folder / "state");
      _exit(0);
    }
    std::this_thread::sleep_for(moments.uniform() * length);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    killed_midway += WIFSIGNALED(status) ? 1 : 0;
    Experiment again;
    const History rest = again.run(folder / "state");
    require_same(undisturbed, whole, again, rest);
  }
  CHECK(killed_midway == times);
}

}  // namespace

TEST_CASE("a training that saves and goes on is bit for bit the one that does not") {
  Experiment plain;
  const History without = plain.run("");
  Experiment saved;
  const Folder folder;
  const History with = saved.run(folder / "state");
  require_same(plain, without, saved, with);
}

TEST_CASE("a training killed at ten random moments ends as if nothing had happened") {
  kill_and_resume(10);
}

TEST_CASE("a training killed at fifty random moments ends as if nothing had happened", "[.long]") {
  kill_and_resume(50);
}

TEST_CASE("a training stopped in the middle of an epoch goes on there, again and again") {
  Experiment whole;
  const History undisturbed = whole.run("");
  const Folder folder;
  History last;
  Experiment parts;
  for (const std::int64_t stop_at : {5, 6, 12, 29, 1000}) {
    Experiment next;
    last = next.run(folder / "state", 6, {{.after_step = [&](Run& run, const StepRecord& step) {
                      if (step.step == stop_at) run.stop("enough");
                    }}});
    parts = std::move(next);
  }
  require_same(whole, undisturbed, parts, last);
}

TEST_CASE("an average of the weights goes on with the training that it averages") {
  const auto averaged = [](const std::string& folder, std::int64_t stop_at) {
    Experiment experiment;
    Ema average{{.decay = 0.9}};
    fit(experiment.net, experiment.x, experiment.y,
        {.epochs = 3,
         .batch = 8,
         .resume = folder,
         .also = TrainingState().add("average", average),
         .callbacks = {{.after_step =
                            [&](Run& run, const StepRecord& step) {
                              average.update(experiment.net);
                              if (step.step == stop_at) run.stop("enough");
                            }}},
         .show = Show::nothing});
    return average.state();
  };
  const Folder folder;
  const Ema::State whole = averaged("", 0);
  averaged(folder / "state", 17);
  const Ema::State parts = averaged(folder / "state", 0);
  CHECK(whole.updates == 36);
  CHECK(parts.updates == whole.updates);
  for (const auto& [name, sum] : whole.sums) CHECK(same_bits(parts.sums.at(name), sum));
}

TEST_CASE("a finished training is not run again, and goes on when more epochs are asked for") {
  const Folder folder;
  Experiment first;
  first.run(folder / "state", 3);
  Experiment second;
  const History same = second.run(folder / "state", 3);
  CHECK(same.epochs.size() == 3);
  CHECK(same_bits(first.net.get<0>().weight.value(), second.net.get<0>().weight.value()));
  Experiment third;
  const History more = third.run(folder / "state", 6);
  Experiment whole;
  require_same(whole, whole.run("", 6), third, more);
}

TEST_CASE("when the newer of the two files is damaged the older one is gone on from") {
  const Folder folder;
  Experiment first;
  first.run(folder / "state", 2);
  ResumeFiles files(folder / "state");
  REQUIRE(files.latest());
  const fs::path newer = fs::path(folder / "state") / "state-0.safetensors";
  const fs::path other = fs::path(folder / "state") / "state-1.safetensors";
  for (const fs::path& victim : {newer, other}) {
    const Folder copy;
    fs::copy(folder / "state", copy / "state");
    const fs::path damaged = fs::path(copy / "state") / victim.filename();
    fs::resize_file(damaged, fs::file_size(damaged) / 2);
    ResumeFiles half(copy / "state");
    CHECK(half.latest());
    CHECK_THAT(half.remark(), Catch::Matchers::ContainsSubstring(victim.filename().string()));
    Experiment again;
    const History rest = again.run(copy / "state", 4);
    Experiment whole;
    require_same(whole, whole.run("", 4), again, rest);
  }
}

TEST_CASE("a flipped bit in the values is noticed") {
  const Folder folder;
  ResumeFiles files(folder / "state");
  files.write({{{"weight", ones({64})}}, {{"note", "here"}}});
  const std::string path = folder / "state/state-1.safetensors";
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-10, std::ios::end);
  file.put('\x55');
  file.close();
  CHECK_THROWS_WITH(ResumeFiles(folder / "state").latest(),
                    Catch::Matchers::ContainsSubstring("damaged"));
}

TEST_CASE("what was kept by another model or other options is refused, and nothing is changed") {
  const Folder folder;
  Experiment first;
  first.run(folder / "state", 1);
  Rng rng{1};
  Sequential other{Linear{6, 3, rng}, Linear{3, 2, rng}};
  const Tensor before = other.get<0>().weight.value();
  CHECK_THROWS_AS(
      fit(other, first.x, first.y, {.batch = 8, .resume = folder / "state", .show = Show::nothing}),
      Error);
  CHECK(same_bits(before, other.get<0>().weight.value()));
  const Tensor x = first.x;
  const auto again = [&](const Tensor& inputs, const Loss& loss, std::size_t batch) {
    Experiment same;
    const Tensor weight = same.net.get<0>().weight.value();
    CHECK_THROWS_WITH(fit(same.net, inputs, same.y,
                          {.loss = loss,
                           .optimizer = Adam{{.rate = 1e-2}},
                           .epochs = 6,
                           .batch = batch,
                           .validation = data::Dataset(same.x.rows(0, 16), same.y.rows(0, 16)),
                           .schedule = Plateau{.factor = 0.5, .patience = 0},
                           .resume = folder / "state",
                           .show = Show::nothing}),
                      Catch::Matchers::ContainsSubstring("is another: its"));
    CHECK(same_bits(weight, same.net.get<0>().weight.value()));
  };
  again(x, mse, 16);
  again(x, mae, 8);
  again((2 * Var(x)).value(), mse, 8);
}

TEST_CASE("layers are unfrozen in a training that is kept, also where it was stopped") {
  struct Unfreezing {
    Rng rng{3};
    Mlp net{{4, 8, 3}, wengert::relu, rng};
    Tensor x = rng.normal({12, 4});
    Tensor labels = rng.integers(0, 3, {12});
    History run(const std::string& folder, std::int64_t stop_after = 0) {
      freeze(net, "layers.0.*");
      const auto before = [&](Run& run) {
        if (run.epoch >= 3) unfreeze(net);
      };
      const auto after = [&](Run& run, const EpochRecord& epoch) {
        if (epoch.epoch == stop_after) run.stop("enough");
      };
      return fit(net, x, labels,
                 {.loss = cross_entropy,
                  .epochs = 5,
                  .batch = 3,
                  .resume = folder,
                  .callbacks = {{.before_epoch = before, .after_epoch = after}},
                  .show = Show::nothing});
    }
  };
  Unfreezing plain;
  const History without = plain.run("");
  for (const std::int64_t stop_after : {0, 2, 4}) {
    CAPTURE(stop_after);
    const Folder folder;
    if (stop_after > 0) Unfreezing().run(folder / "state", stop_after);
    Unfreezing kept;
    const History with = kept.run(folder / "state");
    REQUIRE(with.steps.size() == without.steps.size());
    for (std::size_t i = 0; i < with.steps.size(); ++i) {
      CHECK(with.steps[i].loss == without.steps[i].loss);
      REQUIRE(with.steps[i].groups.size() == without.steps[i].groups.size());
      for (std::size_t g = 0; g < with.steps[i].groups.size(); ++g) {
        CHECK(with.steps[i].groups[g].name == without.steps[i].groups[g].name);
        CHECK(with.steps[i].groups[g].weight_norm == without.steps[i].groups[g].weight_norm);
      }
    }
    CHECK(with.steps.front().groups.size() == 2);
    CHECK(with.steps.back().groups.size() == 4);
  }
}

TEST_CASE("metrics may come and go between the parts of a training, and from step to step") {
  Rng rng{3};
  const Tensor x = rng.normal({12, 4}), labels = rng.integers(0, 3, {12});
  const Folder folder;
  const auto run = [&](std::size_t epochs, std::vector<Metric> metrics) {
    Rng first{5};
    Linear line{4, 3, first};
    return fit(line, x, labels,
               {.loss = cross_entropy,
                .epochs = epochs,
                .batch = 3,
                .metrics = std::move(metrics),
                .resume = folder / "state",
                .show = Show::nothing});
  };
  const Metric none("none", [](const Var&, const Var&) { return not_measured; });
  run(1, {});
  run(2, {accuracy, none});
  run(3, {});
  const History last = run(4, {accuracy});
  for (const StepRecord& step : last.steps) {
    CAPTURE(step.step);
    CHECK(step.metrics.contains("accuracy") == (step.epoch % 2 == 0));
    CHECK(step.metrics.contains("none") == (step.epoch == 2));
  }
  CHECK(last.epochs[1].metrics.contains("accuracy"));

  const auto now_and_then = [&](std::size_t epochs) {
    Linear line{4, 1, rng};
    Sgd sgd;
    int steps = 0;
    const auto step = [&](const data::Batch& batch) -> StepResult {
      Tape tape;
      const Var loss = mean(square(line(tape.input(batch.inputs))));
      sgd.update(line, tape.backward(loss));
      StepResult result{.loss = loss.item()};
      if (++steps % 2 == 0) result.metrics = {{"now and then", 3.0}};
      return result;
    };
    return train({.step = step, .state = TrainingState().add("line", line).add("sgd", sgd)}, x,
                 {.epochs = epochs, .batch = 3, .resume = folder / "own", .show = Show::nothing});
  };
  now_and_then(1);
  const History own = now_and_then(2);
  CHECK(own.steps[1].metrics.at("now and then") == 3.0);
  CHECK(own.steps[2].metrics.empty());
}

TEST_CASE("a training goes on with a schedule of another kind, which starts fresh") {
  const std::vector<Schedule> schedules{Plateau{.factor = 0.5, .patience = 0}, CosineDecay{},
                                        Schedule(), Plateau{.factor = 0.5, .patience = 0}};
  const Folder folder;
  Experiment experiment;
  std::size_t epochs = 0;
  History last;
  for (const Schedule& schedule : schedules)
    last = fit(experiment.net, experiment.x, experiment.y,
               {.optimizer = Sgd{{.rate = 1e-9}},
                .epochs = epochs += 3,
                .validation = data::Dataset(experiment.x.rows(0, 16), experiment.y.rows(0, 16)),
                .schedule = schedule,
                .resume = folder / "state",
                .show = Show::nothing});
  CHECK(last.epochs.size() == 12);
  CHECK(last.epochs[2].rate < 1e-9);
  CHECK(last.epochs[5].rate == Approx(1e-9 * 0.5 * (1 + std::cos(3.14159265358979 * 17 / 18))));
  CHECK(last.epochs[8].rate == 1e-9);
  CHECK(last.epochs[9].rate == 1e-9);
}

TEST_CASE("other weights, lengths, order or batches are another training") {
  Rng rng{3};
  const Tensor x = rng.normal({10, 4}), y = rng.normal({10, 1});
  const auto run = [&](const std::string& folder, const data::Dataset& data,
                       const FitOptions& asked) {
    Rng first{5};
    Linear line{4, 1, first};
    FitOptions options = asked;
    options.batch = 3;
    options.resume = folder;
    options.show = Show::nothing;
    return fit(line, data, options);
  };
  const auto differ = [&](const data::Dataset& a, const FitOptions& with_a, const data::Dataset& b,
                          FitOptions with_b, const std::string& text) {
    const Folder folder;
    run(folder / "state", a, with_a);
    with_b.epochs = 2;
    CHECK_THROWS_WITH(run(folder / "state", b, with_b), Catch::Matchers::ContainsSubstring(text));
  };
  const data::Dataset plain(x, y), weighted(x, y, ones({10}));
  const data::Dataset otherwise(x, y, tensor({9, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  differ(plain, {}, plain, {.shuffle = false}, "its shuffle was true, now it is false");
  differ(plain, {}, plain, {.drop_last = true}, "its drop_last was false, now it is true");
  differ(plain, {}, weighted, {}, "its list of data was training inputs, training targets, now");
  differ(weighted, {}, otherwise, {}, "its sum of the training weights was");
  differ(plain, {.validation = weighted}, plain, {.validation = otherwise},
         "its sum of the validation weights was");
  data::Dataset long_ones = data::sequences({ones({3, 4}), ones({2, 4})}, ones({2, 1}));
  data::Dataset short_ones = long_ones;
  short_ones.lengths = labels({3, 1});
  const Folder folder;
  Linear each{4, 1, rng};
  Sequential net{each, Lambda([](const Var& z) { return mean(z, 1); })};
  const FitOptions options{.resume = folder / "state", .show = Show::nothing};
  fit(net, long_ones, options);
  CHECK_THROWS_WITH(fit(net, short_ones, options),
                    Catch::Matchers::ContainsSubstring("its sum of the training lengths was"));
}

TEST_CASE("going on from the older file because the newer one is damaged is said") {
  const Folder folder;
  Experiment().run(folder / "state", 2);
  fs::resize_file(folder / "state/state-0.safetensors", 100);
  std::fflush(stderr);
  const int before = dup(STDERR_FILENO);
  const int file = open((folder / "said").c_str(), O_WRONLY | O_CREAT, 0600);
  dup2(file, STDERR_FILENO);
  Experiment().run(folder / "state", 3);
  std::fflush(stderr);
  dup2(before, STDERR_FILENO);
  close(file);
  close(before);
  CHECK_THAT(text_of(folder / "said"),
             Catch::Matchers::ContainsSubstring("state-0.safetensors") &&
                 Catch::Matchers::ContainsSubstring("goes on from the other file"));
}

TEST_CASE("a part of a training has no slash in its name, and one that is new is named") {
  Rng rng{1};
  CHECK_THROWS_WITH(TrainingState().add("a/b", rng),
                    Catch::Matchers::ContainsSubstring("a part's name has no '/'"));
  Experiment experiment;
  const Folder folder;
  const auto run = [&](const TrainingState& also) {
    fit(experiment.net, experiment.x, experiment.y,
        {.epochs = 2, .resume = folder / "state", .also = also, .show = Show::nothing});
  };
  run({});
  Ema average;
  CHECK_THROWS_WITH(run(TrainingState().add("average", average)),
                    Catch::Matchers::ContainsSubstring("holds nothing of 'average'"));
}

TEST_CASE("a training that failed is not gone on with") {
  const Folder folder;
  Experiment first;
  const auto run = [&](double rate) {
    Experiment wild;
    return fit(wild.net, wild.x, wild.y,
               {.optimizer = Sgd{{.rate = rate}},
                .epochs = 3,
                .resume = folder / "state",
                .show = Show::nothing});
  };
  CHECK_THAT(run(1e30).stopped, Catch::Matchers::ContainsSubstring("failed:"));
  CHECK_THROWS_WITH(run(1e-3), Catch::Matchers::ContainsSubstring("ended badly"));
}
