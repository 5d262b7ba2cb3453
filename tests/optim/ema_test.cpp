// SPDX-License-Identifier: MIT
#include <cmath>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../same_bits.h"
#include "training.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

double average_of(Ema& ema, Parameter& w) {
  const auto averaged = ema.use(w);
  return w.value().item();
}

}  // namespace

TEST_CASE("a corrected average is the weighted mean of the weights so far") {
  Parameter w(scalar(0.0, f64), "w");
  Ema ema{{.decay = 0.9}};
  double sum = 0, weight = 0;
  for (int t = 1; t <= 30; ++t) {
    const double value = std::sin(t) + 2;
    w.set(scalar(value, f64));
    ema.update(w);
    sum = 0.9 * sum + value;
    weight = 0.9 * weight + 1;
    CHECK(average_of(ema, w) == Approx(sum / weight).epsilon(1e-13));
  }
}

TEST_CASE("an uncorrected average starts at the first weights") {
  Parameter w(scalar(4.0, f64), "w");
  Ema ema{{.decay = 0.75, .corrected = false}};
  ema.update(w);
  CHECK(average_of(ema, w) == 4.0);
  w.set(scalar(8.0, f64));
  ema.update(w);
  CHECK(average_of(ema, w) == 5.0);
}

TEST_CASE("swapping twice gives back the weights to the last bit") {
  auto model = testing::net();
  const Tensor weight = model.get<0>().weight.value();
  Ema ema;
  ema.update(model);
  model.get<0>().weight.set((Var(weight) * 3.0).value());
  const Tensor trained = model.get<0>().weight.value();
  ema.update(model);
  ema.swap(model);
  CHECK(ema.swapped());
  CHECK_FALSE(same_bits(model.get<0>().weight.value(), trained));
  CHECK_THROWS_WITH(ema.update(model), ContainsSubstring("swap back"));
  ema.swap(model);
  CHECK(same_bits(model.get<0>().weight.value(), trained));
  CHECK(ema.updates() == 2);
}

TEST_CASE("weights come back when evaluation of the averages fails") {
  Parameter w(scalar(1.0), "w");
  Ema ema{{.decay = 0.5}};
  ema.update(w);
  w.set(scalar(2.0));
  try {
    const auto averaged = ema.use(w);
    CHECK(w.value().item() == 1.0);
    throw ValueError("evaluation failed");
  } catch (const ValueError&) {
    CHECK(w.value().item() == 2.0);
  }
}

TEST_CASE("an average keeps to the weights it was given, not to their later values") {
  Parameter w(full({5}, 1.0), "w");
  Ema ema{{.decay = 0.5, .corrected = false}};
  ema.update(w);
  const Tensor shared = w.value();
  w.set(full({5}, 3.0));
  ema.update(w);
  CHECK(same_bits(shared, full({5}, 1.0)));
}

TEST_CASE("a restored average goes on to the last bit") {
  Parameter w(scalar(1.0), "w");
  Ema whole{{.decay = 0.9}}, broken{{.decay = 0.9}};
  for (int t = 0; t < 8; ++t) {
    w.set(scalar(std::cos(t)));
    if (t == 4) {
      Ema fresh{{.decay = 0.9}};
      fresh.restore(broken.state());
      broken = fresh;
    }
    whole.update(w);
    broken.update(w);
  }
  CHECK(average_of(whole, w) == average_of(broken, w));
}

TEST_CASE("averages of another model are refused before anything is changed") {
  Parameter w(ones({2}), "w"), other(ones({2}), "other"), longer(ones({3}), "w");
  Ema ema;
  CHECK_THROWS_WITH(ema.swap(w), "ema: there is no average before the first update");
  ema.update(w);
  CHECK_THROWS_WITH(ema.update(other), ContainsSubstring("ema: there is an average of 'w'"));
  CHECK_THROWS_WITH(ema.swap(longer), "ema: 'w' is [3], but its average [2]");
  CHECK(ema.updates() == 1);
  CHECK_THROWS_WITH(Ema({.decay = 1}), "ema: decay lies in [0, 1), got 1");
}
