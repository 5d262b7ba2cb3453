// SPDX-License-Identifier: MIT
// A padded batch: a state that stands still in padding has remembered nothing.
#include <cmath>
#include <limits>
#include <vector>

#include <wengert/gradflow/study.h>
#include <wengert/graph/error.h>
#include <wengert/nn/init.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/loss.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/step_losses.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;
using Catch::Matchers::ContainsSubstring;

constexpr std::size_t steps = 40, n = 8;
const std::vector<std::size_t> lengths{12, 9, 12, 5};

enum class Where { last, each };

struct Padded {
  /// Of the sequences `begin` to `end`, over `its_steps` steps.
  Padded(Where where, std::size_t begin, std::size_t end, std::size_t its_steps) {
    Rng rng{1};
    RnnCell cell{2, n, rng, {.recurrent = init::lecun_normal}};
    to(cell, f64);
    const Tensor all = rng.normal({steps, 4, 2}, f64);
    const auto first = static_cast<std::int64_t>(begin), last = static_cast<std::int64_t>(end);
    const Var x = tape.input(
        slice(slice(Var(all), 0, 0, static_cast<std::int64_t>(its_steps)), 1, first, last).value());
    const std::vector<std::size_t> own(lengths.begin() + first, lengths.begin() + last);
    mask = sequence_mask(own, its_steps);
    const auto run = unroll(cell, x, {.mask = mask, .fused = false});
    h = run.h;
    if (where == Where::last) losses.push_back(sum(square(run.last - 1.0)));
    for (std::size_t t = 0; where == Where::each && t < its_steps; ++t)
      losses.push_back(sum(square(h[t] - 1.0) * wengert::detail::mask_row(mask, t, h[t])));
  }
  Tape tape;
  Tensor mask;
  std::vector<Var> h, losses;
};

gradflow::Study studied(const Padded& net, const Tensor& mask) {
  return gradflow::study(net.tape, net.h, net.losses, {.mask = mask});
}

}  // namespace

TEST_CASE("with a mask the lags of a padded sequence are those of the sequence alone") {
  for (const Where where : {Where::last, Where::each}) {
    const Padded alone(where, 1, 2, 9), padded(where, 1, 2, steps);
    const auto expected = studied(alone, {}), found = studied(padded, padded.mask);
    REQUIRE(found.lags.median.size() == 9);
    for (std::size_t k = 0; k < 9; ++k)
      CHECK(found.lags.median[k] == Approx(expected.lags.median[k]).epsilon(1e-12).margin(1e-12));
    CHECK(found.lags.log_factor == Approx(expected.lags.log_factor).epsilon(1e-12));
    CHECK(found.longest == 9);
    CHECK(found.saturation.share == expected.saturation.share);
    for (std::size_t i = 0; i < n; ++i)
      CHECK(found.exponents->exponents[i] ==
            Approx(expected.exponents->exponents[i]).epsilon(1e-9));
    REQUIRE(found.paths->log_whole.size() == 9);
    CHECK(found.paths->log_whole[8] == Approx(expected.paths->log_whole[8]).epsilon(1e-10));
    REQUIRE(found.jacobian.size() == expected.jacobian.size());
    CHECK(found.jacobian[0].log_largest == Approx(expected.jacobian[0].log_largest).epsilon(1e-10));
  }
}

TEST_CASE("a lag of a ragged batch is over the sequences that are so long") {
  const Padded net(Where::last, 0, 4, steps);
  const auto lags = gradflow::credit(net.tape, net.h, net.losses, net.mask).lags;
  REQUIRE(lags.median.size() == 12);
  for (const std::size_t k : {4, 5, 10}) {
    double from = 0.0, to = 0.0;
    for (std::size_t b = 0; b < 4; ++b) {
      if (lengths[b] <= k) continue;
      const auto norm = [&](std::size_t t) {
        const Tensor gradient = jacobian(net.losses[0], net.h[t]);
        return norm_of(gradient.data<double>().subspan(b * n, n));
      };
      from += std::pow(norm(lengths[b] - 1), 2);
      to += std::pow(norm(lengths[b] - 1 - k), 2);
    }
    CHECK(std::exp(lags.median[k]) == Approx(std::sqrt(to / from)).epsilon(1e-10));
  }
}

TEST_CASE("a mask that was forgotten is asked for, and none where nothing stands still") {
  const Padded padded(Where::last, 0, 4, steps), whole(Where::last, 0, 1, 12);
  const auto without = studied(padded, {}), with = studied(padded, padded.mask);
  CHECK(without.still_sequences == 4);
  CHECK(without.still_steps == 35);
  CHECK_THAT(without.verdict(), ContainsSubstring("4 of 4 sequences stands still, for up to 35"));
  CHECK_THAT(with.verdict(),
             !ContainsSubstring("stands still") && ContainsSubstring("of 12 steps"));
  CHECK_THAT(studied(whole, {}).verdict(), !ContainsSubstring("stands still"));
  // What was read as memory.
  CHECK(std::exp(without.lags.log_factor) > std::exp(with.lags.log_factor) + 0.1);
}

TEST_CASE("a net at rest does not stand still as padding does") {
  Rng rng{2};
  const Parameter W((init::orthogonal({n, n}, rng) * 0.5).value().to(f64), "W");
  Tape tape;
  Var h = tape.input(zeros({2, n}, f64));
  std::vector<Var> hs;
  for (std::size_t t = 0; t < 10; ++t) hs.push_back(h = wengert::tanh(linear(h, W.on(h))));
  const auto found = gradflow::study(tape, hs, sum(h));
  CHECK(found.still_sequences == 0);
}

TEST_CASE("a mask of another shape is refused") {
  const Padded net(Where::last, 0, 4, steps);
  CHECK_THROWS_AS(studied(net, ones({steps, 3})), ShapeError);
}
