// SPDX-License-Identifier: MIT
// What the instruments are compared with: Jacobians between nodes of the tape and the ordinary
// backward pass; and nets that a test runs by hand.
#pragma once

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <wengert/gradflow/credit.h>
#include <wengert/gradflow/ledger.h>
#include <wengert/graph/rng.h>
#include <wengert/graph/tape.h>
#include <wengert/graph/transforms.h>
#include <wengert/nn/model.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/reduce.h>

#include "catch.h"

namespace wengert::test {

/// Hidden states and losses that a loop left on a tape.
struct Recorded {
  Tape tape = Tape();
  std::vector<Var> h = {}, losses = {};
};

/// Gaussian numbers in float64.
inline Tensor gaussian(Rng& rng, const Shape& shape, double deviation = 1.0) {
  Tensor result = rng.normal(shape, f64);
  for (double& value : result.mutable_data<double>()) value *= deviation;
  return result;
}

inline double norm_of(std::span<const double> values) {
  double squares = 0.0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}
inline double norm_of(const Tensor& values) { return norm_of(values.data<double>()); }

/// G[s, t] is the norm of the Jacobian of loss s by state t.
inline void require_credit(const Recorded& net) {
  const gradflow::CreditAnalysis found = gradflow::credit(net.tape, net.h, net.losses);
  REQUIRE(found.credit.losses == net.losses.size());
  REQUIRE(found.credit.steps == net.h.size());
  for (std::size_t t = 0; t < net.h.size(); ++t) {
    Tensor total = zeros(net.h[t].shape(), f64);
    for (std::size_t s = 0; s < net.losses.size(); ++s) {
      const Tensor each = jacobian(net.losses[s], net.h[t]);
      const double norm = norm_of(each);
      CAPTURE(s, t);
      if (norm == 0.0) CHECK(found.credit.at(s, t) == -std::numeric_limits<double>::infinity());
      else CHECK(std::exp(found.credit.at(s, t)) == Approx(norm).epsilon(1e-10));
      for (std::size_t i = 0; i < total.size(); ++i)
        total.mutable_data<double>()[i] += each.data<double>()[i];
    }
    // D1: the gradient by the state is the sum over the losses.
    if (norm_of(total) > 0.0)
      CHECK(std::exp(found.flow.whole[t]) == Approx(norm_of(total)).epsilon(1e-12));
  }
}

inline Var sum_of(const std::vector<Var>& losses) {
  Var total = losses[0];
  for (std::size_t s = 1; s < losses.size(); ++s) total = total + losses[s];
  return total;
}

/// The contributions of the steps add up to the gradient, for every parameter of the model.
template <class Model>
void require_ledger(const Recorded& net, Model& model) {
  const gradflow::Ledger found = gradflow::ledger(net.tape, net.h, net.losses);
  const Gradients gradients = net.tape.backward(sum_of(net.losses));
  std::size_t compared = 0;
  for (const Parameter* parameter : parameters(model)) {
    const Var* expected = gradients.find(*parameter);
    if (!expected) continue;
    ++compared;
    const Tensor& total = found.of(parameter->name()).total;
    const double size = norm_of(expected->value());
    for (std::size_t i = 0; i < total.size(); ++i)
      CHECK(std::abs(total.data<double>()[i] - expected->value().data<double>()[i]) <=
            1e-13 * size);
    // Parts over which the cosine is taken project onto the whole with its own length.
    double along = 0.0;
    const gradflow::LedgerRow& row = found.of(parameter->name());
    for (std::size_t t = 0; t < row.log_norm.size(); ++t)
      if (std::isfinite(row.log_norm[t]) && std::isfinite(row.cosine[t]))
        along += std::exp(row.log_norm[t]) * row.cosine[t];
    CHECK(along == Approx(size).epsilon(1e-12));
  }
  CHECK(compared == found.rows.size());
  CHECK(compared > 0);
}

}  // namespace wengert::test
