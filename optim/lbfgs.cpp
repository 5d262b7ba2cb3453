// SPDX-License-Identifier: MIT
#include "lbfgs.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "../graph/error.h"
#include "line_search.h"

namespace wengert {

namespace {

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// a + factor b
Vector sum(const Vector& a, double factor, const Vector& b) {
  Vector result(a.size());
  std::transform(a.begin(), a.end(), b.begin(), result.begin(),
                 [factor](double x, double y) { return x + factor * y; });
  return result;
}

struct Place {
  Vector weights;
  double loss = 0.0;
  Vector gradient;
};

/// The loss as a function of one vector, which holds all weights.
class Problem {
 public:
  Problem(std::span<Parameter* const> parameters, const std::function<Var(Tape&)>& loss)
      : loss_(loss) {
    for (Parameter* parameter : parameters)
      if (parameter->trainable()) parameters_.push_back(parameter);
    if (parameters_.empty())
      throw ValueError(fmt::format(
          "lbfgs: there is nothing to minimise over: of {} parameters none is trainable; unfreeze "
          "some",
          parameters.size()));
    for (const Parameter* parameter : parameters_) {
      before_.push_back(parameter->value());
      single_ = single_ || parameter->dtype() == f32;
    }
  }

  double epsilon() const {
    return single_ ? static_cast<double>(std::numeric_limits<float>::epsilon())
                   : std::numeric_limits<double>::epsilon();
  }
  std::int64_t evaluations() const { return evaluations_; }
  const std::vector<Tensor>& before() const { return before_; }

  Vector weights() const {
    Vector all;
    for (const Parameter* parameter : parameters_) append(all, parameter->value());
    return all;
  }
  void set(const Vector& weights) {
    std::size_t begin = 0;
    for (Parameter* parameter : parameters_) {
      const std::span<const double> own = std::span(weights).subspan(begin, parameter->size());
      parameter->set(Tensor::from(own, parameter->shape()).to(parameter->dtype()));
      begin += own.size();
    }
  }
  void put_back() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i]->set(before_[i]);
  }

  /// `weights` as the parameters can hold them, the loss there and its gradient.
  Place at(const Vector& weights) {
    set(weights);
    ++evaluations_;
    Tape tape;
    const Var loss = loss_(tape);
    const Gradients gradients = tape.backward(loss);
    Place place{this->weights(), loss.item(), {}};
    for (const Parameter* parameter : parameters_) {
      const Var* gradient = gradients.find(*parameter);
      if (!gradient)
        throw TapeError(fmt::format("lbfgs: '{}' got no gradient: {}", parameter->name(),
                                    gradients.why_missing(*parameter)));
      append(place.gradient, gradient->value());
    }
    return place;
  }

 private:
  static void append(Vector& all, const Tensor& tensor) {
    const Tensor wide = tensor.to(f64);
    all.insert(all.end(), wide.data<double>().begin(), wide.data<double>().end());
  }

  const std::function<Var(Tape&)>& loss_;
  std::vector<Parameter*> parameters_;
  std::vector<Tensor> before_;
  bool single_ = false;
  std::int64_t evaluations_ = 0;
};

/// The inverse Hessian as far as the last changes tell.
class Memory {
 public:
  explicit Memory(std::size_t most) : most_(most) {}
  bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }

  void add(const Place& from, const Place& to) {
    Pair pair{sum(to.weights, -1.0, from.weights), sum(to.gradient, -1.0, from.gradient), 0.0};
    pair.curvature = dot(pair.move, pair.turn);
    // Without positive curvature the next direction would not go down.
    const double size = std::sqrt(dot(pair.move, pair.move) * dot(pair.turn, pair.turn));
    if (!(pair.curvature > 1e-10 * size)) return;
    pairs_.push_back(std::move(pair));
    if (pairs_.size() > most_) pairs_.pop_front();
  }

  /// -H g by the two loops of algorithm 7.4.
  Vector direction(const Vector& gradient) const {
    Vector q = sum(gradient, -2.0, gradient);
    Vector shares(pairs_.size());
    for (std::size_t i = pairs_.size(); i-- > 0;) {
      shares[i] = dot(pairs_[i].move, q) / pairs_[i].curvature;
      q = sum(q, -shares[i], pairs_[i].turn);
    }
    if (!pairs_.empty()) {
      const Pair& last = pairs_.back();
      const double scale = last.curvature / dot(last.turn, last.turn);
      for (double& x : q) x *= scale;
    }
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const double share = dot(pairs_[i].turn, q) / pairs_[i].curvature;
      q = sum(q, shares[i] - share, pairs_[i].move);
    }
    return q;
  }

 private:
  struct Pair {
    Vector move;
    Vector turn;
    double curvature;
  };
  std::size_t most_;
  std::deque<Pair> pairs_;
};

Lbfgs::Result run(Problem& problem, const Lbfgs::Options& options) {
  constexpr int patience = 20;  // iterations that change the loss by no more than rounding
  Memory memory(options.memory);
  Place here = problem.at(problem.weights());
  const auto length = [](const Vector& x) { return std::sqrt(dot(x, x)); };
  if (!std::isfinite(here.loss) || !std::isfinite(length(here.gradient)))
    throw ValueError(
        fmt::format("lbfgs: the loss at the start is {} and its gradient's norm {}; "
                    "start where both are finite",
                    here.loss, length(here.gradient)));
  Lbfgs::Result result;
  int still = 0;
  const auto ended = [&](bool converged, const char* reason) {
    problem.set(here.weights);
    result.loss = here.loss;
    result.gradient_norm = length(here.gradient);
    result.evaluations = problem.evaluations();
    result.converged = converged;
    result.reason = reason;
    return result;
  };
  for (; result.iterations < options.iterations; ++result.iterations) {
    if (length(here.gradient) <= options.gradient_tolerance)
      return ended(true, "the gradient's norm is within its tolerance");
    const double noise = 4.0 * problem.epsilon() * std::abs(here.loss);
    std::optional<Place> next;
    while (!next) {
      const Vector direction = memory.direction(here.gradient);
      const double slope = dot(direction, here.gradient);
      Place last;
      double last_step = 0.0;
      const auto along = [&](double step) {
        last = problem.at(sum(here.weights, step, direction));
        last_step = step;
        return detail::LinePoint{step, last.loss, dot(last.gradient, direction)};
      };
      if (slope < 0) {
        const double first = memory.empty() ? std::min(1.0, 1.0 / length(here.gradient)) : 1.0;
        const auto found = detail::find_step(along, {0.0, here.loss, slope}, first,
                                             {options.decrease, options.curvature, noise});
        if (found) {
          next = last_step == found->step ? std::move(last)
                                          : problem.at(sum(here.weights, found->step, direction));
          break;
        }
      }
      if (memory.empty()) return ended(false, "the loss cannot be made smaller at this precision");
      memory.clear();  // once more, straight down
    }
    memory.add(here, *next);
    const double fall = here.loss - next->loss;
    here = std::move(*next);
    still = fall > noise ? 0 : still + 1;
    if (fall >= 0 && fall < options.loss_tolerance * std::abs(here.loss)) {
      ++result.iterations;
      return ended(true, "the loss falls by less than its tolerance");
    }
    if (still == patience && length(here.gradient) > options.gradient_tolerance) {
      ++result.iterations;
      return ended(false, "the loss changes by no more than rounding");
    }
  }
  if (length(here.gradient) <= options.gradient_tolerance)
    return ended(true, "the gradient's norm is within its tolerance");
  return ended(false, "the iterations are used up");
}

}  // namespace

Lbfgs::Lbfgs(const Options& options) : options_(options) {
  if (options.memory == 0 || options.iterations <= 0)
    throw ValueError(fmt::format("lbfgs: memory and iterations have to be 1 or more, got {} and {}",
                                 options.memory, options.iterations));
  if (!(options.gradient_tolerance >= 0 && options.loss_tolerance >= 0))
    throw ValueError(fmt::format("lbfgs: tolerances have to be 0 or more, got {} and {}",
                                 options.gradient_tolerance, options.loss_tolerance));
  if (!(0 < options.decrease && options.decrease < options.curvature && options.curvature < 1))
    throw ValueError(fmt::format("lbfgs: 0 < decrease < curvature < 1 has to hold, got {} and {}",
                                 options.decrease, options.curvature));
}

Lbfgs::Result Lbfgs::minimize(std::span<Parameter* const> parameters,
                              const std::function<Var(Tape&)>& loss) const {
  Problem problem(parameters, loss);
  try {
    return run(problem, options_);
  } catch (...) {
    problem.put_back();
    throw;
  }
}

}  // namespace wengert
