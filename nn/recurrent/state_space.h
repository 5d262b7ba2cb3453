// SPDX-License-Identifier: MIT
// The linear state-space model with Gaussian noise, and the Kalman filter as a recurrent cell:
// exact likelihoods, differentiable in every parameter (Kalman 1960; Durbin and Koopman, "Time
// series analysis by state space methods", 2012, for observations taken one by one).
#pragma once

#include <cstddef>
#include <span>

#include "../../graph/parameter.h"
#include "../../graph/rng.h"
#include "../../graph/tensor.h"
#include "../../graph/var.h"

namespace wengert {

/// z_t = A z_{t-1} + w_t, y_t = C z_t + v_t for t = 1, 2, ...; w_t ~ N(0, Q), v_t ~ N(0, R),
/// z_0 ~ N(m_0, P_0), all independent; n hidden numbers, m observed ones, R diagonal. Trained are
/// numbers that any value is allowed for: Q = L_Q L_Q' and P_0 = L_0 L_0' with the lower triangles
/// of L_Q and L_0, R = diag e^log_R.
struct LinearStateSpace {
  /// What is known of a model: A [n, n], C [m, n], Q [n, n], the diagonal of R [m], m_0 [n],
  /// P_0 [n, n], all of one dtype, f32 or f64.
  struct Values {
    Tensor A, C, Q, R, m_0, P_0;
  };
  /// Errors: ShapeError if they do not fit each other; DTypeError if dtypes differ; ValueError
  /// unless Q and P_0 are symmetric without negative eigenvalues and R is above 0.
  explicit LinearStateSpace(const Values& values);
  /// To be trained: A 0.9 times an orthogonal matrix, C by Glorot, Q = 0.01, R = 1, z_0 ~ N(0, 1).
  /// Errors: ValueError if a size is 0.
  LinearStateSpace(std::size_t n, std::size_t m, Rng& rng);

  /// Q [n, n] on `on`'s tape; P_0 and the diagonal R [m] likewise.
  Var Q(const Var& on) const;
  Var P_0(const Var& on) const;
  Var R(const Var& on) const;
  std::size_t states() const { return A.shape()[0]; }
  std::size_t observed() const { return C.shape()[0]; }

  static void members(auto& self, auto&& visit) {
    visit("A", self.A);
    visit("C", self.C);
    visit("L_Q", self.L_Q);
    visit("log_R", self.log_R);
    visit("m_0", self.m_0);
    visit("L_0", self.L_0);
  }

  Parameter A, C, L_Q, log_R, m_0, L_0;
};

struct SimulatedStates {
  Var z;  ///< [T, batch, n], z_1 first
  Var y;  ///< [T, batch, m]
};
/// Draws `batch` sequences of the model. With an `on` that is on a tape the draws are recorded as
/// functions of the parameters, and gradients go through them. Errors: ValueError for no steps or
/// no sequences.
SimulatedStates simulate(const LinearStateSpace& model, std::size_t steps, std::size_t batch,
                         Rng& rng, const Var& on = {});

/// z given all observations so far is N(mean, covariance).
struct KalmanState {
  Var mean;        ///< [batch, n]
  Var covariance;  ///< [batch, n, n]
  /// [batch], ln p(y_t | y_1 ... y_{t-1}) of what was seen of the last observation; 0 of nothing.
  Var log_density;
  static void parts(auto& self, auto&& visit) {
    visit("mean", self.mean);
    visit("covariance", self.covariance);
    visit("log_density", self.log_density);
  }
};

/// The Kalman filter: y_t [batch, m] and the state after y_{t-1} -> the state after y_t. Because R
/// is diagonal the m numbers are taken in one after the other, exactly, and nothing is inverted but
/// their variances.
///
/// A number that is NaN was not observed: it changes neither the state nor the likelihood, and a
/// step of which nothing was observed is the prediction alone. With a mask of one's own:
/// `where(mask, y, NaN)`. Padding, `unroll`'s mask, is another thing: there the state stands still.
///
/// The states of a filter lead to the likelihood of what comes after them, the last one to none:
/// `gradflow::study(tape, std::span(run.h).first(T - 1), loss)`.
struct KalmanCell {
  LinearStateSpace model;

  KalmanState operator()(const Var& y, const KalmanState& state) const;
  /// N(m_0, P_0) for every sequence of y's batch.
  KalmanState initial(const Var& y) const;
  /// One step ahead without an observation: mean A m, covariance A P A' + Q.
  KalmanState predicted(const KalmanState& state) const;

  static void members(auto& self, auto&& visit) { visit("model", self.model); }

 private:
  KalmanState predicted(const KalmanState& state, const Var& on) const;
};

/// ln p(y_1 ... y_T) of every sequence, [batch]: the sum of the steps' log densities, of the real
/// ones if there is a mask. `states` are those of `unroll(KalmanCell{model}, y)`.
/// Errors: ValueError for no steps.
Var log_likelihood(std::span<const KalmanState> states, const Tensor& mask = {});

}  // namespace wengert
