// SPDX-License-Identifier: MIT
// What other libraries' optimizers were seen to get wrong, held against every one of ours.
#include <cmath>
#include <cstring>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"
#include "every_optimizer.h"
#include "training.h"

using namespace wengert;
using testing::every_optimizer;
using testing::exactly;
using testing::net;
using testing::slopes;

namespace {

std::string label(const AnyOptimizer& optimizer) { return std::string(optimizer->name()); }

/// The weights after `steps` steps with mean losses over `copies` of the same eight rows.
Tensor trained_on_copies(AnyOptimizer optimizer, std::size_t copies, int steps) {
  Parameter w(Rng{3}.normal({3}, f64), "w");
  const Tensor rows = Rng{5}.normal({8, 3}, f64);
  std::vector<Tensor> all(copies, rows);
  const Tensor x = stack_rows(all).reshape({8 * copies, 3});
  for (int step = 0; step < steps; ++step) {
    Tape tape;
    const Var input = tape.input(x);
    optimizer->update(w, tape.backward(mean(square(input * w.on(input) - 1.0))));
  }
  return w.value();
}

}  // namespace

TEST_CASE("a step does not depend on the size of the batch behind an equal gradient") {
  for (const AnyOptimizer& optimizer : every_optimizer()) {
    INFO(label(optimizer));
    const Tensor few = trained_on_copies(optimizer, 1, 20);
    const Tensor many = trained_on_copies(optimizer, 16, 20);
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::abs(few.at({i}) - many.at({i})) < 1e-9);
  }
}

TEST_CASE("a tensor's path does not depend on how many other tensors are trained beside it") {
  for (const AnyOptimizer& optimizer : every_optimizer()) {
    if (optimizer->name() == "sgd") continue;  // whose last variant clips by the norm of them all
    INFO(label(optimizer));
    const auto path_among = [&](std::size_t others) {
      std::vector<Parameter> parameters(1 + others, Parameter(full({5}, 0.7, f64)));
      std::vector<Parameter*> list;
      for (Parameter& parameter : parameters) list.push_back(&parameter);
      AnyOptimizer own = optimizer;
      for (int step = 0; step < 10; ++step) {
        Tape tape;
        Var loss = tape.input(scalar(0.0, f64));
        for (const Parameter& parameter : parameters)
          loss = loss + sum(sin(parameter.on(loss) * (1.0 + step)));
        own->update(list, tape.backward(loss));
      }
      CHECK(own->steps() == 10);
      return parameters.front().value();
    };
    CHECK(same_bits(path_among(0), path_among(6)));
  }
}

TEST_CASE("a zero weight with zero gradient stays exactly zero, decay or not") {
  const DType dtype = GENERATE(f32, f64);
  for (AnyOptimizer optimizer : every_optimizer()) {
    INFO(label(optimizer));
    Tensor mask = Rng{1}.bernoulli({67}, 0.5).to(dtype);
    Parameter w(Rng{2}.normal({67}, dtype), "w");
    w.set((Var(w.value()) * Var(mask)).value());
    for (int step = 0; step < 200; ++step) {
      const Tensor slope = Rng{static_cast<std::uint64_t>(step)}.normal({67}, dtype);
      // Zeros of both signs, as products with a mask give them.
      optimizer->update(w, exactly(w, (Var(slope) * Var(mask)).value()));
    }
    for (std::size_t i = 0; i < 67; ++i)
      if (mask.at({i}) == 0.0) REQUIRE(w.value().at({i}) == 0.0);
    CHECK_FALSE(same_bits(w.value(), zeros({67}, dtype)));
  }
}

TEST_CASE("no optimizer's state or weights become denormal once a gradient has vanished") {
  for (AnyOptimizer optimizer : every_optimizer()) {
    INFO(label(optimizer));
    Parameter w(ones({40}), "w");
    for (int step = 0; step < 1500; ++step)
      optimizer->update(w, exactly(w, full({40}, step == 0 ? 1e-3 : 0.0)));
    for (const auto& [key, tensor] : optimizer->state().tensors) {
      INFO(key);
      for (const float value : tensor.data<float>())
        REQUIRE((value == 0.0F || std::isnormal(value)));
    }
  }
}

TEST_CASE("every optimizer, saved and restored, goes on to the last bit") {
  for (const AnyOptimizer& made : every_optimizer()) {
    INFO(label(made));
    auto whole = net(), broken = net();
    AnyOptimizer throughout = made, before = made, after = made;
    for (int step = 0; step < 6; ++step) throughout->update(whole, slopes(whole, step));
    for (int step = 0; step < 3; ++step) before->update(broken, slopes(broken, step));
    after->restore(broken, before->state());
    for (int step = 3; step < 6; ++step) after->update(broken, slopes(broken, step));
    CHECK(same_bits(whole.get<0>().weight.value(), broken.get<0>().weight.value()));
    CHECK(same_bits(whole.get<2>().bias.value(), broken.get<2>().bias.value()));
  }
}

TEST_CASE("an element's update does not depend on where it lies in its tensor") {
  for (const AnyOptimizer& made : every_optimizer()) {
    INFO(label(made));
    Parameter w(full({10007}, 0.3), "w");
    AnyOptimizer optimizer = made;
    for (int step = 0; step < 3; ++step) optimizer->update(w, exactly(w, full({10007}, 0.11)));
    const Tensor after = w.value();
    for (const float value : after.data<float>()) REQUIRE(value == after.data<float>()[0]);
  }
}

TEST_CASE("every optimizer walks downhill") {
  for (AnyOptimizer optimizer : every_optimizer()) {
    if (optimizer->name() == "adadelta") optimizer->set_rate(1.0);
    INFO(label(optimizer));
    auto model = net();
    const Tensor x = Rng{9}.normal({32, 3});
    const auto loss = [&](Tape& tape) { return mean(square(model(tape.input(x)) - 0.5)); };
    double first = 0, last = 0;
    for (int step = 0; step < 300; ++step) {
      Tape tape;
      const Var value = loss(tape);
      (step == 0 ? first : last) = value.item();
      optimizer->update(model, tape.backward(value));
    }
    CHECK(last < 0.7 * first);
  }
}

TEST_CASE("centred RMSprop survives a gradient that never changes") {
  Parameter w(zeros({9}), "w");
  RmsProp optimizer{{.rate = 1e-6, .centred = true}};
  for (int step = 0; step < 3000; ++step) optimizer.update(w, exactly(w, full({9}, 0.1)));
  const Tensor after = w.value();
  for (const float value : after.data<float>()) CHECK((std::isfinite(value) && value < 0.0F));
}

TEST_CASE("options of optimizers outside their range are errors") {
  CHECK_THROWS_WITH(Adagrad({.initial = -1}), "adagrad: initial has to be 0 or more, got -1");
  CHECK_THROWS_WITH(Adadelta({.rho = 1}), "adadelta: rho lies in [0, 1), got 1");
  CHECK_THROWS_WITH(RmsProp({.momentum = -0.5}), "rms_prop: momentum lies in [0, 1), got -0.5");
  CHECK_THROWS_WITH(AdamW({.decay = -1}), "adam_w: decay has to be 0 or more, got -1");
  CHECK_THROWS_WITH(NAdam({.beta1 = 1}), "nadam: beta1 lies in [0, 1), got 1");
  CHECK_THROWS_WITH(Lion({.rate = INFINITY}), "lion: the rate has to be 0 or more, got inf");
  CHECK_THROWS_WITH(Adam({.epsilon = 0}),
                    "adam: epsilon has to be at least 1.18e-38, got 0; without it the step of a "
                    "weight that never got a gradient is 0 / 0");
}
