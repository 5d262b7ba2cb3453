// SPDX-License-Identifier: MIT
// State of optimizers, saved and taken up again, and optimizers as values.
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

struct Options {
  AnyOptimizer optimizer = Adam{};
  int epochs = 1;
};

std::vector<Tensor> values(const testing::Net& net) {
  std::vector<Tensor> result;
  for_each_parameter(net, [&](const std::string&, const Parameter& parameter) {
    result.push_back(parameter.value());
  });
  return result;
}

/// Trains in one go and with a break after `until` steps, at which a new optimizer and a new model
/// take up what the old ones left; true if both end at the same bits.
bool resumes(const AnyOptimizer& made, int until, int steps) {
  auto whole = net(), first = net();
  AnyOptimizer throughout = made, before = made;
  for (int step = 0; step < steps; ++step) throughout->update(whole, slopes(whole, step));
  for (int step = 0; step < until; ++step) before->update(first, slopes(first, step));

  auto second = net(77);
  const std::vector<Parameter*> from = parameters(first), to = parameters(second);
  for (std::size_t i = 0; i < from.size(); ++i) to[i]->set(from[i]->value());
  AnyOptimizer after = made;
  after->set_rate(0.123);  // the state knows better
  after->restore(second, before->state());
  for (int step = until; step < steps; ++step) after->update(second, slopes(second, step));

  bool same = after->steps() == throughout->steps() &&
              after->clipping().factor_sum == throughout->clipping().factor_sum;
  const std::vector<Tensor> a = values(whole), b = values(second);
  for (std::size_t i = 0; i < a.size(); ++i) same = same && same_bits(a[i], b[i]);
  return same;
}

}  // namespace

TEST_CASE("a restored optimizer goes on to the last bit as if it had never stopped") {
  Adam clipped;
  clipped.clip({.norm = 0.5}).group("*bias", {.rate_factor = 2, .decay = 0.1});
  Adam slowed;
  slowed.set_rate(1e-4);
  for (const AnyOptimizer& optimizer : std::initializer_list<AnyOptimizer>{
           Sgd{{.rate = 0.01}}, Sgd{{.rate = 0.01, .momentum = 0.9}}, Adam{}, clipped, slowed}) {
    INFO(optimizer->name());
    CHECK(resumes(optimizer, 4, 9));
    CHECK(resumes(optimizer, 0, 3));
  }
}

TEST_CASE("a saved state is not changed by further steps") {
  auto model = net();
  Adam adam;
  adam.update(model, slopes(model, 0));
  const OptimizerState saved = adam.state();
  const Tensor mean = saved.tensors.at("0.weight/mean");
  const std::vector<float> before(mean.data<float>().begin(), mean.data<float>().end());
  adam.update(model, slopes(model, 1));
  CHECK(std::equal(before.begin(), before.end(), mean.data<float>().begin()));
  CHECK(saved.steps == 1);
  CHECK(saved.tensors.size() == 8);
  CHECK(saved.scalars.at("rate") == 1e-3);
}

TEST_CASE("a state that does not fit is refused, and nothing is changed") {
  auto model = net();
  Adam adam, fresh;
  adam.update(model, slopes(model, 0));
  const OptimizerState good = adam.state();
  const auto refused = [&](auto change, const std::string& message) {
    OptimizerState bad = good;
    change(bad);
    CHECK_THROWS_WITH(fresh.restore(model, bad), ContainsSubstring(message));
    CHECK(fresh.steps() == 0);
    CHECK(fresh.state().tensors.empty());
  };
  refused([](auto& bad) { bad.optimizer = "sgd"; }, "adam: the state is one of 'sgd'");
  refused([](auto& bad) { bad.tensors.erase("0.bias/mean"); },
          "adam: the state lacks '0.bias/mean'");
  refused([](auto& bad) { bad.tensors["0.bias/velocity"] = zeros({5}); },
          "adam: the state holds '0.bias/velocity', which this optimizer does not keep");
  refused([](auto& bad) { bad.scalars.erase("rate"); }, "adam: the state lacks 'rate'");
  refused([](auto& bad) { bad.scalars["rate"] = -1; }, "adam: the rate has to be 0 or more");
  refused([](auto& bad) { bad.scalars["extra"] = 1; },
          "adam: the state holds 12 numbers where this optimizer keeps 11");
  refused([](auto& bad) { bad.tensors["0.bias/mean"] = zeros({6}); },
          "adam: '0.bias' is [5], but its restored state [6]");
  refused([](auto& bad) { bad.tensors["0.bias/mean"] = zeros({5}, f64); },
          "adam: '0.bias' is f32, but its restored state f64");
  refused(
      [](auto& bad) {
        bad.scalars.erase("2.bias/steps");
        bad.tensors.erase("2.bias/mean");
        bad.tensors.erase("2.bias/square");
      },
      "adam: the restored state knows nothing of '2.bias'");
  refused(
      [](auto& bad) {
        bad.scalars["9.bias/steps"] = 1;
        bad.tensors["9.bias/mean"] = bad.tensors["9.bias/square"] = zeros({5});
      },
      "adam: the restored state is for '9.bias' too, which the model does not have");
  fresh.restore(model, good);
  CHECK(fresh.steps() == 1);
}

TEST_CASE("a state restored without its model is compared at the next update") {
  auto model = net();
  Adam adam, fresh;
  adam.update(model, slopes(model, 0));
  fresh.restore(adam.state());
  Parameter other(scalar(1.0), "other");
  CHECK_THROWS_AS(fresh.update(other, exactly(other, scalar(1.0))), ValueError);
  fresh.update(model, slopes(model, 1));
  CHECK(fresh.steps() == 2);
}

TEST_CASE("any optimizer can be held as a value, and copies are independent") {
  auto model = net();
  Options options{.optimizer = Sgd{{.rate = 0.5, .momentum = 0.9}}, .epochs = 2};
  AnyOptimizer copy = options.optimizer;
  copy->update(model, slopes(model, 0));
  CHECK(copy->steps() == 1);
  CHECK(options.optimizer->steps() == 0);
  CHECK(copy->name() == "sgd");
  copy->set_rate(0.25);
  CHECK(copy->rate() == 0.25);
  CHECK(options.optimizer->rate() == 0.5);
  options.optimizer = copy;
  CHECK(options.optimizer->steps() == 1);
  CHECK(Options{}.optimizer->name() == "adam");
  const AnyOptimizer chained = Adam{}.clip({.norm = 1}).group("*bias", {.l1 = 1});
  CHECK(chained->name() == "adam");
}

TEST_CASE("a rate is finite and not negative") {
  Adam adam;
  CHECK_THROWS_WITH(adam.set_rate(-1), "adam: the rate has to be 0 or more, got -1");
  CHECK_THROWS_AS(adam.set_rate(std::numeric_limits<double>::quiet_NaN()), ValueError);
  CHECK(adam.rate() == 1e-3);
}

TEST_CASE("bias correction starts when a parameter is first trained") {
  Parameter late(scalar(1.0, f64), "late"), early(scalar(1.0, f64), "early");
  std::vector<Parameter*> all{&early, &late};
  Adam adam{{.rate = 0.1}};
  late.set_trainable(false);
  const auto step = [&] {
    Tape tape;
    const Var x = tape.input(scalar(3.0, f64));
    adam.update(all, tape.backward(early.on(x) * x + late.on(x) * x));
  };
  for (int i = 0; i < 5; ++i) step();
  late.set_trainable(true);
  step();
  CHECK(late.value().item() == Approx(0.9));  // the first step of Adam has the length of its rate
  CHECK(adam.steps() == 6);
}

TEST_CASE("an optimizer whose parameter or options changed underneath it says so") {
  Parameter w(ones({3}), "w");
  const Parameter wide(ones({3}, f64)), longer(ones({4})), original(w);
  Sgd sgd{{.rate = 0.1, .momentum = 0.9}};
  sgd.update(w, exactly(w, ones({3})));
  w = wide;  // a copy: the identity stays
  CHECK_THROWS_WITH(sgd.update(w, exactly(w, ones({3}, f64))),
                    ContainsSubstring("sgd: 'w' is f64 now, but its state f32"));
  w = longer;
  CHECK_THROWS_AS(sgd.update(w, exactly(w, ones({4}))), ShapeError);
  w = original;
  sgd.options().momentum = 0.0;
  CHECK_THROWS_WITH(sgd.update(w, exactly(w, ones({3}))),
                    ContainsSubstring("its options now ask for 0 state tensors"));
}
