// SPDX-License-Identifier: MIT
// The credit matrix and the ledger of nets that users write: whatever leads from state to state,
// and whether the samples of a batch see each other or not.
#include <functional>
#include <vector>

#include <wengert/gradflow/cotangent_block.h>
#include <wengert/graph/rng.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/loss.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/ind_rnn_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/minimal_gated_cell.h>
#include <wengert/nn/recurrent/orthogonal_rnn_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/softmax.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;

constexpr std::size_t in = 2, n = 4, steps = 7;

/// A cell of the user's own: plain matrices, x W_in + h W + c.
struct OwnCell {
  explicit OwnCell(Rng& rng)
      : W_in(gaussian(rng, {in, n}, 0.8)),
        W(gaussian(rng, {n, n}, 0.5)),
        c(gaussian(rng, {n}, 0.1)),
        out(n, 1, rng) {
    to(out, f64);
    parameters(*this);
  }
  Var operator()(const Var& x, const Var& h) const {
    return wengert::tanh(matmul(x, W_in.on(x)) + matmul(h, W.on(x)) + c.on(x));
  }
  static void members(auto& self, auto&& visit) {
    visit("W_in", self.W_in);
    visit("W", self.W);
    visit("c", self.c);
    visit("out", self.out);
  }
  Parameter W_in, W, c;
  Linear out;
};

using Advance = std::function<Var(const OwnCell&, const Var& x, const std::vector<Var>& before)>;

enum class Losses { inside, after, last };

/// A loop as a user writes it; `advance` makes the next state of the ones before.
Recorded run(const OwnCell& cell, std::size_t batch, const Advance& advance,
             Losses where = Losses::inside) {
  Rng rng{5};
  Recorded net;
  std::vector<Tensor> y;
  for (std::size_t t = 0; t < steps; ++t) {
    const Var x = net.tape.input(rng.normal({batch, in}, f64));
    y.push_back(rng.normal({batch, 1}, f64));
    net.h.push_back(net.h.empty() ? cell(x, zeros({batch, n}, f64)) : advance(cell, x, net.h));
    if (where == Losses::inside) net.losses.push_back(mse(cell.out(net.h.back()), y.back()));
  }
  if (where == Losses::after)
    for (std::size_t t = 0; t < steps; ++t) net.losses.push_back(mse(cell.out(net.h[t]), y[t]));
  if (where == Losses::last) net.losses.push_back(mse(cell.out(net.h.back()), y.back()));
  return net;
}

Var plain(const OwnCell& cell, const Var& x, const std::vector<Var>& h) {
  return cell(x, h.back());
}

void require_right(const Advance& advance) {
  Rng rng{3};
  OwnCell cell(rng);
  for (const std::size_t batch : {1, 4})
    for (const Losses where : {Losses::inside, Losses::after, Losses::last}) {
      CAPTURE(batch, static_cast<int>(where));
      const Recorded net = run(cell, batch, advance, where);
      require_credit(net);
      require_ledger(net, cell);
    }
}

/// How often a segment was pulled row by row in a sweep from all losses to all states.
std::size_t row_by_row(const Recorded& net) {
  const gradflow::Timeline timeline(net.tape, net.h, net.losses);
  gradflow::CotangentBlock block(timeline, net.losses.size(), timeline.hidden());
  for (std::size_t s = 0; s < net.losses.size(); ++s) block.seed(s, timeline.losses()[s]);
  for (std::size_t segment = timeline.segments(); segment-- > 0;) block.pull(segment);
  return block.row_by_row();
}

template <class Module>
Recorded unrolled(const Module& module, std::size_t batch, const Tensor& mask = {}) {
  Rng rng{11};
  Recorded net;
  const Var x = net.tape.input(rng.normal({steps, batch, in}, f64));
  net.h = unroll(module, x, {.mask = mask, .fused = false}).h;
  for (const Var& h : net.h) net.losses.push_back(mean(square(h - 0.3)));
  return net;
}

template <class Module>
void require_right_cell(Module module) {
  to(module, f64);
  for (const std::size_t batch : {1, 4}) {
    CAPTURE(batch);
    const Recorded net = unrolled(module, batch);
    require_credit(net);
    require_ledger(net, module);
    CHECK(row_by_row(net) == 0);
  }
}

}  // namespace

TEST_CASE("a user's cell has the credit matrix of its Jacobians and a ledger that adds up") {
  require_right(plain);
}

TEST_CASE("every kind of cell has the credit matrix of its Jacobians and a ledger that adds up") {
  Rng rng{1};
  SECTION("RNN") { require_right_cell(RnnCell{in, n, rng}); }
  SECTION("relu RNN") { require_right_cell(RnnCell{in, n, rng, {.activation = Activation::relu}}); }
  SECTION("LSTM") { require_right_cell(LstmCell{in, n, rng}); }
  SECTION("GRU, reset after") { require_right_cell(GruCell{in, n, rng}); }
  SECTION("GRU, reset before, update renews") {
    require_right_cell(
        GruCell{in, n, rng, {.reset = GruCell::Reset::before, .update = GruCell::Update::renews}});
  }
  SECTION("independent RNN") { require_right_cell(IndRnnCell{in, n, rng}); }
  SECTION("minimal gated unit") { require_right_cell(MinimalGatedCell{in, n, rng}); }
  SECTION("orthogonal RNN, whose matrix is computed before the first step") {
    require_right_cell(OrthogonalRnnCell{in, n, rng});
  }
  SECTION("LSTMs on top of each other") {
    require_right_cell(Stacked{LstmCell{in, n, rng}, LstmCell{n, n, rng}});
  }
  SECTION("a residual layer on a plain one") {
    require_right_cell(
        Stacked{Linear{in, n, rng}, Residual{RnnCell{n, n, rng}}, RnnCell{n, n, rng}});
  }
}

TEST_CASE("credit and ledger hold for a padded batch") {
  Rng rng{1};
  LstmCell cell{in, n, rng};
  to(cell, f64);
  const std::vector<std::size_t> lengths{7, 3, 1, 5};
  const Recorded net = unrolled(cell, 4, sequence_mask(lengths));
  require_credit(net);
  require_ledger(net, cell);
}

TEST_CASE("credit goes over skip connections") {
  require_right([](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    const Var next = cell(x, h.back());
    return h.size() < 2 ? next : next + 0.7 * h[h.size() - 2];
  });
}

TEST_CASE("credit goes through attention over all earlier states") {
  require_right([](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    const Var all = stack(h, 1);
    const Var scores = sum(all * unsqueeze(h.back(), 1), -1);
    const Var context = sum(all * unsqueeze(softmax(scores), -1), 1);
    return cell(x, context) + 0.1 * h.back();
  });
}

TEST_CASE("samples that see each other are pulled one row after the other, and rightly") {
  const Advance centred = [](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    const Var a = cell(x, h.back());
    return 1.5 * (a - mean(a, {0}, Keep::yes));
  };
  const Advance turned = [](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    return cell(x, flip(h.back(), {0}));
  };
  const Advance triangle = [](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    return cell(x, h.back() + tril(h.back()));
  };
  const Advance chosen = [](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    return cell(x, h.back() * softmax(h.back(), 0));
  };
  const Advance mixed = [](const OwnCell& cell, const Var& x, const std::vector<Var>& h) -> Var {
    return cell(x, matmul(matmul(h.back(), h.back(), {.right = true}), h.back()));
  };
  Rng rng{3};
  OwnCell cell(rng);
  for (const Advance& advance : {turned, triangle, chosen, mixed}) {
    require_right(advance);
    CHECK(row_by_row(run(cell, 4, advance)) > 0);
  }
  // A mean over a batch of one leaves nothing.
  for (const Losses where : {Losses::inside, Losses::after}) {
    const Recorded net = run(cell, 4, centred, where);
    require_credit(net);
    require_ledger(net, cell);
    CHECK(row_by_row(net) > 0);
  }
}

TEST_CASE("losses inside the loop do not keep rows from being pulled together") {
  Rng rng{3};
  OwnCell cell(rng);
  for (const Losses where : {Losses::inside, Losses::after})
    CHECK(row_by_row(run(cell, 4, plain, where)) == 0);
}

TEST_CASE("credit of states without a batch axis") {
  Rng rng{4};
  Parameter W(gaussian(rng, {n, n}, 0.6), "W");
  Recorded net;
  Var h = net.tape.input(rng.normal({n}, f64));
  for (std::size_t t = 0; t < steps; ++t) {
    h = wengert::tanh(linear(h, W.on(h)));
    net.h.push_back(h);
    net.losses.push_back(sum(square(h)));
  }
  require_credit(net);
  CHECK(norm_of(gradflow::ledger(net.tape, net.h, net.losses).of("W").total) ==
        Approx(norm_of(net.tape.backward(sum_of(net.losses))[W].value())).epsilon(1e-13));
}

TEST_CASE("credit of states that are columns, whose leading axis is no batch") {
  Rng rng{4};
  Parameter W(gaussian(rng, {n, n}, 0.6), "W");
  Recorded net;
  Var h = net.tape.input(rng.normal({n, 3}, f64));
  for (std::size_t t = 0; t < steps; ++t) {
    h = wengert::tanh(matmul(W.on(h), h) + 0.1);
    net.h.push_back(h);
    net.losses.push_back(sum(square(h)));
  }
  require_credit(net);
}

TEST_CASE("the first state may be a leaf") {
  Rng rng{4};
  Parameter W(gaussian(rng, {n, n}, 0.6), "W");
  Recorded net;
  net.h.push_back(net.tape.variable(rng.normal({3, n}, f64)));
  for (std::size_t t = 1; t < steps; ++t) {
    net.h.push_back(wengert::tanh(linear(net.h.back(), W.on(net.h.back()))));
    net.losses.push_back(sum(square(net.h.back())));
  }
  require_credit(net);
}

TEST_CASE("credit ends where a state was taken off the tape") {
  Rng rng{3};
  OwnCell cell(rng);
  const Recorded net =
      run(cell, 4, [](const OwnCell& own, const Var& x, const std::vector<Var>& h) -> Var {
        return own(x, h.size() % 3 == 0 ? Var(h.back().value()) : h.back());
      });
  require_credit(net);
  require_ledger(net, cell);
}

TEST_CASE("an entry of the ledger is the gradient by that step's copy of the weight") {
  Rng rng{6};
  Parameter W(gaussian(rng, {n, n}, 0.6), "W");
  const Tensor first = rng.normal({3, n}, f64);
  Recorded net, copies;
  std::vector<Var> own;
  Var h = net.tape.variable(first), g = copies.tape.variable(first);
  for (std::size_t t = 0; t < steps; ++t) {
    own.push_back(copies.tape.variable(W.value()));
    h = wengert::tanh(linear(h, W.on(h)));
    g = wengert::tanh(linear(g, own.back()));
    net.h.push_back(h);
    net.losses.push_back(sum(square(h)));
    copies.losses.push_back(sum(square(g)));
  }
  const gradflow::LedgerRow row = gradflow::ledger(net.tape, net.h, net.losses).of("W");
  const Gradients by_step = copies.tape.backward(sum_of(copies.losses));
  const std::span<const double> total = row.total.data<double>();
  CHECK(row.uses == steps);
  REQUIRE(row.log_norm.size() == steps + 1);
  for (std::size_t t = 0; t < steps; ++t) {
    const std::span<const double> part = by_step[own[t]].value().data<double>();
    double product = 0.0;
    for (std::size_t i = 0; i < part.size(); ++i) product += part[i] * total[i];
    CHECK(std::exp(row.log_norm[t]) == Approx(norm_of(part)).epsilon(1e-12));
    CHECK(row.cosine[t] ==
          Approx(product / norm_of(part) / norm_of(total)).epsilon(1e-12).margin(1e-12));
  }
}

TEST_CASE("the gradient of backpropagation truncated at k is the ledger's lags below k") {
  Rng rng{6};
  Parameter W(gaussian(rng, {n, n}, 0.6), "W");
  const Tensor first = rng.normal({3, n}, f64);
  const std::size_t T = 9;
  for (const std::size_t k : {1, 3, 9}) {
    Tape tape;
    std::vector<Var> h;
    std::vector<Tensor> values{first};
    for (std::size_t t = 0; t < T; ++t) {
      const Var before = h.empty() ? tape.variable(first) : h.back();
      h.push_back(wengert::tanh(linear(before, W.on(before))));
      values.push_back(h.back().value());
    }
    const Var loss = sum(square(h.back()));
    const gradflow::LedgerRow full = gradflow::ledger(tape, h, std::span(&loss, 1)).of("W");
    // Truncated: from the value before the last k steps on. With copies of W: by brute force.
    Tape cut, copies;
    std::vector<Var> late, own;
    Var x = cut.input(values[T - k]), y = copies.input(values[T - k]);
    for (std::size_t t = T - k; t < T; ++t) {
      x = wengert::tanh(linear(x, W.on(x)));
      late.push_back(x);
      own.push_back(copies.variable(W.value()));
      y = wengert::tanh(linear(y, own.back()));
    }
    const Var cut_loss = sum(square(x)), copied_loss = sum(square(y));
    const gradflow::LedgerRow some = gradflow::ledger(cut, late, std::span(&cut_loss, 1)).of("W");
    const Gradients by_step = copies.backward(copied_loss);
    Tensor total = zeros({n, n}, f64);
    for (std::size_t lag = 0; lag < k; ++lag) {
      CHECK(some.log_norm[k - 1 - lag] == Approx(full.log_norm[T - 1 - lag]).epsilon(1e-13));
      const Tensor& part = by_step[own[k - 1 - lag]].value();
      CHECK(std::exp(full.log_norm[T - 1 - lag]) == Approx(norm_of(part)).epsilon(1e-12));
      for (std::size_t i = 0; i < total.size(); ++i)
        total.mutable_data<double>()[i] += part.data<double>()[i];
    }
    const Tensor whole = cut.backward(cut_loss)[W].value();
    for (std::size_t i = 0; i < total.size(); ++i) {
      CHECK(std::abs(some.total.data<double>()[i] - whole.data<double>()[i]) <=
            1e-13 * norm_of(whole));
      CHECK(std::abs(total.data<double>()[i] - whole.data<double>()[i]) <= 1e-13 * norm_of(whole));
    }
  }
}
