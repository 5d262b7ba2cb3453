// SPDX-License-Identifier: MIT
// Memory plans of backpropagation through time: the gradient's bits, and the figures they promise
// against what is measured.
#include <fstream>
#include <map>
#include <sstream>

#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <wengert/graph/pool.h>
#include <wengert/graph/recording.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/model.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/step_cost.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

namespace {

using namespace wengert;

/// A cell whose hidden state goes through an op that counts its runs.
struct Counted {
  RnnCell cell;
  std::shared_ptr<std::size_t> runs = std::make_shared<std::size_t>(0);

  Var initial(const Var& x) const { return cell.initial(x); }
  Var operator()(const Var& x, const Var& h) const {
    const auto count = custom_op<1>(
        "count",
        [runs = runs](const Var& z) {
          ++*runs;
          return 1.0 * z;
        },
        [](const Var&, const Var&, const Var& g) { return g; });
    return square(count(cell(x, h)));
  }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

template <class Cell>
std::vector<Tensor> gradients(const Cell& cell, const Tensor& x, const BpttPlan& plan) {
  Tape tape;
  const auto run = unroll(cell, tape.input(x), {.memory = plan, .fused = false});
  Var loss = sum(square(run.h[0]));
  for (std::size_t t = 1; t < run.h.size(); ++t) loss = loss + sum(square(run.h[t]));
  const Gradients g = tape.backward(loss);
  std::vector<Tensor> result{loss.value()};
  for_each_parameter(cell, [&](const std::string&, const Parameter& parameter) {
    result.push_back(g[parameter].value());
  });
  return result;
}

template <class Cell>
std::vector<std::pair<std::string, BpttPlan>> all_plans(const Cell& cell, const Tensor& x) {
  const std::size_t steps = x.shape()[0];
  std::vector<std::pair<std::string, BpttPlan>> plans{
      {"everything", keep_everything(steps)}, {"hidden states", hidden_states_only(steps)},
      {"square root", square_root(steps)},    {"logarithmic", logarithmic(steps)},
      {"revolve 3", revolve(steps, 3)},       {"revolve 7", revolve(steps, 7)}};
  const Var first = select(x, 0, 0);
  const StepCost cost = step_cost(cell, first, cell.initial(first), {.lists = false});
  const std::size_t least = least_bptt_budget(steps, cost);
  const std::size_t most = figures(keep_everything(steps, cost)).total_memory();
  for (const std::size_t percent : {0, 10, 50, 90})
    plans.emplace_back("budget " + std::to_string(percent),
                       plan_bptt(steps, cost, least + (most - least) * percent / 100));
  return plans;
}

template <class Cell>
void check_bits(const Cell& cell, DType dtype) {
  Rng rng{2};
  const Tensor x = rng.normal({37, 2, 3}).to(dtype);
  const std::vector<Tensor> plain = gradients(cell, x, {});
  for (const auto& [name, plan] : all_plans(cell, x)) {
    INFO(name << ": " << to_string(plan));
    const std::vector<Tensor> planned = gradients(cell, x, plan);
    REQUIRE(planned.size() == plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) CHECK(same_bits(plain[i], planned[i]));
  }
}

/// The fewest reruns of a checkpoint of n units with c states, by trying every tree.
double fewest(std::size_t c, std::size_t n) {
  static std::map<std::pair<std::size_t, std::size_t>, double> known;
  if (n == 1) return 1.0;
  if (c <= 1) return 1e9;
  if (const auto found = known.find({c, n}); found != known.end()) return found->second;
  // The first inner checkpoint takes m, what follows has a state less.
  double best = 1e9;
  for (std::size_t m = 1; m < n; ++m)
    best = std::min(best, static_cast<double>(m) + fewest(c, m) + fewest(c - 1, n - m));
  return known[{c, n}] = best;
}

/// The same of a tape with `states` states in all.
double fewest_of_all(std::size_t states, std::size_t n) {
  double best = 1e9;
  for (std::size_t parts = 1; parts <= std::min(states, n); ++parts) {
    // Each has the same states for itself: sizes as equal as can be are best (convex).
    double cost = 0.0;
    for (std::size_t i = 0; i < parts; ++i)
      cost += fewest(states - parts + 1, n / parts + (i < n % parts ? 1 : 0));
    best = std::min(best, cost);
  }
  return best;
}

/// What a plan takes, measured.
struct Measured {
  double kept_bytes, peak, tape, reruns;
};
template <class Cell, class Runs>
Measured measured(const Cell& cell, const Tensor& x, const BpttPlan& plan, bool each_step,
                  const Runs& runs) {
  Tape tape;
  const Var input = tape.input(x);
  const Var h0 = cell.initial(select(Var(x), 0, 0));
  reset_peak_memory();
  const std::int64_t before = memory_use().live;
  const std::size_t steps = x.shape()[0];
  Var h = h0, loss = Var(zeros({}));
  for_each_step(plan, steps, input, [&](std::size_t t) {
    h = cell(select(input, 0, static_cast<std::int64_t>(t)), h);
    if (each_step) loss = t == 0 ? sum(square(h)) : loss + sum(square(h));
  });
  if (!each_step) loss = sum(square(h));
  const auto kept = static_cast<double>(tape.kept_bytes());
  const std::size_t forward_runs = runs();
  const Gradients g = tape.backward(loss);
  const detail::Recording& recording = tape.recording();
  return {kept, static_cast<double>(memory_use().peak - before),
          static_cast<double>(recording.nodes.size() * sizeof(detail::Node) +
                              recording.edges.size() * sizeof(std::uint32_t)),
          static_cast<double>(runs() - forward_runs)};
}

/// "VmRSS", "VmHWM" of this process in bytes.
std::size_t process(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(field + ":", 0) == 0) {
      std::istringstream text(line.substr(field.size() + 1));
      std::size_t kilobytes = 0;
      text >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

}  // namespace

TEST_CASE("gradients of every memory plan are bitwise those of the plain one") {
  Rng rng{1};
  SECTION("RNN") {
    check_bits(RnnCell{3, 5, rng}, f32);
    RnnCell wide{3, 5, rng};
    to(wide, f64);
    check_bits(wide, f64);
  }
  SECTION("LSTM") { check_bits(LstmCell{3, 5, rng}, f32); }
  SECTION("GRU") { check_bits(GruCell{3, 5, rng}, f32); }
}

TEST_CASE("gradients of a padded batch are those of the plain one under every plan") {
  Rng rng{1};
  const LstmCell cell{3, 5, rng};
  const std::size_t lengths[] = {20, 3, 11};
  const Tensor x = rng.normal({20, 3, 3}), mask = sequence_mask(lengths);
  const auto gradient = [&](const BpttPlan& plan) {
    Tape tape;
    const auto run = unroll(cell, tape.input(x), {.mask = mask, .memory = plan, .fused = false});
    return tape.backward(sum(square(run.last.h)))[cell.W_h].value();
  };
  for (const auto& [name, plan] : all_plans(cell, x)) {
    INFO(name);
    CHECK(same_bits(gradient(plan), gradient({})));
  }
}

TEST_CASE("a memory plan works for second derivatives") {
  Rng rng{1};
  const RnnCell cell{3, 4, rng};
  const Tensor x = rng.normal({12, 1, 3});
  const auto second = [&](const BpttPlan& plan) {
    Tape tape;
    const Var h0 = tape.variable(zeros({1, 4}));
    const auto run = unroll(cell, tape.input(x), h0, {.memory = plan, .fused = false});
    const Gradients g = tape.backward(run.last, tape.input(ones({1, 4})), wrt(h0));
    return tape.backward(sum(square(g[h0])))[cell.W_hh].value();
  };
  CHECK(same_bits(second({}), second(square_root(12))));
  CHECK(same_bits(second({}), second(logarithmic(12))));
  CHECK(same_bits(second({}), second(revolve(12, 3))));
}

TEST_CASE("revolve needs the fewest reruns of all nestings, found by trying them") {
  for (const std::size_t steps : {1, 2, 3, 5, 8, 13, 21, 40, 60})
    for (std::size_t states = 2; states <= 9; ++states) {
      INFO(steps << " steps, " << states << " states");
      const BpttPlan plan = revolve(steps, states);
      CHECK(static_cast<double>(figures(plan).reruns) == fewest_of_all(states, steps));
    }
}

TEST_CASE("a revolve plan covers all steps once, in order") {
  const auto covered = [](const auto& self, const BpttPlan::Part& part) -> bool {
    if (part.begin >= part.end) return false;
    if (part.parts.empty()) return true;
    std::size_t at = part.begin;
    for (const BpttPlan::Part& child : part.parts) {
      if (child.begin != at || !self(self, child)) return false;
      at = child.end;
    }
    return at == part.end;
  };
  const StepCost cost{.kept_bytes = 700,
                      .kept_memory = 1000,
                      .state_bytes = 200,
                      .state_memory = 300,
                      .working_memory = 5000,
                      .nodes = 5,
                      .edges = 9};
  for (const std::size_t steps : {1, 2, 7, 100, 1001}) {
    CHECK(covered(covered, square_root(steps).all));
    CHECK(covered(covered, logarithmic(steps).all));
    CHECK(covered(covered, revolve(steps, 5).all));
    const std::size_t least = least_bptt_budget(steps, cost);
    const std::size_t most = figures(keep_everything(steps, cost)).total_memory();
    for (std::size_t i = 0; i <= 10; ++i)
      CHECK(covered(covered, plan_bptt(steps, cost, least + (most - least) * i / 10).all));
  }
}

TEST_CASE("a plan for a budget stays within it, and more budget never costs more") {
  const StepCost cost{.kept_bytes = 7000,
                      .kept_memory = 8000,
                      .state_bytes = 200,
                      .state_memory = 300,
                      .working_memory = 5000,
                      .nodes = 5,
                      .edges = 9};
  for (const std::size_t steps : {10, 300, 5000}) {
    const std::size_t least = least_bptt_budget(steps, cost);
    const std::size_t most = figures(keep_everything(steps, cost)).total_memory();
    double before = 1e9;
    for (std::size_t i = 0; i <= 20; ++i) {
      const std::size_t budget = least + (most - least) * i / 20;
      const BpttPlan plan = plan_bptt(steps, cost, budget);
      INFO(budget << " bytes: " << to_string(plan));
      CHECK(figures(plan).total_memory() <= budget);
      CHECK(figures(plan).forward_units <= before * 1.005);
      before = figures(plan).forward_units;
    }
    CHECK(before == 3.0);
  }
}

TEST_CASE("half the memory of everything costs half a forward, not a whole one") {
  const StepCost cost{.kept_bytes = 7000,
                      .kept_memory = 8000,
                      .state_bytes = 200,
                      .state_memory = 300,
                      .working_memory = 5000,
                      .nodes = 5,
                      .edges = 9};
  const std::size_t most = figures(keep_everything(1000, cost)).total_memory();
  const double units = figures(plan_bptt(1000, cost, most / 2)).forward_units;
  CHECK(units > 3.4);
  CHECK(units < 3.65);
}

TEST_CASE("what a memory plan promises is measured to hold within a tenth") {
  Rng rng{6};
  const Counted counted{RnnCell{8, 64, rng}};
  constexpr std::size_t steps = 200;
  const Tensor x = rng.normal({steps, 4, 8});
  const Var first = select(x, 0, 0);
  const auto square_loss = [](const Var& y, std::size_t) { return sum(square(y)); };
  for (const bool each_step : {false, true}) {
    const StepCost cost =
        each_step ? step_cost(counted, first, counted.initial(first), square_loss, {.lists = false})
                  : step_cost(counted, first, counted.initial(first), {.lists = false});
    const std::size_t least = least_bptt_budget(steps, cost);
    const std::size_t most = figures(keep_everything(steps, cost)).total_memory();
    std::vector<BpttPlan> plans{keep_everything(steps, cost), hidden_states_only(steps, cost),
                                square_root(steps, cost), logarithmic(steps, cost),
                                revolve(steps, 6, cost)};
    for (const std::size_t percent : {0, 5, 20, 50, 80})
      plans.push_back(plan_bptt(steps, cost, least + (most - least) * percent / 100));
    for (const BpttPlan& plan : plans) {
      const BpttFigures promise = figures(plan);
      const Measured found = measured(counted, x, plan, each_step, [&] { return *counted.runs; });
      INFO(to_string(plan) << "\nmeasured: kept " << found.kept_bytes << ", peak " << found.peak
                           << " (promised " << promise.peak_memory << "), reruns " << found.reruns);
      CHECK(static_cast<double>(promise.kept_bytes) == Approx(found.kept_bytes).epsilon(0.1));
      CHECK(static_cast<double>(promise.peak_memory) == Approx(found.peak).epsilon(0.1));
      CHECK(static_cast<double>(promise.reruns) == Approx(found.reruns).epsilon(0.1));
      CHECK(static_cast<double>(cost.nodes * steps * 32 + cost.edges * steps * 4) ==
            Approx(found.tape).epsilon(0.1));
    }
  }
}

TEST_CASE("an LSTM's and a GRU's memory are promised as well") {
  Rng rng{6};
  const auto check = [&](const auto& cell) {
    const Tensor x = rng.normal({100, 4, 8});
    const Var first = select(x, 0, 0);
    const auto h0 = cell.initial(first);
    const StepCost cost = step_cost(cell, first, h0, {.lists = false});
    for (const BpttPlan& plan :
         {keep_everything(100, cost), hidden_states_only(100, cost), square_root(100, cost),
          logarithmic(100, cost), plan_bptt(100, cost, 2 * least_bptt_budget(100, cost))}) {
      Tape tape;
      const Var input = tape.input(x);
      reset_peak_memory();
      const std::int64_t before = memory_use().live;
      const auto run = unroll(cell, input, h0, {.memory = plan, .fused = false, .lists = false});
      const Var loss = sum(square(*hidden_of(run.last)));
      const auto kept = static_cast<double>(tape.kept_bytes());
      tape.backward(loss);
      const auto peak = static_cast<double>(memory_use().peak - before);
      INFO(to_string(plan) << "; measured " << kept << " and " << peak);
      CHECK(static_cast<double>(figures(plan).kept_bytes) == Approx(kept).epsilon(0.1));
      CHECK(static_cast<double>(figures(plan).peak_memory) == Approx(peak).epsilon(0.1));
    }
  };
  check(LstmCell{8, 64, rng});
  check(GruCell{8, 64, rng});
}

TEST_CASE("a plan's promise holds within a tenth under a mask and with the lists of unroll") {
  Rng rng{6};
  constexpr std::size_t steps = 120;
  const std::size_t lengths[] = {120, 40, 90, 60};
  const Tensor x = rng.normal({steps, 4, 8}), mask = sequence_mask(lengths);
  const Var first = select(x, 0, 0);
  const auto step_loss = [](const Var& y, std::size_t) { return sum(square(y)); };
  const auto check = [&](const char* name, const auto& cell, const StepCostOptions& options,
                         bool each_step) {
    const auto h0 = cell.initial(first);
    const StepCost cost = each_step ? step_cost(cell, first, h0, step_loss, options)
                                    : step_cost(cell, first, h0, options);
    for (const BpttPlan& plan : {keep_everything(steps, cost), hidden_states_only(steps, cost),
                                 square_root(steps, cost), logarithmic(steps, cost),
                                 plan_bptt(steps, cost, least_bptt_budget(steps, cost) * 5 / 4)}) {
      Tape tape;
      const Var input = tape.input(x);
      reset_peak_memory();
      const std::int64_t before = memory_use().live;
      const auto run =
          unroll(cell, input, h0,
                 {.mask = options.mask, .memory = plan, .fused = false, .lists = options.lists});
      Var loss = sum(square(*hidden_of(run.last)));
      if (each_step) loss = step_loss(run.y[0], 0);
      for (std::size_t t = 1; each_step && t < steps; ++t) loss = loss + step_loss(run.y[t], t);
      const auto kept = static_cast<double>(tape.kept_bytes());
      tape.backward(loss);
      const auto peak = static_cast<double>(memory_use().peak - before);
      INFO(name << (options.mask.defined() ? " masked" : "") << (options.lists ? " lists" : "")
                << (each_step ? " each step" : "") << ": " << to_string(plan) << "; measured "
                << kept << " and " << peak);
      CHECK(static_cast<double>(figures(plan).kept_bytes) == Approx(kept).epsilon(0.1));
      CHECK(static_cast<double>(figures(plan).peak_memory) == Approx(peak).epsilon(0.1));
    }
  };
  const auto check_all = [&](const char* name, const auto& cell) {
    check(name, cell, {.mask = mask, .lists = false}, false);
    check(name, cell, {}, false);
    check(name, cell, {}, true);
    check(name, cell, {.mask = mask}, false);
    check(name, cell, {.mask = mask}, true);
  };
  check_all("rnn", RnnCell{8, 64, rng});
  check_all("lstm", LstmCell{8, 64, rng});
  check_all("gru", GruCell{8, 64, rng});
  check_all("stacked", Stacked{RnnCell{8, 64, rng}, Linear{64, 16, rng}});
}

TEST_CASE("a plan says whether lists and padding are counted") {
  Rng rng{6};
  const RnnCell cell{8, 16, rng};
  const std::size_t lengths[] = {20, 7};
  const Var first(rng.normal({2, 8}));
  const Var h0 = cell.initial(first);
  const auto said = [&](const StepCostOptions& options) {
    return to_string(square_root(20, step_cost(cell, first, h0, options)));
  };
  CHECK_THAT(said({}), Catch::Matchers::EndsWith(", lists counted"));
  CHECK_THAT(said({.lists = false}), Catch::Matchers::EndsWith(", without lists"));
  CHECK_THAT(said({.mask = sequence_mask(lengths), .lists = false}),
             Catch::Matchers::EndsWith(", without lists, padding from step 7 on counted"));
  CHECK_THAT(said({.mask = ones({20, 2})}), Catch::Matchers::EndsWith(", lists counted"));
  CHECK_THROWS_AS(said({.mask = ones({})}), ShapeError);
  CHECK_THROWS_AS(said({.mask = ones({20, 3})}), ShapeError);
}

TEST_CASE("a plan tells its recompute cost before it runs") {
  CHECK(to_string(keep_everything(100)) ==
        "100 steps, 0 checkpoints: 0 steps run again, 3.00 forward units a step (+0 %)");
  CHECK(to_string(hidden_states_only(100)) ==
        "100 steps, 100 checkpoints: 100 steps run again, 4.00 forward units a step (+33 %)");
  const StepCost cost{.kept_bytes = 700,
                      .kept_memory = 1000,
                      .state_bytes = 200,
                      .state_memory = 300,
                      .working_memory = 5000,
                      .nodes = 5,
                      .edges = 9};
  CHECK_THAT(to_string(square_root(100, cost)),
             Catch::Matchers::ContainsSubstring(
                 "1800 B kept after forward, tensors at most 18.0 kB, tape "));
}

TEST_CASE("plans that cannot be are refused") {
  const StepCost cost{.kept_bytes = 700,
                      .kept_memory = 1000,
                      .state_bytes = 200,
                      .state_memory = 300,
                      .working_memory = 5000,
                      .nodes = 5,
                      .edges = 9};
  CHECK_THROWS_WITH(square_root(0), "square_root: there are no steps to plan for");
  CHECK_THROWS_AS(keep_everything(0), ValueError);
  CHECK_THROWS_AS(hidden_states_only(0), ValueError);
  CHECK_THROWS_AS(logarithmic(0), ValueError);
  CHECK_THROWS_AS(revolve(0, 3), ValueError);
  CHECK_THROWS_AS(plan_bptt(0, cost, 1'000'000), ValueError);
  CHECK_THROWS_WITH(revolve(5, 1), "revolve: 1 states do not do for 5 steps; the least is 2");
  CHECK_THROWS_WITH(revolve(5000, 2), "revolve: 2 states do not do for 5000 steps; the least is 3");
  CHECK_THROWS_WITH(plan_bptt(5, {}, 1'000'000),
                    Catch::Matchers::ContainsSubstring("measure it with step_cost"));
  const std::size_t least = least_bptt_budget(1000, cost);
  CHECK(figures(plan_bptt(1000, cost, least)).total_memory() <= least);
  CHECK_THROWS_WITH(
      plan_bptt(1000, cost, least - 1),
      Catch::Matchers::ContainsSubstring("the least that does is " + std::to_string(least)));
  Rng rng{1};
  const RnnCell cell{3, 4, rng};
  Tape tape;
  CHECK_THROWS_WITH(
      unroll(cell, tape.input(zeros({7, 1, 3})), {.memory = square_root(9), .fused = false}),
      "unroll: the memory plan is for 9 steps, there are 7");
}

#if defined(__GLIBC__)
namespace {

/// An RNN of 64 units over a hundred thousand steps, in the process's own memory: inputs of 0.4 MB
/// lie there before. Each of the two tests below has a process of its own under CTest.
void check_long_sequence(bool each_step) {
  constexpr std::size_t steps = 100'000;
  Rng rng{3};
  const RnnCell cell{1, 64, rng};
  const Linear readout{64, 1, rng};
  const Tensor x = rng.normal({steps, 1, 1});
  const Var first = select(x, 0, 0);
  const auto step_loss = [&](const Var& h, std::size_t) { return square(readout(h)); };
  const auto run = [&](const BpttPlan& plan) {
    Tape tape;
    const Var input = tape.input(x);
    Var h = cell.initial(first), loss;
    for_each_step(plan, steps, input, [&](std::size_t t) {
      h = cell(detail::step_of(input, t), h);
      if (each_step) loss = t == 0 ? step_loss(h, t) : loss + step_loss(h, t);
    });
    if (!each_step) loss = step_loss(h, steps - 1);
    const Gradients g = tape.backward(loss);
    return std::vector<Tensor>{loss.value(), g[cell.W_xh].value(), g[cell.W_hh].value(),
                               g[cell.b].value(), g[readout.weight].value()};
  };
  const StepCost cost =
      each_step ? step_cost(cell, first, cell.initial(first), step_loss, {.lists = false})
                : step_cost(cell, first, cell.initial(first), {.lists = false});
  const BpttPlan plan = square_root(steps, cost);
  // What earlier tapes left is not to be used again, or it would not count as growth.
  const std::vector<Tape> idle(64);
  trim_memory();
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  const auto before = static_cast<double>(process("VmRSS"));
  const std::vector<Tensor> planned = run(plan);
  const double growth = static_cast<double>(process("VmHWM")) - before;
  INFO(to_string(plan) << "; the process grew by " << growth / 1e6 << " MB");
#ifdef __SANITIZE_ADDRESS__
  WARN("the growth is not checked: the address sanitizer holds on to what is freed");
#else
  CHECK(growth <= 64e6);
#endif
  const std::vector<Tensor> plain = run({});
  for (std::size_t i = 0; i < plain.size(); ++i) CHECK(same_bits(plain[i], planned[i]));
}

}  // namespace

TEST_CASE("a hundred thousand steps to a loss at the end take at most 64 MB and give plain bits",
          "[.long]") {
  check_long_sequence(false);
}

TEST_CASE("a hundred thousand steps with a loss each take at most 64 MB and give plain bits",
          "[.long]") {
  check_long_sequence(true);
}
#endif
