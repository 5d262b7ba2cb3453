// SPDX-License-Identifier: MIT
// Schedules against PyTorch's and against their formulas.
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include <nlohmann/json.hpp>

#include <wengert/graph/error.h>
#include <wengert/optim/schedule.h>

#include "../catch.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

nlohmann::json golden() {
  std::ifstream in(std::string(WENGERT_SOURCE_DIR) + "/tests/golden/optim.json");
  return nlohmann::json::parse(in);
}

/// 20 steps: as epochs of one step each.
void follow(const Schedule& schedule, const std::string& name) {
  const nlohmann::json file = golden();
  const auto& rates = file["schedules"].at(name);
  const auto count = static_cast<std::int64_t>(rates.size());
  for (std::int64_t i = 0; i < count; ++i) {
    INFO(name << " at " << i);
    CHECK(schedule.rate(0.5, {.step = i, .epoch = i, .steps_per_epoch = 1, .epochs = count}) ==
          Approx(rates[static_cast<std::size_t>(i)].get<double>()).epsilon(1e-13));
  }
}

struct Options {
  Schedule schedule = {};
  int epochs = 1;
};

}  // namespace

TEST_CASE("schedules of time alone agree with PyTorch's") {
  follow(StepDecay{.every = 3, .factor = 0.5}, "step");
  follow(ExponentialDecay{.factor = 0.9}, "exponential");
  follow(CosineDecay{.final = 0.1}, "cosine");
  follow(OneCycle{}, "one_cycle");
}

TEST_CASE("the plateau schedule agrees with PyTorch's, NaN included") {
  const nlohmann::json file = golden();
  Schedule schedule = Plateau{.factor = 0.5, .patience = 1, .cooldown = 1, .least = 0.08};
  const auto& losses = file["losses"];
  const auto& rates = file["schedules"].at("plateau");
  for (std::size_t i = 0; i < losses.size(); ++i) {
    INFO("epoch " << i);
    CHECK(schedule.rate(0.5, {}) == Approx(rates[i].get<double>()).epsilon(1e-13));
    schedule.observe(losses[i].is_null() ? std::nan("") : losses[i].get<double>());
  }
}

TEST_CASE("a plateau of negative losses is one") {
  Schedule schedule = Plateau{.factor = 0.5, .patience = 1};
  for (int epoch = 0; epoch < 4; ++epoch) schedule.observe(-2.0);
  CHECK(schedule.rate(1.0, {}) == 0.5);
  Schedule falling = Plateau{.factor = 0.5, .patience = 1};
  for (int epoch = 0; epoch < 40; ++epoch) falling.observe(-2.0 - 0.01 * epoch);
  CHECK(falling.rate(1.0, {}) == 1.0);
}

TEST_CASE("a restored plateau schedule goes on as if it had never stopped") {
  Schedule whole = Plateau{.factor = 0.5, .patience = 2, .cooldown = 1};
  Schedule broken = whole;
  const auto loss = [](int epoch) { return epoch < 4 ? 1.0 / (1 + epoch) : 0.3; };
  for (int epoch = 0; epoch < 20; ++epoch) {
    if (epoch % 3 == 1) {
      const ScheduleState saved = broken.state();
      broken = Plateau{.factor = 0.5, .patience = 2, .cooldown = 1};
      broken.restore(saved);
    }
    whole.observe(loss(epoch));
    broken.observe(loss(epoch));
    REQUIRE(whole.rate(1.0, {}) == broken.rate(1.0, {}));
  }
  CHECK(whole.rate(1.0, {}) < 0.2);
}

TEST_CASE("the state of a fresh plateau schedule can be restored") {
  Schedule schedule = Plateau{};
  schedule.restore(Schedule(Plateau{}).state());
  CHECK(schedule.state().at("best") == infinity);
}

TEST_CASE("cosine decay warms up in a straight line and ends close to its final share") {
  const Schedule schedule = CosineDecay{.warm_up = 0.5, .final = 0.2};
  const auto rate = [&](std::int64_t step) {
    return schedule.rate(2.0,
                         {.step = step, .epoch = step / 10, .steps_per_epoch = 10, .epochs = 3});
  };
  for (std::int64_t step = 0; step < 5; ++step)
    CHECK(rate(step) == Approx(2.0 * static_cast<double>(step + 1) / 5));
  CHECK(rate(5) == Approx(2.0));
  for (std::int64_t step = 5; step < 30; ++step)
    CHECK(rate(step) == Approx(0.4 + 0.8 * (1 + std::cos(std::numbers::pi *
                                                         static_cast<double>(step - 5) / 25))));
  CHECK(rate(1000) == Approx(0.4));  // trained on for longer than planned
}

TEST_CASE("one cycle stays within its bounds however few steps there are") {
  for (std::int64_t steps = 1; steps < 8; ++steps)
    for (std::int64_t step = 0; step <= steps; ++step) {
      INFO(step << " of " << steps);
      const double rate =
          Schedule(OneCycle{})
              .rate(1.0, {.step = step, .epoch = step, .steps_per_epoch = 1, .epochs = steps});
      CHECK(rate >= 1.0 / 25e4 * (1 - 1e-12));
      CHECK(rate <= 1.0);
    }
}

TEST_CASE("any function of the base rate and the time is a schedule") {
  const Options options{.schedule = [](double base, const ScheduleTime& now) {
    return base / std::sqrt(1.0 + static_cast<double>(now.step));
  }};
  CHECK(options.schedule.rate(2.0, {.step = 3}) == 1.0);
  CHECK(Options{}.schedule.rate(2.0, {.step = 3}) == 2.0);
  CHECK(options.schedule.state().empty());
}

TEST_CASE("copies of a schedule are independent") {
  Schedule a = Plateau{.factor = 0.5, .patience = 0};
  a.observe(1.0);
  Schedule b = a;
  b.observe(1.0);
  CHECK(a.rate(1.0, {}) == 1.0);
  CHECK(b.rate(1.0, {}) == 0.5);
}

TEST_CASE("a schedule refuses numbers outside their range, foreign states and bad rates") {
  CHECK_THROWS_WITH(Schedule(StepDecay{.every = 0}),
                    "step decay: every has to be 1 or more, got 0");
  CHECK_THROWS_AS(Schedule(OneCycle{.rise = 1.0}), ValueError);
  CHECK_THROWS_AS(Schedule(Plateau{.factor = 1.0}), ValueError);
  CHECK_THROWS_AS(Schedule(CosineDecay{.final = 2.0}), ValueError);
  const std::function<double(double, const ScheduleTime&)> none;
  CHECK_THROWS_WITH(Schedule(none),
                    "schedule: the std::function it is made from holds no function");
  Schedule plateau = Plateau{}, constant;
  CHECK_THROWS_WITH(constant.restore(plateau.state()), ContainsSubstring("keeps none"));
  CHECK_THROWS_WITH(plateau.restore({}), ContainsSubstring("plateau: the state lacks 'scale'"));
  const Schedule wrong = [](double, const ScheduleTime&) { return -1.0; };
  CHECK_THROWS_WITH(wrong.rate(0.1, {.step = 7, .epoch = 2}),
                    "schedule: a rate has to be 0 or more, got -1 at step 7 (epoch 2) from the "
                    "base rate 0.1");
}
