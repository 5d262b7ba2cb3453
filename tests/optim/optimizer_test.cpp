// SPDX-License-Identifier: MIT
// Optimizers against the recurrences of their papers, step by step in f64.
#include <cmath>
#include <functional>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

struct Pair {
  Parameter a{ones({2})}, b{ones({2})};
  static void members(auto& self, auto&& visit) {
    visit("x", self.a);
    visit("x", self.b);
  }
};

// Minimises (w - 3)^2 + sin w from w = 1 with the optimizer, and compares every step with
// `expected`, which maps (w, slope, step from 1) to the next w.
void follow(Optimizer& optimizer, const std::function<double(double, double, int)>& expected) {
  Parameter w(full({7}, 1.0, f64), "w");
  double scalar_w = 1.0;
  for (int step = 1; step <= 50; ++step) {
    Tape tape;
    const Var x = w.on(tape.input(zeros({1}, f64)));
    optimizer.update(w, tape.backward(sum(square(x - 3.0) + sin(x))));
    scalar_w = expected(scalar_w, 2 * (scalar_w - 3) + std::cos(scalar_w), step);
    for (std::size_t i = 0; i < 7; ++i) {
      INFO("step " << step);
      REQUIRE(std::abs(w.value().at({i}) - scalar_w) < 1e-12);
    }
  }
}

}  // namespace

TEST_CASE("plain gradient descent follows its recurrence") {
  Sgd sgd{{.rate = 0.05, .decay = 0.01}};
  follow(sgd, [](double w, double g, int) { return w - 0.05 * (g + 0.01 * w); });
}

TEST_CASE("momentum follows Polyak's recurrence") {
  Sgd sgd{{.rate = 0.02, .momentum = 0.9}};
  double v = 0;
  follow(sgd, [&](double w, double g, int) {
    v = 0.9 * v + g;
    return w - 0.02 * v;
  });
}

TEST_CASE("Nesterov's momentum looks ahead") {
  Sgd sgd{{.rate = 0.02, .momentum = 0.9, .nesterov = true}};
  double v = 0;
  follow(sgd, [&](double w, double g, int) {
    v = 0.9 * v + g;
    return w - 0.02 * (g + 0.9 * v);
  });
}

TEST_CASE("Adam follows algorithm 1 of its paper") {
  Adam adam{{.rate = 0.1}};
  double m = 0, v = 0;
  follow(adam, [&](double w, double g, int t) {
    m = 0.9 * m + (1 - 0.9) * g;
    v = 0.999 * v + (1 - 0.999) * g * g;
    const double mean = m / (1 - std::pow(0.9, t)), square = v / (1 - std::pow(0.999, t));
    return w - 0.1 * mean / (std::sqrt(square) + 1e-8);
  });
}

TEST_CASE("beta powers advance once a step, however many tensors there are") {
  Rng rng{1};
  Sequential model{Linear{3, 3, rng}, Linear{3, 1, rng}};
  Adam adam;
  Tape tape;
  adam.update(model, tape.backward(sum(model(tape.input(ones({1, 3}))))));
  CHECK(adam.steps() == 1);
}

TEST_CASE("one optimizer for two models of the same names is refused") {
  Rng rng{1};
  Linear a{2, 1, rng}, b{2, 1, rng};
  Adam adam;
  const auto step = [&](Linear& model) {
    Tape tape;
    adam.update(model, tape.backward(sum(model(tape.input(ones({1, 2}))))));
  };
  step(a);
  CHECK_THROWS_WITH(
      step(b),
      "adam: it has state for another parameter called 'weight'; use one optimizer for "
      "each model");
  step(a);
  CHECK(adam.steps() == 2);
}

TEST_CASE("an optimizer's state never holds denormal numbers") {
  Parameter w(full({1}, 1.0), "w");
  Adam adam{{.rate = 1e-3}};
  for (int step = 0; step < 2000; ++step) {
    Tape tape;
    const Var x = w.on(tape.input(zeros({1})));
    adam.update(w, tape.backward(sum(x * (step == 0 ? 1.0 : 0.0))));
  }
  // 0.9^2000 is far below the normal range, so the step has become exactly zero.
  const double before = w.value().item();
  Tape tape;
  adam.update(w, tape.backward(sum(w.on(tape.input(zeros({1}))) * 0.0)));
  CHECK(w.value().item() == before);
}

TEST_CASE("options outside their range are errors") {
  CHECK_THROWS_WITH(Sgd({.rate = -1.0}), "sgd: the rate has to be 0 or more, got -1");
  CHECK_THROWS_WITH(Sgd({.momentum = 1.0}), "sgd: momentum lies in [0, 1), got 1");
  CHECK_THROWS_WITH(Sgd({.nesterov = true}), "sgd: Nesterov's variant needs a momentum above 0");
  CHECK_THROWS_WITH(Adam({.beta2 = 1.5}), "adam: beta2 lies in [0, 1), got 1.5");
}

TEST_CASE("options that were set outside their range later are errors at the next step") {
  Parameter w(ones({2}), "w");
  const auto step = [&](Optimizer& optimizer) {
    Tape tape;
    optimizer.update(w, tape.backward(sum(square(w.on(tape.input(zeros({1})))))));
  };
  Adam adam;
  step(adam);
  const Tensor before = w.value();
  adam.options().beta1 = 1.5;
  CHECK_THROWS_WITH(step(adam), "adam: beta1 lies in [0, 1), got 1.5");
  CHECK(w.value().at({0}) == before.at({0}));
  Sgd sgd;
  sgd.options().momentum = -1;
  CHECK_THROWS_AS(step(sgd), ValueError);
  AdamW adam_w;
  adam_w.options().decay = -1;
  CHECK_THROWS_AS(step(adam_w), ValueError);
}

TEST_CASE("two parameters of one name in one model are refused at the first step") {
  Pair pair;
  Tape tape;
  const Var zero = tape.input(zeros({1}));
  const Gradients gradients = tape.backward(sum(pair.a.on(zero) * pair.b.on(zero)));
  Sgd sgd;
  CHECK_THROWS_WITH(sgd.update(pair, gradients),
                    "sgd: two parameters are called 'x', and each keeps its state by its name; a "
                    "member list that gives one name twice?");
  CHECK(pair.a.value().at({0}) == 1);
}

TEST_CASE("flushing denormals ends with its scope") {
  volatile float tiny = 1e-38F;
  {
    const FlushDenormals flush;
    CHECK(tiny * 0.1F == 0.0F);
  }
  CHECK(tiny * 0.1F != 0.0F);
}

namespace {
struct Tied {
  Parameter w{scalar(1.0)};
  static void members(auto& self, auto&& visit) {
    visit("encoder", self.w);
    visit("decoder", self.w);
  }
};
}  // namespace

TEST_CASE("a parameter listed under two names is updated and counted once") {
  Tied model;
  Sgd sgd{{.rate = 0.1}};
  Tape tape;
  const Var x = tape.input(scalar(1.0));
  sgd.update(model, tape.backward(model.w.on(x) * x));
  CHECK(model.w.value().item() == Approx(0.9));
  CHECK(parameter_count(model) == 1);
}

TEST_CASE("a refused update leaves no state behind") {
  Parameter a(scalar(1.0), "a"), other_a(scalar(1.0), "a"), b(scalar(1.0), "b"),
      other_b(scalar(1.0), "b");
  Sgd sgd{{.rate = 0.1, .momentum = 0.9}};
  const auto step = [&](std::vector<Parameter*> list) {
    Tape tape;
    const Var x = tape.input(scalar(1.0));
    Var loss = scalar(0.0);
    for (const Parameter* parameter : list) loss = loss + parameter->on(x);
    sgd.update(list, tape.backward(loss));
  };
  step({&a});
  CHECK_THROWS_AS(step({&other_b, &other_a}), ValueError);
  step({&a, &b});
  CHECK(sgd.steps() == 2);
}
