// SPDX-License-Identifier: MIT
// The matrix of a step as the recording has it, and the bound that is given only where it holds.
#include <cmath>
#include <functional>
#include <vector>

#include <wengert/gradflow/study.h>
#include <wengert/graph/error.h>
#include <wengert/nn/init.h>
#include <wengert/nn/layer_norm.h>
#include <wengert/nn/linear.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/orthogonal_rnn_cell.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/sparse_rnn_cell.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;

constexpr std::size_t n = 6, steps = 30;
using Advance = std::function<Var(const std::vector<Var>& before, const Var& W, const Var& x)>;

/// The study of h_t = advance(h_0 ... h_{t-1}) with W = gain times a matrix that is orthogonal as
/// far as float32 goes.
gradflow::Study study_of(double gain, const Advance& advance, std::size_t batch = 3) {
  Rng rng{3};
  const Parameter W((init::orthogonal({n, n}, rng).to(f64) * gain).value(), "W");
  Tape tape;
  std::vector<Var> h{tape.input(rng.normal({batch, n}, f64))}, losses;
  for (std::size_t t = 0; t < steps; ++t) {
    const Var x = tape.input(0.3 * rng.normal({batch, n}, f64));
    h.push_back(advance(h, W.on(h[0]), x));
    losses.push_back(sum(square(h.back() - 1.0)));
  }
  h.erase(h.begin());
  return gradflow::study(tape, h, losses, {.jacobians = false});
}

void require_bound(const gradflow::Study& study) {
  REQUIRE(study.reference.has_value());
  for (std::size_t k = 0; k < study.lags.median.size(); ++k)
    CHECK(study.lags.median[k] <= static_cast<double>(k) * study.reference->log_bound + 1e-9);
}

}  // namespace

TEST_CASE("the bound is of all that multiplies the state, and holds") {
  const auto scaled = study_of(0.6, [](const auto& h, const Var& W, const Var& x) -> Var {
    return wengert::tanh(2.5 * linear(h.back(), W) + x);
  });
  require_bound(scaled);
  CHECK(scaled.matrices.front().largest_singular == Approx(1.5).epsilon(1e-6));
  const auto twice = study_of(0.6, [](const auto& h, const Var& W, const Var& x) -> Var {
    return wengert::tanh(linear(linear(h.back(), W), W) + x);
  });
  require_bound(twice);
  CHECK(twice.matrices.front().spectral_radius == Approx(0.36).epsilon(1e-6));
  const auto beside = study_of(0.3, [](const auto& h, const Var& W, const Var& x) -> Var {
    return wengert::tanh(linear(h.back(), W) + 0.5 * h.back() + x);
  });
  require_bound(beside);
  CHECK(beside.matrices.front().largest_singular > 0.31);
  CHECK_FALSE(beside.matrices.front().trained);
}

TEST_CASE("no bound is given to a net that has another build") {
  LayerNorm normal{n};
  to(normal, f64);
  Rng rng{9};
  std::vector<Parameter> own;
  for (std::size_t t = 0; t < steps; ++t) own.emplace_back(gaussian(rng, {n, n}, 0.3), "W");
  const std::vector<Advance> others{
      [](const auto& h, const Var& W, const Var& x) -> Var {
        return linear(wengert::sin(3.0 * h.back()), W) + x;
      },
      [&](const auto& h, const Var& W, const Var& x) -> Var {
        return wengert::tanh(normal(linear(h.back(), W) + x));
      },
      [](const auto& h, const Var& W, const Var& x) -> Var {
        return wengert::tanh(linear(h.back(), W) + x + 0.5 * h[h.size() / 2]);
      },
      [](const auto& h, const Var& W, const Var& x) -> Var {
        return wengert::tanh(linear(h.back(), W) + x) + 0.1 * h.back();
      },
      [](const auto& h, const Var& W, const Var& x) -> Var {
        return wengert::tanh(linear(h.back() - mean(h.back(), {0}, Keep::yes), W) + x);
      },
      [&](const auto& h, const Var&, const Var& x) -> Var {
        return wengert::tanh(linear(h.back(), own[h.size() - 1].on(x)) + x);
      },
      [](const auto& h, const Var& W, const Var& x) -> Var {
        return wengert::tanh(linear(h.back(), W) * x);
      }};
  for (std::size_t k = 0; k < others.size(); ++k) {
    CAPTURE(k);
    const auto study = study_of(0.4, others[k]);
    CHECK_FALSE(study.reference.has_value());
    CHECK_THAT(study.verdict(), !Catch::Matchers::ContainsSubstring("bound"));
  }
}

TEST_CASE("a matrix of one layer alone recurs in no step") {
  Rng rng{9};
  std::vector<Parameter> own;
  for (std::size_t t = 0; t < steps; ++t)
    own.emplace_back(gaussian(rng, {n, n}, 0.3), "W" + std::to_string(t));
  const auto study = study_of(1, [&](const auto& h, const Var&, const Var& x) -> Var {
    return wengert::tanh(linear(h.back(), own[h.size() - 1].on(x)));
  });
  CHECK(study.matrices.empty());
}

TEST_CASE("a transposed, a masked and a composed matrix have their numbers") {
  const auto turned = study_of(0.9, [](const auto& h, const Var& W, const Var& x) -> Var {
    return wengert::tanh(matmul(h.back(), transpose(W)) + x);
  });
  require_bound(turned);
  REQUIRE(turned.matrices.size() == 1);
  CHECK(turned.matrices[0].parameter == "W");
  CHECK(turned.matrices[0].trained);
  CHECK(turned.matrices[0].spectral_radius == Approx(0.9).epsilon(1e-6));
  Rng rng{4};
  const auto cell_study = [&](const auto& cell) {
    Tape tape;
    const auto run = unroll(cell, tape.input(rng.normal({steps, 3, 2})), {.fused = false});
    std::vector<Var> losses;
    for (const Var& h : run.h) losses.push_back(sum(square(h - 1.0)));
    return gradflow::study(tape, run.h, losses, {.jacobians = false});
  };
  const auto sparse = cell_study(SparseRnnCell{2, n, 0.4, rng});
  require_bound(sparse);
  REQUIRE(sparse.matrices.size() == 1);
  CHECK(sparse.matrices[0].parameter == "weight");
  const auto orthogonal = cell_study(OrthogonalRnnCell{2, n, rng});
  require_bound(orthogonal);
  CHECK(orthogonal.matrices[0].largest_singular == Approx(1.0).epsilon(1e-5));
  CHECK(orthogonal.matrices[0].smallest_singular == Approx(1.0).epsilon(1e-5));
  const auto gates = cell_study(LstmCell{2, n, rng}).matrices;
  REQUIRE(gates.size() == 4);
  CHECK(gates[1].parameter == "W_h, block 2 of 4");
  CHECK(gates[1].largest_singular == Approx(1.0).epsilon(1e-5));
  CHECK(cell_study(GruCell{2, n, rng}).matrices.size() == 3);
}

TEST_CASE("states as columns, W h, are studied as one sample") {
  Rng rng{5};
  const Parameter W(gaussian(rng, {n, n}, 0.3), "W");
  Tape columns, rows;
  Var c = columns.input(gaussian(rng, {n, 1}));
  Var r = rows.input(transpose(c).value());
  std::vector<Var> cs, rs;
  for (std::size_t t = 0; t < steps; ++t) {
    cs.push_back(c = wengert::tanh(matmul(W.on(c), c)));
    rs.push_back(r = wengert::tanh(linear(r, W.on(r))));
  }
  const auto found = gradflow::study(columns, cs, sum(c)), same = gradflow::study(rows, rs, sum(r));
  CHECK(found.batch == 1);
  CHECK(found.width == n);
  REQUIRE(found.reference.has_value());
  CHECK(found.matrices[0].parameter == "W");
  CHECK(found.reference->log_bound == Approx(same.reference->log_bound).epsilon(1e-12));
  for (std::size_t i = 0; i < n; ++i)
    CHECK(found.exponents->exponents[i] == Approx(same.exponents->exponents[i]).epsilon(1e-9));
  CHECK(found.lags.log_factor == Approx(same.lags.log_factor).epsilon(1e-12));
}

// Identity 12 for a matrix that is not normal: what is left of the beginning after 300 steps of
// turning is a constant over the lags, of the order of ln of the eigenvectors' condition.
TEST_CASE("the half-life of a linear net with a Gaussian matrix is that of its spectral radius") {
  Rng rng{6};
  const std::size_t units = 16, T = 300;
  const Parameter W(gaussian(rng, {units, units}, 0.9 / 4.0), "W");
  Tape tape;
  Var h = tape.input(gaussian(rng, {2, units}));
  std::vector<Var> hs, losses;
  for (std::size_t t = 0; t < T; ++t) {
    hs.push_back(h = linear(h, W.on(h)));
    losses.push_back(sum(h * gaussian(rng, {2, units})));
  }
  const auto found = gradflow::study(tape, hs, losses, {.jacobians = false});
  const double rho = found.matrices.front().spectral_radius;
  CHECK(found.matrices.front().non_normality > 0.3);
  CHECK(found.lags.half_life().value() == Approx(std::log(2.0) / -std::log(rho)).epsilon(0.02));
  CHECK_THAT(found.verdict(), Catch::Matchers::ContainsSubstring("the spectral radius does"));
}

TEST_CASE("the leading exponents alone are those of the whole spectrum") {
  Rng rng{7};
  const Parameter W(gaussian(rng, {8, 8}, 0.5), "W");
  Tape tape;
  Var h = tape.input(gaussian(rng, {2, 8}));
  std::vector<Var> hs;
  for (std::size_t t = 0; t < 600; ++t) hs.push_back(h = linear(h, W.on(h)));
  const auto all = gradflow::lyapunov(tape, hs), top = gradflow::lyapunov(tape, hs, 3);
  REQUIRE(top.exponents.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(top.exponents[i] == Approx(all.exponents[i]).margin(0.02));
  CHECK_THROWS_AS(gradflow::lyapunov(tape, hs, 9), ValueError);
}
