// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"

namespace {

using namespace wengert;
using Catch::Contains;

constexpr std::size_t n = 16;

/// The verdict on h_t = f(h_{t-1}) with W orthogonal times `gain`, over 40 steps of no input.
template <class F>
gradflow::Study study_of(double gain, F&& f, int cut = -1) {
  Rng rng{3};
  const Parameter W(init::scaled(init::orthogonal, gain)({n, n}, rng), "W");
  Tape tape;
  Var h = tape.input(rng.normal({2, n}));
  std::vector<Var> hs, losses;
  for (int t = 0; t < 40; ++t) {
    if (t == cut) h = Var(h.value());
    h = f(h, W.on(tape.input(zeros({1}))));
    hs.push_back(h);
    losses.push_back(mean(square(h - 1)));
  }
  return gradflow::study(tape, hs, losses);
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
  const auto study = study_of(
      0.9, [](const Var& h, const Var& W) { return wengert::tanh(linear(h, W)); }, 20);
  CHECK_THAT(study.verdict(), Contains("nothing leads from h[19]") && !Contains("float32"));
}

TEST_CASE("an orthogonal matrix explains nothing, the slope of its activation does") {
  const auto study =
      study_of(1, [](const Var& h, const Var& W) { return wengert::tanh(linear(h, W) * 1.0); });
  if (study.reference) CHECK_THAT(study.verdict(), !Contains("spectral radius does"));
}

TEST_CASE("a page of a study holds its verdict, its figures and their numbers") {
  const auto study =
      study_of(0.9, [](const Var& h, const Var& W) { return wengert::tanh(linear(h, W)); });
  CHECK(gradflow::figures_of(study).size() >= 6);
  for (const auto& figure : gradflow::figures_of(study)) {
    INFO(figure.name);
    CHECK_FALSE(figure.caption.empty());
    for (const Panel& panel : figure.figure.panels) CHECK_FALSE(panel.x.label.empty());
  }
}
