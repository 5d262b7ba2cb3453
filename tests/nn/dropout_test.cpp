// SPDX-License-Identifier: MIT
// Dropout: noise while training, nothing afterwards; and Flatten.
#include <wengert/gradcheck/matchers.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"

using namespace wengert;

TEST_CASE("Dropout zeroes a share of rate and scales the others, only while training") {
  Rng rng{1};
  const Dropout layer{0.2, rng};
  const Tensor x = full({100, 100}, 3.0);
  Tape training_tape, inference_tape(Mode::inference);
  const Tensor y = layer(training_tape.input(x)).value();
  std::size_t zeroed = 0;
  for (const float value : y.data<float>()) {
    if (value == 0) ++zeroed;
    else REQUIRE(value == Approx(3.0 / 0.8));
  }
  CHECK(std::abs(static_cast<double>(zeroed) - 2000) < 4 * 40);  // four standard deviations
  CHECK(same_bits(layer(inference_tape.input(x)).value(), x));
  CHECK(same_bits(layer(Var(x)).value(), x));
}

TEST_CASE("two Dropouts from one Rng draw different noise, and other draws do not change it") {
  Rng rng{1}, same{1};
  const Dropout first{0.5, rng}, second{0.5, rng}, again{0.5, same};
  same.normal({7});
  const Tensor x = ones({8, 8});
  Tape tape;
  const Var on = tape.input(x);
  const Tensor noise = first(on).value();
  CHECK_FALSE(same_bits(noise, second(on).value()));
  CHECK_FALSE(same_bits(noise, first(on).value()));
  CHECK(same_bits(noise, again(on).value()));
}

TEST_CASE("a tape with Dropout on it meets the same noise when it is run again") {
  Rng rng{1};
  const Sequential net{Linear{4, 16, rng}, wengert::tanh, Dropout{0.5, rng}, Linear{16, 2, rng}};
  Tape tape;
  const Var y = net(tape.input(rng.normal({3, 4})));
  CHECK(same_bits(tape.replay(y), y.value()));
  CHECK(same_bits(tape.replay(y), y.value()));
}

TEST_CASE("a net with Dropout has the gradient it claims") {
  Rng rng{1};
  Sequential net{Linear{4, 16, rng}, wengert::tanh, Dropout{0.5, rng}, Linear{16, 2, rng}};
  REQUIRE_THAT(net, GradientsMatch(rng.normal({3, 4})));
}

TEST_CASE("Dropout's generator is found in the model, and set back repeats its noise") {
  Rng rng{1};
  Sequential net{Linear{4, 4, rng}, Dropout{0.5, rng}};
  CHECK(parameters(net).size() == 2);
  const auto found = generators(net);
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == "1.rng");
  const Rng::State start = found[0].second->state();
  Tape tape;
  const Var x = tape.input(rng.normal({3, 4}));
  const Tensor once = net(x).value();
  found[0].second->set_state(start);
  CHECK(same_bits(net(x).value(), once));
}

TEST_CASE("Dropout refuses a rate that is no share, when it is made") {
  Rng rng{1};
  CHECK_THROWS_WITH((Dropout{20, rng}),
                    "Dropout: the rate is the share that is dropped, in [0, 1): "
                    "20; a percentage?");
  CHECK_THROWS_AS((Dropout{1.0, rng}), ValueError);
  CHECK_THROWS_AS((Dropout{-0.1, rng}), ValueError);
}

TEST_CASE("Flatten makes rows of images") {
  CHECK(Flatten{}(Var(zeros({5, 2, 3, 4}))).shape() == Shape{5, 24});
  Rng rng{1};
  const Sequential net{Flatten{}, Linear{6, 2, rng}};
  CHECK(net(Var(zeros({4, 2, 3}))).shape() == Shape{4, 2});
  CHECK_THROWS_AS(Flatten{}(Var(scalar(1))), ShapeError);
}
