// SPDX-License-Identifier: MIT
// Groups, clipping and statistics: how a step departs from the plain recurrence, and what it says.
#include <cmath>
#include <limits>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"
#include "training.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;
using testing::exactly;
using testing::net;
using testing::slopes;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("a group changes the parameters its pattern matches and no others") {
  auto plain = net(), grouped = net();
  Sgd sgd{{.rate = 0.1}}, slow{{.rate = 0.1}};
  slow.group("*bias", {.rate_factor = 0.5});
  const Tensor start = plain.get<2>().bias.value();
  sgd.update(plain, slopes(plain, 0));
  slow.update(grouped, slopes(grouped, 0));
  CHECK(same_bits(plain.get<0>().weight.value(), grouped.get<0>().weight.value()));
  for (std::size_t i = 0; i < 2; ++i)
    CHECK(grouped.get<2>().bias.value().at({i}) - start.at({i}) ==
          Approx(0.5 * (plain.get<2>().bias.value().at({i}) - start.at({i}))));
}

TEST_CASE("of several matching groups the last decides alone") {
  Parameter w(tensor({1.0, -2.0}, f64), "w");
  Sgd sgd{{.rate = 0.5}};
  sgd.group("*", {.rate_factor = 7.0, .l1 = 3.0}).group("w", {.rate_factor = 2.0});
  sgd.update(w, exactly(w, tensor({0.25, 0.5}, f64)));
  CHECK(w.value().at({0}) == 1.0 - 0.25);
  CHECK(w.value().at({1}) == -2.0 - 0.5);
}

TEST_CASE("l1, l2 and decoupled decay follow their formulas") {
  const Tensor start = tensor({1.0, -2.0, 0.0}, f64), slope = tensor({0.25, 0.5, 0.0}, f64);
  const auto after = [&](const ParameterGroup& group, double momentum = 0.0) {
    Parameter w(start, "w");
    Sgd sgd{{.rate = 0.5, .momentum = momentum}};
    sgd.group("w", group).update(w, exactly(w, slope));
    return w.value();
  };
  CHECK(same_bits(after({.l1 = 0.5}), tensor({1 - 0.5 * 0.75, -2 - 0.5 * 0.0, 0}, f64)));
  CHECK(same_bits(after({.l2 = 0.5}), tensor({1 - 0.5 * 0.75, -2 - 0.5 * -0.5, 0}, f64)));
  CHECK(same_bits(after({.decay = 0.5}), tensor({0.75 - 0.5 * 0.25, -1.5 - 0.5 * 0.5, 0}, f64)));
  CHECK(same_bits(after({.rate_factor = 0.5, .decay = 0.5}),
                  tensor({0.875 - 0.25 * 0.25, -1.75 - 0.25 * 0.5, 0}, f64)));
}

TEST_CASE("a group overrides the optimizer's own penalty only where it says so") {
  Parameter a(scalar(1.0, f64), "a"), b(scalar(1.0, f64), "b"), c(scalar(1.0, f64), "c");
  std::vector<Parameter*> all{&a, &b, &c};
  Sgd sgd{{.rate = 0.5, .decay = 0.25}};
  sgd.group("b", {.l2 = 0.0}).group("c", {.rate_factor = 1.0});
  Tape tape;
  const Var x = tape.input(scalar(0.0, f64));
  sgd.update(all, tape.backward(a.on(x) * x + b.on(x) * x + c.on(x) * x));
  CHECK(a.value().item() == 0.875);
  CHECK(b.value().item() == 1.0);
  CHECK(c.value().item() == 0.875);
}

TEST_CASE("parameters of a frozen group stay and need no gradient") {
  Parameter a(scalar(1.0), "a"), b(scalar(1.0), "b");
  std::vector<Parameter*> all{&a, &b};
  Sgd sgd{{.rate = 0.5}};
  sgd.group("b", {.frozen = true});
  sgd.update(all, exactly(a, scalar(1.0)));
  CHECK(a.value().item() == 0.5);
  CHECK(b.value().item() == 1.0);
  CHECK(sgd.trained(all) == std::vector<Parameter*>{&a});
  a.set_trainable(false);
  CHECK(sgd.trained(all).empty());
}

TEST_CASE("a group that matches nothing is an error that names the parameters") {
  auto model = net();
  const Tensor before = model.get<0>().weight.value();
  Sgd sgd;
  sgd.group("*bias", {.rate_factor = 2}).group("decoder.*", {});
  CHECK_THROWS_WITH(sgd.update(model, slopes(model, 0)),
                    "sgd: no parameter matches the group 'decoder.*'; there are 0.weight, 0.bias, "
                    "2.weight, 2.bias");
  CHECK(sgd.steps() == 0);
  CHECK(same_bits(before, model.get<0>().weight.value()));
}

TEST_CASE("a group's numbers have to be finite and not negative") {
  Sgd sgd;
  CHECK_THROWS_WITH(sgd.group("w", {.rate_factor = -1}),
                    "sgd: group 'w': rate_factor has to be 0 or more, got -1");
  CHECK_THROWS_AS(sgd.group("w", {.l1 = not_a_number}), ValueError);
  CHECK_THROWS_AS(sgd.group("w", {.l2 = -0.1}), ValueError);
  CHECK_THROWS_AS(sgd.group("w", {.decay = -0.1}), ValueError);
}

TEST_CASE("clipping by norm shortens the whole gradient and keeps its direction") {
  Parameter a(zeros({2}, f64), "a"), b(zeros({1}, f64), "b");
  std::vector<Parameter*> all{&a, &b};
  Sgd sgd{{.rate = 1.0}};
  sgd.clip({.norm = 3.5});
  Tape tape;
  const Var x = tape.input(tensor({2.0, 3.0}, f64)), y = tape.input(tensor({6.0}, f64));
  const Gradients gradients = tape.backward(sum(a.on(x) * x) + sum(b.on(x) * y));
  CHECK(global_norm(all, gradients) == Approx(7.0).epsilon(1e-15));
  sgd.update(all, gradients);
  CHECK(a.value().at({0}) == -1.0);
  CHECK(a.value().at({1}) == -1.5);
  CHECK(b.value().at({0}) == -3.0);
}

TEST_CASE("a gradient within the limits is left alone to the last bit") {
  auto plain = net(), clipped = net();
  Adam adam, careful;
  careful.clip({.value = 1e6, .norm = 1e6});
  for (int step = 0; step < 3; ++step) {
    adam.update(plain, slopes(plain, step));
    careful.update(clipped, slopes(clipped, step));
  }
  CHECK(same_bits(plain.get<0>().weight.value(), clipped.get<0>().weight.value()));
  CHECK(careful.clipping().steps == 3);
  CHECK(careful.clipping().clipped == 0);
  CHECK(careful.clipping().mean_factor() == 1.0);
}

TEST_CASE("values are clipped before the norm") {
  Parameter w(zeros({3}, f64), "w");
  Sgd sgd{{.rate = 1.0}};
  sgd.clip({.value = 4.0, .norm = 2.5});
  sgd.update(w, exactly(w, tensor({3.0, -100.0, 0.0}, f64)));
  CHECK(same_bits(w.value(), tensor({-1.5, 2.0, 0.0}, f64)));
}

TEST_CASE("the ledger of clipping says how often and how much") {
  Parameter w(zeros({2}, f64), "w");
  Sgd sgd{{.rate = 1.0}};
  sgd.clip({.norm = 5.0});
  sgd.update(w, exactly(w, tensor({3.0, 4.0}, f64)));
  sgd.update(w, exactly(w, tensor({6.0, 8.0}, f64)));
  sgd.update(w, exactly(w, tensor({30.0, 40.0}, f64)));
  const ClippingLedger& ledger = sgd.clipping();
  CHECK(ledger.steps == 3);
  CHECK(ledger.clipped == 2);
  CHECK(ledger.skipped == 0);
  CHECK(ledger.mean_factor() == Approx(0.3));
  CHECK(ledger.smallest_factor == Approx(0.1));
  CHECK(ledger.largest_norm == Approx(50.0));
}

TEST_CASE("clipping refuses a gradient that is not finite and says where it is") {
  Parameter w(ones({3}, f64), "w");
  Sgd sgd{{.rate = 1.0}};
  sgd.clip({.norm = 5.0});
  CHECK_THROWS_WITH(sgd.update(w, exactly(w, tensor({not_a_number, 1.0, 0.0}, f64))),
                    ContainsSubstring("sgd: step 1: the gradient's norm is nan") &&
                        ContainsSubstring("not finite in 'w' (1 of 3 elements)"));
  CHECK(same_bits(w.value(), ones({3}, f64)));
  CHECK(sgd.steps() == 0);
  CHECK(sgd.clipping().steps == 0);
}

TEST_CASE("clipping leaves out steps with a non-finite gradient if it is told to") {
  Parameter w(ones({3}, f64), "w");
  Sgd sgd{{.rate = 1.0}};
  sgd.clip({.value = 5.0, .skip_nonfinite = true});
  const auto statistics =
      sgd.update_with_statistics(w, exactly(w, tensor({not_a_number, INFINITY, 0.0}, f64)));
  CHECK(same_bits(w.value(), ones({3}, f64)));
  CHECK(sgd.steps() == 0);
  CHECK(sgd.clipping().skipped == 1);
  CHECK(statistics.at(0).update_norm == 0.0);
  CHECK(statistics.at(0).nonfinite == Approx(2.0 / 3.0));
}

TEST_CASE("limits of clipping are above zero") {
  Adam adam;
  CHECK_THROWS_WITH(adam.clip({.norm = 0}),
                    "adam: a gradient is clipped at a limit above 0, got 0");
  CHECK_THROWS_AS(adam.clip({.value = not_a_number}), ValueError);
}

TEST_CASE("statistics of a step are the norms and shares they claim, in both dtypes", "[optim]") {
  const DType dtype = GENERATE(f32, f64);
  const double tiny = dtype == f32 ? 1e-40 : 1e-310;
  // Longer than a stretch, so that the pieces meet.
  const std::size_t n = 40001;
  Tensor slope = full({n}, 0.5, dtype);
  dispatch_float(dtype, [&]<class T>(T) {
    const std::span<T> g = slope.mutable_data<T>();
    for (std::size_t i = 0; i < 101; ++i) g[i * 300] = T{0};
    g[7] = static_cast<T>(tiny);
    g[40000] = static_cast<T>(-tiny);
    g[16390] = static_cast<T>(-3.0);
  });
  Parameter w(full({n}, 2.0, dtype), "w");
  Sgd sgd{{.rate = 0.5}};
  const std::vector<ParameterStatistics> all = sgd.update_with_statistics(w, exactly(w, slope));
  REQUIRE(all.size() == 1);
  const ParameterStatistics& of = all.front();
  const auto count = static_cast<double>(n);
  CHECK(of.name == "w");
  CHECK(of.size == n);
  CHECK(of.gradient_norm == Approx(std::sqrt((count - 104) * 0.25 + 9.0)).epsilon(1e-12));
  CHECK(of.weight_norm == Approx(2.0 * std::sqrt(count)).epsilon(1e-12));
  CHECK(of.update_norm == Approx(0.5 * of.gradient_norm).epsilon(1e-6));
  CHECK(of.relative_update() == Approx(of.update_norm / of.weight_norm));
  CHECK(of.zero == Approx(101 / count));
  CHECK(of.denormal == Approx(2 / count));
  CHECK(of.nonfinite == 0.0);
}

TEST_CASE("norms of numbers whose squares leave the range of f32 are right") {
  const double size = GENERATE(1e-30, 3e-13, 1e-8, 1.0, 1e15, 1e19, 1e38);
  Parameter w(ones({1500}), "w");
  Sgd sgd{{.rate = 0.0}};
  const auto statistics = sgd.update_with_statistics(w, exactly(w, full({1500}, size)));
  CHECK(statistics.at(0).gradient_norm == Approx(size * std::sqrt(1500.0)).epsilon(1e-6));
  CHECK(statistics.at(0).nonfinite == 0.0);
}

TEST_CASE("a step with statistics, and one in stretches, is the same to the last bit") {
  const auto trained = [](bool watched) {
    Parameter w(Rng{1}.normal({50003}), "w");
    Adam adam;
    for (int step = 0; step < 3; ++step) {
      const Gradients gradients = exactly(w, Rng{2}.normal({50003}));
      if (watched) adam.update_with_statistics(w, gradients);
      else adam.update(w, gradients);
    }
    return w.value();
  };
  CHECK(same_bits(trained(true), trained(false)));
}
