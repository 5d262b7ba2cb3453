// SPDX-License-Identifier: MIT
// What the instruments say to lists that are not the states and losses of one net.
#include <limits>
#include <vector>

#include <wengert/gradflow/jacobians.h>
#include <wengert/gradflow/recurrent_matrix.h>
#include <wengert/gradflow/saturation.h>
#include <wengert/graph/error.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;
using Catch::Matchers::ContainsSubstring;

struct Net : Recorded {
  /// `cut`: the step before which the state is taken off the tape; `change(t, h)` is what comes of
  /// a state.
  template <class Change>
  Net(std::size_t steps, std::size_t batch, Change change) {
    Var state = tape.input(gaussian(rng, {batch, 3}));
    for (std::size_t t = 0; t < steps; ++t) {
      state = change(t, wengert::tanh(linear(state, W.on(state))));
      h.push_back(state);
    }
    losses.push_back(sum(state));
  }
  Net() : Net(5, 2, [](std::size_t, const Var& x) { return x; }) {}
  Rng rng{1};
  Parameter W{gaussian(rng, {3, 3}, 0.6), "W"};
};

}  // namespace

TEST_CASE("lists that are empty are refused") {
  const Net net;
  const std::vector<Var> none;
  CHECK_THROWS_AS(gradflow::credit(net.tape, none, net.losses), ValueError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, none, net.losses),
                    ContainsSubstring("hidden states is empty"));
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, none), ValueError);
  CHECK_THROWS_WITH(gradflow::ledger(net.tape, net.h, none), ContainsSubstring("losses is empty"));
  const std::vector<Var> nothing{Var()};
  CHECK_THROWS_AS(gradflow::credit(net.tape, nothing, net.losses), ValueError);
}

TEST_CASE("states of unequal shapes are refused, both named") {
  Net net;
  net.h[2] = sum(net.h[2], 0);
  net.h.resize(3);
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), ValueError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("h[2] is (3,)") || ContainsSubstring("h[2] is [3]"));
}

TEST_CASE("states that are not in the order of time are refused") {
  Net net;
  std::swap(net.h[1], net.h[2]);
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), ValueError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("h[2] was recorded before h[1]"));
  net.h[2] = net.h[1];
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("h[1] and h[2] are one value"));
}

TEST_CASE("a state or loss that is not on the tape is named") {
  Net net;
  const Net other;
  const auto good = net.h;
  net.h[3] = net.h[3].value();
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), TapeError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("h[3]") && ContainsSubstring(".value()"));
  CHECK_THROWS_AS(gradflow::credit(net.tape, other.h, net.losses), TapeError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, good, other.losses),
                    ContainsSubstring("loss[0] is not on this tape"));
}

TEST_CASE("a state that leads to no loss, because it was cut off, is named") {
  const Net net(5, 2, [](std::size_t t, const Var& x) -> Var {
    return t == 3 ? 1.0 * x + 0.0 * x.value() : x;
  });
  CHECK_NOTHROW(gradflow::credit(net.tape, net.h, net.losses));
  Net cut(5, 2, [](std::size_t, const Var& x) { return x; });
  Var state = cut.h[2].value();
  state = wengert::tanh(linear(state, cut.W.on(cut.h[2])));
  const std::vector<Var> h{cut.h[0], cut.h[1], cut.h[2], state};
  const std::vector<Var> losses{sum(state)};
  CHECK_THROWS_AS(gradflow::credit(cut.tape, h, losses), TapeError);
  CHECK_THROWS_WITH(gradflow::credit(cut.tape, h, losses),
                    ContainsSubstring("no path leads from h[0]"));
}

TEST_CASE("states after all that the losses look at are refused with how many to list") {
  const Net net;
  const std::vector<Var> losses{sum(net.h[2])};
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, losses), TapeError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, losses),
                    ContainsSubstring("no path leads from h[3]") &&
                        ContainsSubstring("list the first 3 states only"));
  CHECK_NOTHROW(gradflow::credit(net.tape, std::span(net.h).first(3), losses));
}

TEST_CASE("a loss that is no scalar is refused with its shape") {
  Net net;
  net.losses.push_back(sum(net.h.back(), 0));
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), ShapeError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses), ContainsSubstring("loss[1]"));
}

TEST_CASE("a NaN is reported with the step and the op that it reaches first") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  SECTION("made by the net") {
    const Net net(5, 2, [](std::size_t t, const Var& x) -> Var {
      return t == 3 ? wengert::log(x - 2.0) : x;
    });
    CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), ValueError);
    CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                      ContainsSubstring("(log) is NaN at step 3"));
  }
  SECTION("from the data, which is named too") {
    Net net;
    Tape tape;
    Tensor data = zeros({5, 2, 3}, f64);
    data.mutable_data<double>()[3 * 6 + 5] = nan;
    const Var x = tape.input(data);
    std::vector<Var> h;
    Var state = zeros({2, 3}, f64);
    for (std::int64_t t = 0; t < 5; ++t)
      h.push_back(state = wengert::tanh(select(x, 0, t) + linear(state, net.W.on(x))));
    const std::vector<Var> losses{sum(state)};
    CHECK_THROWS_WITH(gradflow::ledger(tape, h, losses),
                      ContainsSubstring("(add) is NaN at step 3 in element [1, 2]") &&
                          ContainsSubstring("(input) in element [3, 1, 2] before it"));
  }
  SECTION("a state that is infinite") {
    const Net net(5, 2, [](std::size_t t, const Var& x) -> Var {
      return t == 2 ? x * std::numeric_limits<double>::infinity() : x;
    });
    CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                      ContainsSubstring("infinite at step 2"));
  }
  SECTION("but not where no gradient passes and no state is reached") {
    Net net;
    const Var unused = net.tape.input(full({2}, nan, f64));
    CHECK_NOTHROW(gradflow::credit(net.tape, net.h, net.losses));
    const Tensor twice = (unused * 2.0).value();
    CHECK(std::isnan(twice.data<double>()[0]));
    CHECK_NOTHROW(gradflow::credit(net.tape, net.h, net.losses));
  }
}

TEST_CASE("a NaN in a loss is named with the loss and the state that it reads") {
  Net net;
  net.losses.clear();
  for (std::size_t t = 0; t < 5; ++t)
    net.losses.push_back(t == 3 ? mean(wengert::log(net.h[t] - 2.0)) : mean(square(net.h[t])));
  CHECK_THROWS_AS(gradflow::credit(net.tape, net.h, net.losses), ValueError);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("(log) is NaN on the way to loss[3] of h[3]"));
  net.losses[3] = wengert::log(mean(net.h[3]) - 2.0);
  CHECK_THROWS_WITH(gradflow::credit(net.tape, net.h, net.losses),
                    ContainsSubstring("loss[3] of h[3] = ") && ContainsSubstring("(log) is NaN;"));
}

TEST_CASE("a NaN is named before a chain that is none, as of states from the fast path") {
  Rng rng{1};
  Tape tape;
  Tensor data = gaussian(rng, {5, 2, 3});
  data.mutable_data<double>()[3 * 6] = std::numeric_limits<double>::quiet_NaN();
  const Var whole = wengert::tanh(tape.input(data) * 1.0);
  std::vector<Var> h, losses;
  for (std::int64_t t = 0; t < 5; ++t) h.push_back(select(whole, 0, t));
  losses.push_back(sum(h.back() + h[0] + h[1] + h[2] + h[3]));
  CHECK_THROWS_WITH(gradflow::credit(tape, h, losses),
                    ContainsSubstring("h[3] = ") && ContainsSubstring("is NaN at step 3"));
}

TEST_CASE("slices of a whole sequence that one op made are no chain of states") {
  Rng rng{1};
  Tape tape;
  Parameter W(gaussian(rng, {3, 3}), "W");
  const Var x = tape.input(gaussian(rng, {5, 2, 3}));
  const Var whole = wengert::tanh(linear(x, W.on(x)));
  std::vector<Var> h, losses;
  for (std::int64_t t = 0; t < 5; ++t) h.push_back(select(whole, 0, t));
  losses.push_back(sum(h.back() + h[0] + h[1] + h[2] + h[3]));
  CHECK_THROWS_AS(gradflow::credit(tape, h, losses), ValueError);
  CHECK_THROWS_WITH(
      gradflow::credit(tape, h, losses),
      ContainsSubstring("h[0] does not lead to h[1]") && ContainsSubstring(".fused = false"));
  CHECK_THROWS_AS(gradflow::lyapunov(tape, h), ValueError);
}

TEST_CASE("of one step there is a gradient, but no Jacobian between states") {
  const Net net(1, 2, [](std::size_t, const Var& x) { return x; });
  const auto found = gradflow::credit(net.tape, net.h, net.losses);
  CHECK(found.credit.at(0, 0) == Approx(0.5 * std::log(6.0)));
  CHECK_FALSE(found.lags.half_life().has_value());
  CHECK_NOTHROW(gradflow::ledger(net.tape, net.h, net.losses));
  CHECK(gradflow::saturation(net.tape, net.h).uses.empty());
  CHECK_THROWS_AS(gradflow::singular_values(net.tape, net.h), ValueError);
  CHECK_THROWS_AS(gradflow::lyapunov(net.tape, net.h), ValueError);
  CHECK_THROWS_WITH(gradflow::path_split(net.tape, net.h), ContainsSubstring("two steps"));
}

TEST_CASE("Jacobians of single samples are refused where samples see each other") {
  const Net net(5, 3,
                [](std::size_t, const Var& x) -> Var { return x - 0.5 * mean(x, {0}, Keep::yes); });
  CHECK_THROWS_AS(gradflow::singular_values(net.tape, net.h), ValueError);
  CHECK_THROWS_WITH(gradflow::lyapunov(net.tape, net.h), ContainsSubstring("see each other"));
  CHECK_THROWS_AS(gradflow::path_split(net.tape, net.h), ValueError);
  CHECK_NOTHROW(gradflow::credit(net.tape, net.h, net.losses));
}

TEST_CASE("the exponents of a chain that is cut are minus infinity, no crash") {
  const Net net(6, 2, [](std::size_t, const Var& x) { return x; });
  Net cut;
  std::vector<Var> h(cut.h.begin(), cut.h.begin() + 3);
  Var state = h.back().value();
  for (int t = 0; t < 3; ++t) h.push_back(state = linear(state, cut.W.on(cut.h[0])));
  const auto found = gradflow::lyapunov(cut.tape, h);
  CHECK(found.exponents[0] == -std::numeric_limits<double>::infinity());
}

TEST_CASE("a matrix that is not square or not finite is refused") {
  CHECK_THROWS_AS(gradflow::examine(zeros({2, 3})), ShapeError);
  CHECK_THROWS_AS(gradflow::examine(zeros({0, 0})), ShapeError);
  CHECK_THROWS_AS(gradflow::examine(full({2, 2}, std::numeric_limits<double>::infinity())),
                  ValueError);
}
