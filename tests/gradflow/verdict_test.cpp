// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"
#include "folder.h"

namespace {

using namespace wengert;
using Catch::Contains;

constexpr std::size_t n = 16;

/// The verdict on h_t = f(h_{t-1}) with W orthogonal times `gain`, over 40 steps of no input, the
/// state taken off the tape before the steps `cuts`.
template <class F>
gradflow::Study study_of(double gain, F&& f, const std::vector<int>& cuts = {}) {
  Rng rng{3};
  const Parameter W(init::scaled(init::orthogonal, gain)({n, n}, rng), "W");
  Tape tape;
  Var h = tape.input(rng.normal({2, n}));
  std::vector<Var> hs, losses;
  for (int t = 0; t < 40; ++t) {
    if (std::ranges::find(cuts, t) != cuts.end()) h = Var(h.value());
    h = f(h, W.on(tape.input(zeros({1}))));
    hs.push_back(h);
    losses.push_back(mean(square(h - 1)));
  }
  return gradflow::study(tape, hs, losses);
}

/// The verdict on an RnnCell whose inputs are normal numbers times `inputs`.
gradflow::Study driven(double inputs, init::Initializer recurrent, std::size_t steps = 40,
                       Activation activation = Activation::tanh) {
  Rng rng{1};
  const RnnCell cell{2, n, rng, {.activation = activation, .recurrent = std::move(recurrent)}};
  Tape tape;
  const auto run =
      unroll(cell, tape.input((inputs * rng.normal({steps, 4, 2})).value()), {.fused = false});
  std::vector<Var> losses;
  for (const Var& h : run.h) losses.push_back(sum(h * rng.normal({4, n})));
  return gradflow::study(tape, run.h, losses, {.jacobians = false});
}

}  // namespace

TEST_CASE("the verdict on a linear net is its rate and its bound") {
  const auto study = study_of(0.8, [](const Var& h, const Var& W) { return linear(h, W); });
  CHECK_THAT(study.verdict(), Contains("halves every 3.11 steps") &&
                                  Contains("that is the bound itself") && Contains("0.8 a step"));
  CHECK(study.reference.has_value());
}

TEST_CASE(
    "no bound is spoken of where something is added beside the matrix or multiplied outside") {
  const auto leak = study_of(
      1, [](const Var& h, const Var& W) { return 0.9 * h + 0.1 * wengert::tanh(linear(h, W)); });
  const auto outer =
      study_of(1, [](const Var& h, const Var& W) { return 2.5 * wengert::tanh(linear(h, W)); });
  for (const auto& study : {leak, outer}) {
    CHECK_FALSE(study.reference.has_value());
    CHECK_THAT(study.verdict(), !Contains("bound"));
  }
}

TEST_CASE("the verdict on a chain that is cut says where, and blames no float32") {
  const auto study =
      study_of(0.9, [](const Var& h, const Var& W) { return wengert::tanh(linear(h, W)); }, {20});
  CHECK_THAT(study.verdict(), Contains("nothing leads from h[19]") && !Contains("float32"));
}

TEST_CASE("an orthogonal matrix explains nothing, the slope of its activation does") {
  const auto study = driven(0.2, init::orthogonal, 150);
  REQUIRE(study.reference.has_value());
  CHECK(study.reference->log_bound == Approx(0.0).margin(1e-3));
  CHECK(std::exp(study.lags.log_factor) < 0.97);
  CHECK_THAT(study.verdict(), Contains("W is orthogonal up to a factor of 1;") &&
                                  !Contains("bound") && !Contains("spectral radius"));
}

TEST_CASE("a line explains what was seen by its end, not by a step") {
  // 0.98 a step against 1: near at each step, e^3 apart after 150.
  auto study = driven(0.2, init::orthogonal, 150);
  study.reference->log_mean_field = study.reference->log_spectral = -5.0;
  CHECK_THAT(study.verdict(), Contains("the bound does not explain it") && Contains("nor does"));
}

TEST_CASE("of a chain that is cut every few steps no rate is carried beyond the cut") {
  std::vector<int> cuts;
  for (int t = 0; t < 40; t += 5) cuts.push_back(t);
  const auto study = study_of(
      1, [](const Var& h, const Var& W) { return linear(h, W); }, cuts);
  CHECK_FALSE(study.reference.has_value());
  CHECK_THAT(study.verdict(), Contains("up to lag 2 the gradient stays between 1 and 1") &&
                                  Contains("from lag 3 on it is exactly zero for half") &&
                                  Contains("nothing leads from h[34]") && !Contains("bound") &&
                                  !Contains("horizon") && !Contains("try:"));
}

TEST_CASE("what comes back after it was gone lengthens the horizon") {
  Rng rng{3};
  Tape tape;
  std::vector<Var> hs{tape.input(rng.normal({2, n}, f64))}, losses;
  for (std::size_t t = 1; t < 41; ++t) {
    hs.push_back(hs.size() < 5 ? 0.001 * hs.back() : 0.001 * hs.back() + 0.9 * hs[t - 5]);
    losses.push_back(mean(square(hs.back() - 1.0)));
  }
  hs.erase(hs.begin());
  const auto study = gradflow::study(tape, hs, losses);
  CHECK(std::exp(study.lags.median[1]) < 0.01);
  CHECK(std::exp(study.lags.median[5]) > 0.8);
  CHECK(study.lags.horizon(0.01).value_or(40) > 30);
  CHECK_THAT(study.verdict(), Contains("not evenly") && !Contains("horizon 1 "));
}

TEST_CASE("a horizon is of the lags there are, and no horizon is no 1 percent left") {
  const auto falls = study_of(0.8, [](const Var& h, const Var& W) { return linear(h, W); });
  // 0.8^20 = 0.0115, 0.8^21 = 0.0092
  CHECK_THAT(falls.verdict(), Contains("effective horizon 21 of 40 steps: from that lag on"));
  const auto keeps = study_of(0.95, [](const Var& h, const Var& W) { return linear(h, W); });
  CHECK_THAT(keeps.verdict(), Contains("more than 1 % of the gradient is left after 39 steps") &&
                                  !Contains("horizon") && !Contains("try:"));
  const auto gone = study_of(0.1, [](const Var& h, const Var& W) { return linear(h, W); });
  // 10^-37.92 is float32's smallest normal number.
  CHECK_THAT(gone.verdict(), Contains("from lag 38 on it is below 1.2e-38 of its size"));
}

TEST_CASE("a loss of several states is said to be one") {
  Rng rng{3};
  const Parameter W(init::orthogonal({n, n}, rng), "W");
  Tape tape;
  Var h = tape.input(rng.normal({2, n}));
  std::vector<Var> hs;
  for (int t = 0; t < 20; ++t) hs.push_back(h = linear(h, W.on(h)) * 0.5);
  Var total = sum(hs[0]);
  for (std::size_t t = 1; t < 20; ++t) total = total + sum(hs[t]);
  const auto study = gradflow::study(tape, hs, total);
  CHECK_THAT(study.verdict(), Contains("a loss reads 20 states itself") && !Contains("bound"));
}

TEST_CASE("a cure that is named helps") {
  const auto named = [](const gradflow::Study& study, const char* cure) {
    return study.verdict().find(cure) != std::string::npos;
  };
  const char* orthogonal = "begin with an orthogonal W_hh";
  const auto gaussian = [](double gain) { return init::normal(0, gain / std::sqrt(double{n})); };
  for (const double inputs : {0.1, 1.0})
    for (const double gain : {0.3, 0.6, 0.9, 1.0}) {
      CAPTURE(inputs, gain);
      const auto before = driven(inputs, gaussian(gain)), after = driven(inputs, init::orthogonal);
      if (named(before, orthogonal)) CHECK(after.lags.log_factor > before.lags.log_factor + 0.02);
      if (named(before, "weaker inputs"))
        CHECK(driven(0.1 * inputs, gaussian(gain)).lags.log_factor > before.lags.log_factor + 0.02);
    }
  CHECK(named(driven(0.1, gaussian(0.3)), orthogonal));
  CHECK(named(driven(1.0, init::orthogonal), "weaker inputs"));
  CHECK_FALSE(named(driven(1.0, init::orthogonal), orthogonal));
  // A sigmoid's slope is at most 1/4 whatever the matrix: 0.25 a step, and that is there.
  const auto sigmoid = driven(1.0, gaussian(1), 40, Activation::sigmoid);
  CHECK_FALSE(named(sigmoid, orthogonal));
  CHECK(named(sigmoid, "replace sigmoid by tanh"));
  CHECK(driven(1.0, gaussian(1)).lags.log_factor > sigmoid.lags.log_factor + 0.5);
  // One matrix that explodes.
  const auto grows = study_of(1.5, [](const Var& h, const Var& W) { return linear(h, W); });
  CHECK(named(grows, "clip the gradient's norm"));
  CHECK(named(grows, orthogonal));
}

TEST_CASE("no cure is named for a matrix that the user computes, nor an LSTM for an LSTM") {
  const auto law =
      study_of(0.5, [](const Var& h, const Var& W) { return linear(h, W - 0.1 * square(W)); });
  CHECK(law.reference.has_value());
  CHECK_THAT(law.verdict(), !Contains("try:"));
  Rng rng{1};
  const LstmCell cell{2, n, rng, {.forget_bias = 0}};
  for (const bool jacobians : {false, true}) {
    Tape tape;
    const auto run = unroll(cell, tape.input(rng.normal({40, 3, 2})), {.fused = false});
    const auto study =
        gradflow::study(tape, run.h, mean(square(run.last.h - 1)), {.jacobians = jacobians});
    CHECK_THAT(study.verdict(), !Contains("use an LSTM") && !Contains("replace sigmoid"));
    // Of c alone: a loss of h has read no other c, though h too goes on beside it.
    std::vector<Var> cells;
    for (const LstmState& state : run.states) cells.push_back(state.c);
    const auto of_cells =
        gradflow::study(tape, cells, mean(square(run.last.h - 1)), {.jacobians = jacobians});
    CHECK_THAT(of_cells.verdict(), !Contains("states itself"));
  }
}

TEST_CASE("the verdict on a GRU names its gates and no bound") {
  Rng rng{1};
  const GruCell cell{2, n, rng};
  Tape tape;
  const auto run = unroll(cell, tape.input(rng.normal({60, 3, 2})), {.fused = false});
  const auto study = gradflow::study(tape, run.h, mean(square(run.last - 1)));
  CHECK_FALSE(study.reference.has_value());
  CHECK_THAT(study.verdict(), Contains("by ways that pass no weight matrix") &&
                                  Contains("raise the bias of the gate") && !Contains("bound") &&
                                  !Contains("orthogonal"));
}

TEST_CASE("a study of a net that has no reference draws no lines, one that has draws three") {
  const auto with = driven(1.0, init::orthogonal);
  auto without = with;
  without.reference.reset();
  const auto lines = [](const gradflow::Study& study) {
    return gradflow::figures_of(study)[1].figure.panels[0].series.size();
  };
  CHECK(lines(with) == 5);
  CHECK(lines(without) == 2);
  CHECK_THAT(gradflow::figures_of(with)[1].figure.panels[0].series[4].name,
             Contains("spectral radius"));
  CHECK_THAT(gradflow::figures_of(without)[1].caption, !Contains("holds"));
}

TEST_CASE("a page of a study holds its verdict, its figures and their numbers") {
  const Folder folder;
  const auto study =
      study_of(0.9, [](const Var& h, const Var& W) { return wengert::tanh(linear(h, W)); });
  study.report(folder.path("net.html"));
  const std::string page = text_of(folder.path("net.html"));
  CHECK_THAT(page, Contains("halves every") && Contains("Recurrent matrices"));
  const auto figures = gradflow::figures_of(study);
  CHECK(figures.size() >= 6);
  for (const auto& figure : figures) {
    INFO(figure.name);
    CHECK_FALSE(figure.caption.empty());
    for (const Panel& panel : figure.figure.panels) CHECK_FALSE(panel.x.label.empty());
    for (const char* kind : {".svg", ".csv", ".gp"})
      CHECK(std::filesystem::file_size(folder.path("net_files/" + figure.name + kind)) > 0);
    CHECK_THAT(page, Contains(figure.heading));
  }
  // Of the lag profile: its decades, to the digits that are written.
  std::istringstream csv(text_of(folder.path("net_files/lags.csv")));
  std::string line;
  std::getline(csv, line);
  for (std::size_t k = 0; k < 3; ++k) {
    std::getline(csv, line);
    std::istringstream cells(line);
    std::string x, y;
    std::getline(cells, x, ',');
    std::getline(cells, y, ',');
    CHECK(std::stod(x) == static_cast<double>(k));
    CHECK(std::stod(y) == Approx(study.lags.median[k] / std::log(10.0)).epsilon(1e-5).margin(1e-9));
  }
  CHECK_THROWS_AS(study.report(folder.path("net.html/no/page.html")), FileError);
}
