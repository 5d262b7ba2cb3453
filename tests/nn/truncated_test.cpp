// SPDX-License-Identifier: MIT
// Truncated backpropagation through time, against sums of per-lag contributions by brute force.
#include <wengert/nn/model.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/truncated.h>
#include <wengert/optim/sgd.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "same_bits.h"

namespace {

using namespace wengert;

constexpr std::size_t steps = 9;
constexpr std::size_t n = 4;

struct Problem {
  Rng rng{11};
  RnnCell cell{3, n, rng};
  Tensor x = rng.normal({steps, 1, 3}).to(f64);
  Tensor target = rng.normal({steps, 1, n}).to(f64);
  Problem() { to(cell, f64); }

  Var loss(const Var& h, std::size_t t) const {
    return sum(square(h - select(target, 0, static_cast<std::int64_t>(t))));
  }
  auto step_loss() const {
    return [this](const Var& h, std::size_t t) { return loss(h, t); };
  }
};

Tensor value_of(const Tensor& sequence, std::size_t t) {
  return select(sequence, 0, static_cast<std::int64_t>(t)).value();
}

/// What the use of W_hh in step t contributes to dL_s/dW_hh, for t <= s: dL_s/dh_s by the Jacobian
/// dh_s/dh_t by the derivative of step t alone.
struct Contributions {
  std::vector<std::vector<Tensor>> of;  ///< [s][t]

  explicit Contributions(const Problem& problem) {
    Tape tape;
    std::vector<Var> h{tape.variable(zeros({1, n}, f64))};
    for (std::size_t t = 0; t < steps; ++t)
      h.push_back(problem.cell(tape.input(value_of(problem.x, t)), h.back()));
    for (std::size_t s = 0; s < steps; ++s) {
      of.emplace_back();
      const Var dloss = grad([&](const Var& at) { return problem.loss(at, s); })(h[s + 1].value());
      for (std::size_t t = 0; t <= s; ++t) {
        const Tensor between = jacobian(h[s + 1], h[t + 1]);
        const Var cotangent = matmul(reshape(dloss, {1, n}), reshape(Var(between), {n, n}));
        Tape alone;
        const Var next = problem.cell(alone.input(value_of(problem.x, t)), Var(h[t].value()));
        of[s].push_back(alone.backward(next, cotangent)[problem.cell.W_hh].value());
      }
    }
  }
};

Tensor gradient(const Problem& problem, const TruncationOptions& options) {
  Tape tape;
  const auto result = truncated_bptt(problem.cell, tape.input(problem.x), Var(zeros({1, n}, f64)),
                                     options, problem.step_loss());
  return tape.backward(result.loss)[problem.cell.W_hh].value();
}

double distance(const Tensor& a, const Tensor& b) {
  return max(abs(Var(a) - Var(b))).item() / max(abs(Var(b))).item();
}

}  // namespace

TEST_CASE("truncation to k steps is the sum of the contributions of lag below k") {
  const Problem problem{};
  const Contributions contributions(problem);
  for (std::size_t k = 1; k <= steps; ++k) {
    Tensor expected = zeros({n, n}, f64);
    for (std::size_t s = 0; s < steps; ++s)
      for (std::size_t t = 0; t <= s; ++t)
        if (s - t < k) expected = (Var(expected) + contributions.of[s][t]).value();
    INFO("k = " << k);
    CHECK(distance(gradient(problem, {.every = 1, .back = k}), expected) < 1e-12);
  }
}

TEST_CASE("truncation every k1 steps takes the contributions within each window of k2") {
  const Problem problem{};
  const Contributions contributions(problem);
  for (const auto& [every, back] :
       {std::pair{2, 2}, std::pair{2, 5}, std::pair{3, 4}, std::pair{4, 4}, std::pair{5, 9}}) {
    const auto k1 = static_cast<std::size_t>(every);
    const auto k2 = static_cast<std::size_t>(back);
    Tensor expected = zeros({n, n}, f64);
    for (std::size_t s = 0; s < steps; ++s) {
      const std::size_t end = std::min(steps, (s / k1 + 1) * k1);
      for (std::size_t t = 0; t <= s; ++t)
        if (t + k2 >= end) expected = (Var(expected) + contributions.of[s][t]).value();
    }
    INFO("every " << k1 << ", back " << k2);
    CHECK(distance(gradient(problem, {.every = k1, .back = k2}), expected) < 1e-12);
  }
}

TEST_CASE("a truncated loss has the value of the full one to the last bit, and its last state") {
  const Problem problem{};
  const auto run = unroll(problem.cell, Var(problem.x), Var(zeros({1, n}, f64)), {.fused = false});
  Var full = problem.loss(run.y[0], 0);
  for (std::size_t t = 1; t < steps; ++t) full = full + problem.loss(run.y[t], t);
  for (const TruncationOptions options : {TruncationOptions{1, 1}, {1, 4}, {2, 3}, {4, 8}}) {
    Tape tape;
    const auto result = truncated_bptt(problem.cell, tape.input(problem.x), Var(zeros({1, n}, f64)),
                                       options, problem.step_loss());
    CHECK(same_bits(result.loss.value(), full.value()));
    CHECK(same_bits(result.last.value(), run.last.value()));
  }
}

TEST_CASE("a truncation of the whole sequence at once is the plain gradient to the last bit") {
  const Problem problem{};
  Tape tape;
  const Var x = tape.input(problem.x);
  Var h = zeros({1, n}, f64), loss;
  for (std::size_t t = 0; t < steps; ++t) {
    h = problem.cell(select(x, 0, static_cast<std::int64_t>(t)), h);
    loss = t == 0 ? problem.loss(h, t) : loss + problem.loss(h, t);
  }
  CHECK(same_bits(tape.backward(loss)[problem.cell.W_hh].value(),
                  gradient(problem, {.every = steps, .back = steps})));
}

TEST_CASE("the work of a truncation is its windows") {
  const Problem problem{};
  Tape tape;
  const auto result = truncated_bptt(problem.cell, tape.input(problem.x), Var(zeros({1, n}, f64)),
                                     {.every = 3, .back = 5}, problem.step_loss());
  CHECK(result.steps_run == 3 + 5 + 5);
}

TEST_CASE("the cosine between truncated and full gradient is what both gradients give") {
  const Problem problem{};
  const Var h0 = zeros({1, n}, f64);
  const auto error = [&](std::size_t back) {
    return truncation_error(problem.cell, Var(problem.x), h0, {1, back}, problem.step_loss());
  };
  double product = 0.0, full_square = 0.0, part_square = 0.0;
  const auto gradients = [&](const TruncationOptions& options) {
    Tape tape;
    return tape.backward(
        truncated_bptt(problem.cell, tape.input(problem.x), h0, options, problem.step_loss()).loss);
  };
  const Gradients full = gradients({steps, steps}), part = gradients({1, 2});
  for (const Parameter* parameter : {&problem.cell.W_xh, &problem.cell.W_hh, &problem.cell.b}) {
    product += sum(full[*parameter] * part[*parameter]).item();
    full_square += sum(square(full[*parameter])).item();
    part_square += sum(square(part[*parameter])).item();
  }
  CHECK(error(2).cosine == Approx(product / std::sqrt(full_square * part_square)).epsilon(1e-12));
  CHECK(error(2).full_norm == Approx(std::sqrt(full_square)).epsilon(1e-12));
  CHECK(error(2).truncated_norm == Approx(std::sqrt(part_square)).epsilon(1e-12));
  CHECK(error(2).cosine < 0.9999);
  CHECK(error(steps).cosine == Approx(1.0).epsilon(1e-12));
}

TEST_CASE("truncation cuts every part of a state") {
  Rng rng{4};
  LstmCell cell{3, n, rng};
  to(cell, f64);
  const Tensor x = rng.normal({6, 2, 3}).to(f64);
  const auto loss = [](const Var& h, std::size_t) { return sum(square(h)); };
  Tape tape;
  const Var input = tape.input(x);
  const auto result =
      truncated_bptt(cell, input, cell.initial(Var(value_of(x, 0))), {.every = 2, .back = 2}, loss);
  const Tensor truncated = tape.backward(result.loss)[cell.W_h].value();

  // The same by hand: three sequences of two steps, the state carried over as a value.
  Tensor expected = zeros(cell.W_h.shape(), f64);
  LstmState state = cell.initial(Var(value_of(x, 0)));
  for (std::size_t begin = 0; begin < 6; begin += 2) {
    Tape part;
    const Var first = part.input(value_of(x, begin)), second = part.input(value_of(x, begin + 1));
    const LstmState one = cell(first, state), two = cell(second, one);
    const Gradients g = part.backward(loss(one.h, 0) + loss(two.h, 1));
    expected = (Var(expected) + g[cell.W_h]).value();
    state = detached(two);
  }
  CHECK(distance(truncated, expected) < 1e-12);
}

TEST_CASE("an online loop carries its state over as a value and learns on the way") {
  Rng rng{8};
  RnnCell cell{1, 16, rng};
  Linear readout{16, 1, rng};
  Stacked net{cell, readout};
  Sgd optimizer{{.rate = 0.02}};
  auto state = initial_state(net, Var(zeros({1, 1})));
  // A sine, to be foretold one step ahead; every four steps an update.
  double early = 0.0, late = 0.0;
  const auto signal = [](std::size_t t) {
    return tensor({static_cast<float>(std::sin(0.3 * static_cast<double>(t)))});
  };
  for (std::size_t chunk = 0; chunk < 400; ++chunk) {
    Tape tape;
    Var loss;
    for (std::size_t t = 4 * chunk; t < 4 * chunk + 4; ++t) {
      auto next = take_step(net, tape.input(reshape(Var(signal(t)), {1, 1}).value()), state);
      state = std::move(next.state);
      const Var wrong = sum(square(next.output - reshape(Var(signal(t + 1)), {1, 1})));
      loss = t % 4 == 0 ? wrong : loss + wrong;
    }
    optimizer.update(net, tape.backward(loss));
    state = detached(state);
    if (chunk < 20) early += loss.item();
    if (chunk >= 380) late += loss.item();
  }
  CHECK(late < 0.1 * early);
}

TEST_CASE("a truncation that cannot be is refused") {
  const Problem problem{};
  const auto attempt = [&](std::size_t every, std::size_t back) {
    return [&problem, every, back] { return gradient(problem, {.every = every, .back = back}); };
  };
  CHECK_THROWS_WITH(attempt(1, 10)(),
                    "truncated_bptt: back through 10 steps of a sequence of 9; the whole sequence "
                    "is `back` = 9");
  CHECK_THROWS_WITH(attempt(3, 2)(),
                    "truncated_bptt: every 3 steps back through 2 would lose the losses of 1 "
                    "steps; `back` has to be at least `every`");
  CHECK_THROWS_AS(attempt(0, 2)(), ValueError);
  CHECK_THROWS_AS(attempt(0, 0)(), ValueError);
  CHECK_THROWS_AS(truncated_bptt(problem.cell, Var(problem.x), Var(zeros({1, n}, f64)),
                                 {.every = 1, .back = 2}, problem.step_loss()),
                  TapeError);
  CHECK_THROWS_AS(truncated_bptt(problem.cell, Var(problem.x), Var(zeros({2, n}, f64)),
                                 {.every = 1, .back = 2}, problem.step_loss()),
                  ShapeError);
}
