// SPDX-License-Identifier: MIT
// Tapes on several threads at once (run under the thread sanitizer too).
#include <thread>

#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

using namespace wengert;

TEST_CASE("two tapes on two threads share parameters and give the bits of one") {
  Rng rng{1};
  const Sequential net{Linear{16, 32, rng}, wengert::tanh, Linear{32, 4, rng}};
  const Tensor x = rng.normal({8, 16});
  const auto gradient = [&] {
    Tensor result;
    for (int i = 0; i < 50; ++i) {
      Tape tape;
      result = tape.backward(mean(square(net(tape.input(x)))))[net.get<0>().weight].value();
    }
    return result;
  };
  const Tensor alone = gradient();
  Tensor first, second;
  std::thread a([&] { first = gradient(); }), b([&] { second = gradient(); });
  a.join();
  b.join();
  CHECK(same_bits(alone, first));
  CHECK(same_bits(alone, second));
}

TEST_CASE("a value of one thread's finished tape is refused on another thread") {
  Var stale;
  std::thread([&] {
    Tape tape;
    stale = tape.variable(ones({2}));
  }).join();
  std::thread busy([] {
    for (int i = 0; i < 1000; ++i) Tape tape;
  });
  for (int i = 0; i < 100; ++i) CHECK_THROWS_AS(stale + 1.0, TapeError);
  busy.join();
}
