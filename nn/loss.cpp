// SPDX-License-Identifier: MIT
#include "loss.h"

#include <limits>
#include <vector>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/activation.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/indexing.h"
#include "../ops/layout.h"
#include "../ops/reduce.h"
#include "../ops/softmax.h"
#include "loss_function.h"
#include "loss_parts.h"

namespace wengert {

using namespace detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Range probabilities{0, 1};
constexpr Range not_negative{0, infinity};
constexpr Range above_minus_one{-1, infinity, true};
/// A masked element becomes this one, whose loss and gradient are finite, in prediction and target.
constexpr double harmless = 0.5;

/// ln x, but -100 without a gradient below e^-100, and in f32 below the smallest normal number:
/// there e^-100 is denormal, which is 0 while training, and 1 / x of a denormal x is infinite.
Var held_log(const Var& x) {
  constexpr double exp_of_minus_100 = 3.720075976020836e-44;
  const double least =
      x.dtype() == f32 ? static_cast<double>(std::numeric_limits<float>::min()) : exp_of_minus_100;
  const Var held = x < least;  // not of NaN, which is let through
  return where(held, -100.0, log(where(held, 1.0, x)));
}

struct Pair {
  Var prediction;
  Var target;
};

Pair elements(const char* loss, const Var& prediction, const Var& target,
              const Weighting& weighting) {
  require_equal_shapes(loss, prediction, target);
  return {without_masked(loss, prediction, weighting, harmless),
          without_masked(loss, target, weighting, harmless)};
}

const char* const rescale = "scale them first, e.g. grey images by 1 / 255";
const char* const to_probabilities =
    "end the model in sigmoid or softmax, or use the loss from logits";

Pair distributions(const char* loss, const Var& prediction, const Var& target,
                   const Weighting& weighting) {
  if (prediction.shape() != target.shape())
    throw ShapeError(
        fmt::format("{}: prediction {} and target distributions {} differ; class "
                    "labels are i64, e.g. labels({{0, 1}})",
                    loss, to_string(prediction.shape()), to_string(target.shape())));
  const Pair rows = elements(loss, prediction, target, weighting);
  require_range(loss, "target probabilities", rows.target.value(), probabilities,
                "labels of classes are i64 [n]");
  return rows;
}

/// Rows of scores and their labels; a masked label is one that exists.
Pair labelled(const char* loss, const Var& scores, const Var& labels, const Weighting& weighting) {
  if (labels.dtype() != i64)
    throw DTypeError(fmt::format("{}: labels are i64, got {}", loss, to_string(labels.dtype())));
  if (scores.rank() == 0 || labels.shape() != scores.shape().without(scores.rank() - 1))
    throw ShapeError(
        fmt::format("{}: predictions {} take labels with the same leading axes, got {}", loss,
                    to_string(scores.shape()), to_string(labels.shape())));
  const auto classes = static_cast<std::int64_t>(scores.shape().back());
  const Var kept = labels_without_masked(loss, labels, weighting);
  const std::span<const std::int64_t> values = kept.value().data<std::int64_t>();
  for (std::size_t row = 0; row < values.size(); ++row)
    if (values[row] < 0 || values[row] >= classes)
      throw ValueError(fmt::format("{}: label {} at row {} is outside [0, {})", loss, values[row],
                                   row, classes));
  return {without_masked(loss, scores, weighting, harmless), kept};
}

}  // namespace

Var mse(const Var& prediction, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("mse", prediction, target, weighting);
  return reduced("mse", squared_difference(y, t), weighting);
}

Var mae(const Var& prediction, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("mae", prediction, target, weighting);
  return reduced("mae", abs(y - t), weighting);
}

namespace {
Var huber_at(double delta, const Var& prediction, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("huber", prediction, target, weighting);
  // Inside, held is the error itself; outside, its derivative is 0 and that of the product held.
  const Var error = y - t;
  const Var held = clamp(error, -delta, delta);
  return reduced("huber", held * (error - 0.5 * held), weighting);
}
}  // namespace

Var huber(const Var& prediction, const Var& target, const Weighting& weighting) {
  return huber_at(1, prediction, target, weighting);
}
Loss huber_with(double delta) {
  if (!(delta > 0)) throw ValueError(fmt::format("huber: delta is above 0: {}", delta));
  Loss loss("huber", [delta](const Var& y, const Var& t, const Weighting& weighting) {
    return huber_at(delta, y, t, weighting);
  });
  loss.gives_each_ = true;
  return loss;
}

Var msle(const Var& prediction, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("msle", prediction, target, weighting);
  require_range("msle", "targets", t.value(), above_minus_one, "mse takes any number");
  require_range("msle", "predictions", y.value(), above_minus_one,
                "end the model in relu, softplus or exp");
  return reduced("msle", squared_difference(log1p(y), log1p(t)), weighting);
}

Var bce(const Var& probability, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("bce", probability, target, weighting);
  require_range("bce", "targets", t.value(), probabilities, rescale);
  require_range("bce", "predictions", y.value(), probabilities, to_probabilities);
  return reduced("bce", -(t * held_log(y) + (1 - t) * held_log(1 - y)), weighting);
}

Var bce_from_logits(const Var& logits, const Var& target, const Weighting& weighting) {
  const auto [z, t] = elements("bce_from_logits", logits, target, weighting);
  require_range("bce_from_logits", "targets", t.value(), probabilities, rescale);
  return reduced("bce_from_logits", logistic_loss(z, t), weighting);
}

Var cross_entropy(const Var& logits, const Var& target, const Weighting& weighting) {
  const char* const name = "cross_entropy";
  if (target.dtype() == i64) {
    const auto [z, labels] = labelled(name, logits, target, weighting);
    return reduced(name, softmax_cross_entropy(z, labels), weighting);
  }
  const auto [z, t] = distributions(name, logits, target, weighting);
  return reduced(name, softmax_cross_entropy_with_distribution(z, t), weighting);
}

Var cross_entropy_from_probabilities(const Var& probabilities, const Var& target,
                                     const Weighting& weighting) {
  const char* const name = "cross_entropy_from_probabilities";
  const bool labels = target.dtype() == i64;
  const auto [y, t] = labels ? labelled(name, probabilities, target, weighting)
                             : distributions(name, probabilities, target, weighting);
  require_range(name, "predictions", y.value(), wengert::probabilities, to_probabilities);
  if (!labels) return reduced(name, -sum(t * held_log(y), -1), weighting);
  const Var chosen = squeeze(gather(y, unsqueeze(t, -1), -1), -1);
  return reduced(name, -held_log(chosen), weighting);
}

namespace {
/// sum_k t_k ln t_k of every row; the minimum of the cross-entropy over all predictions, negated.
Var negative_entropy(const Var& t) { return sum(t * held_log(t), -1); }
}  // namespace

Var kl_divergence(const Var& probabilities, const Var& target, const Weighting& weighting) {
  const char* const name = "kl_divergence";
  const auto [y, t] = distributions(name, probabilities, target, weighting);
  require_range(name, "predictions", y.value(), wengert::probabilities, to_probabilities);
  return reduced(name, sum(t * (held_log(t) - held_log(y)), -1), weighting);
}

Var kl_divergence_from_logits(const Var& logits, const Var& target, const Weighting& weighting) {
  const char* const name = "kl_divergence_from_logits";
  const auto [z, t] = distributions(name, logits, target, weighting);
  return reduced(name, negative_entropy(t) + softmax_cross_entropy_with_distribution(z, t),
                 weighting);
}

Var poisson_nll(const Var& rate, const Var& target, const Weighting& weighting) {
  const auto [y, t] = elements("poisson_nll", rate, target, weighting);
  require_range("poisson_nll", "targets", t.value(), not_negative, "they are counts");
  require_range("poisson_nll", "rates", y.value(), not_negative,
                "end the model in softplus or exp, or use poisson_nll_from_log");
  return reduced("poisson_nll", y - t * held_log(y), weighting);
}

Var poisson_nll_from_log(const Var& log_rate, const Var& target, const Weighting& weighting) {
  const auto [z, t] = elements("poisson_nll_from_log", log_rate, target, weighting);
  require_range("poisson_nll_from_log", "targets", t.value(), not_negative, "they are counts");
  return reduced("poisson_nll_from_log", exp(z) - t * z, weighting);
}

Var gaussian_nll(const Var& prediction, const Var& target, const Weighting& weighting) {
  const char* const name = "gaussian_nll";
  Shape doubled = target.shape();
  if (doubled.rank() > 0) doubled[doubled.rank() - 1] *= 2;
  if (doubled.rank() == 0 || prediction.shape() != doubled)
    throw ShapeError(
        fmt::format("{}: the prediction holds means and then logarithms of variances, so that its "
                    "last axis is twice the target's: {} and {}",
                    name, to_string(prediction.shape()), to_string(target.shape())));
  const std::vector<Var> halves = split(prediction, 2, -1);
  const auto [m, t] = elements(name, halves[0], target, weighting);
  const Var s = without_masked(name, halves[1], weighting, harmless);
  return reduced(name, 0.5 * (s + squared_difference(t, m) * exp(-s)), weighting);
}

Var hinge(const Var& prediction, const Var& target, const Weighting& weighting) {
  require_equal_shapes("hinge", prediction, target);
  const Var y = without_masked("hinge", prediction, weighting, 1);
  const Var t = without_masked("hinge", target, weighting, 1);
  require_signs("hinge", t.value());
  return reduced("hinge", relu(1 - t * y), weighting);
}

Var categorical_hinge(const Var& scores, const Var& labels, const Weighting& weighting) {
  const char* const name = "categorical_hinge";
  const auto [y, label] = labelled(name, scores, labels, weighting);
  const std::size_t classes = y.shape().back();
  if (classes < 2) throw ValueError(fmt::format("{}: there is no other class than one", name));
  const Var own = one_hot(label, classes, y.dtype());
  const Var rival = max(where(own, -infinity, y), -1);
  return reduced(name, relu(1 + rival - sum(y * own, -1)), weighting);
}

}  // namespace wengert
