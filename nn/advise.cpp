// SPDX-License-Identifier: MIT
#include "advise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/indexing.h"
#include "last_activation.h"
#include "loss_floor.h"
#include "target_kind.h"

namespace wengert {
namespace detail {
namespace {

/// What a loss takes for its prediction.
enum class Takes {
  anything,
  numbers,
  above_minus_one,
  probability,
  logit,
  class_probabilities,
  class_logits,
  rate,
  log_rate,
  gaussian,
  score,
  class_scores,
};
struct Rule {
  std::string_view loss;
  Takes takes;
};
constexpr std::array rules{
    Rule{"mse", Takes::numbers},
    Rule{"mae", Takes::numbers},
    Rule{"huber", Takes::numbers},
    Rule{"msle", Takes::above_minus_one},
    Rule{"bce", Takes::probability},
    Rule{"bce_from_logits", Takes::logit},
    Rule{"cross_entropy", Takes::class_logits},
    Rule{"cross_entropy_from_probabilities", Takes::class_probabilities},
    Rule{"kl_divergence", Takes::class_probabilities},
    Rule{"kl_divergence_from_logits", Takes::class_logits},
    Rule{"poisson_nll", Takes::rate},
    Rule{"poisson_nll_from_log", Takes::log_rate},
    Rule{"gaussian_nll", Takes::gaussian},
    Rule{"hinge", Takes::score},
    Rule{"categorical_hinge", Takes::class_scores},
};

/// What the rules look at, and what they found.
struct Case {
  const Loss& loss;
  Takes takes = Takes::anything;
  Tensor prediction;
  Tensor targets;
  LastActivation end;
  Numbers out;
  Numbers want;
  TargetKind kind = TargetKind::numbers;
  std::vector<Advice> found;

  bool takes_one_of(std::initializer_list<Takes> list) const {
    return std::find(list.begin(), list.end(), takes) != list.end();
  }
  bool of_classes() const {
    return takes_one_of({Takes::class_logits, Takes::class_probabilities, Takes::class_scores});
  }
  const std::string& name() const { return loss.name(); }
  std::size_t columns() const { return prediction.rank() == 0 ? 1 : prediction.shape().back(); }

  template <class... Values>
  void wrong(std::string cure, fmt::format_string<Values...> mismatch, Values&&... values) {
    found.push_back({Advice::Weight::wrong, fmt::format(mismatch, std::forward<Values>(values)...),
                     std::move(cure)});
  }
  template <class... Values>
  void doubtful(std::string cure, fmt::format_string<Values...> mismatch, Values&&... values) {
    found.push_back({Advice::Weight::doubtful,
                     fmt::format(mismatch, std::forward<Values>(values)...), std::move(cure)});
  }
};

std::string interval(double low, double high) {
  if (std::isinf(low)) return fmt::format("up to {:.3g}", high);
  return std::isinf(high) ? fmt::format("from {:.3g} on", low)
                          : fmt::format("in [{:.3g}, {:.3g}]", low, high);
}

/// A stray number is one advice; the ranges of what is left are judged by the other rules.
void judge_finiteness(Case& c, const Numbers& in) {
  if (!in.stray.empty())
    c.wrong("find where the data come from; a mean over a column without values, a logarithm of 0",
            "inputs are not finite: {}", in.stray);
  if (!c.want.stray.empty())
    c.wrong("leave these samples out, or mask them", "targets are not finite: {}", c.want.stray);
  if (!c.out.stray.empty() && in.stray.empty())
    c.wrong("look at the initial weights and at the scale of the inputs",
            "the model's output is not finite: {}", c.out.stray);
}

void judge_scale(Case& c, const Numbers& in, DType inputs) {
  const double largest = std::max(std::abs(in.low), std::abs(in.high));
  if (is_float(inputs) && in.count > 0 && largest > 30) {
    const bool grey = in.low >= 0 && in.high <= 255 && in.whole;
    c.doubtful(grey ? "divide grey values by 255" : "standardise them, fitted on the training set",
               "inputs are not scaled: they lie in [{:.4g}, {:.4g}], and initial weights are made "
               "for numbers around 1",
               in.low, in.high);
  }
  if (c.takes != Takes::numbers && c.takes != Takes::gaussian) return;
  if (c.want.count == 0 || !is_float(c.targets.dtype())) return;
  const double size = std::hypot(c.want.mean, c.want.deviation);
  const bool tiny = size > 0 && size < 1e-2;
  if (size > 30 || tiny)
    c.doubtful("standardise them, fitted on the training set, and undo it after predicting",
               "targets are not standardised: mean {:.3g}, standard deviation {:.3g}; the loss "
               "starts near {:.2g}",
               c.want.mean, c.want.deviation, size * size);
}

void judge_class_targets(Case& c) {
  if (c.columns() == 1)
    c.wrong("one column a class; for two classes in one column bce_from_logits",
            "{} over one output column: softmax of a single number is always 1", c.name());
  const Shape& out = c.prediction.shape();
  const Shape rows = out.rank() == 0 ? out : out.without(out.rank() - 1);
  if (c.kind == TargetKind::labels) {
    if (c.name().starts_with("kl_divergence"))
      return c.wrong("use cross_entropy, which takes labels", "{} of labels", c.name());
    if (c.targets.shape() != rows)
      c.wrong(fmt::format("reshape the labels to {}", to_string(rows)),
              "labels {} for predictions {}", to_string(c.targets.shape()), to_string(out));
    if (c.columns() > 1 && (c.want.low < 0 || c.want.high >= static_cast<double>(c.columns())))
      c.wrong("number the classes from 0, and give the last layer one column a class",
              "labels from {} to {} for {} output columns", c.want.low, c.want.high, c.columns());
    return;
  }
  if (c.takes == Takes::class_scores || (c.targets.shape() != out && c.want.whole))
    return c.wrong("give class labels as i64, e.g. labels({0, 1})", "labels given as {} {} to {}",
                   to_string(c.targets.dtype()), to_string(c.targets.shape()), c.name());
  if (c.want.low < 0 || c.want.high > 1)
    return c.wrong("mse is for numbers; for classes give labels or distributions",
                   "{} with targets outside [0, 1]: they lie in [{:.4g}, {:.4g}]", c.name(),
                   c.want.low, c.want.high);
  if (c.targets.shape() == out && row_sum_error(c.targets) > 1e-3)
    c.wrong("for classes that do not exclude each other use bce_from_logits",
            "{} on targets whose rows do not add up to 1 (off by up to {:.3g})", c.name(),
            row_sum_error(c.targets));
}

void judge_element_targets(Case& c) {
  if (c.kind == TargetKind::labels)
    return c.wrong("for classes use cross_entropy; for numbers convert with cast(t, f32)",
                   "{} on labels (i64 {})", c.name(), to_string(c.targets.shape()));
  const Shape& fitting = c.prediction.shape();
  if (c.takes == Takes::gaussian) {
    Shape doubled = c.targets.shape();
    if (doubled.rank() > 0) doubled[doubled.rank() - 1] *= 2;
    if (doubled.rank() == 0 || fitting != doubled)
      c.wrong(
          fmt::format("give the model two outputs for each target, its mean and the logarithm "
                      "of its variance{}",
                      doubled.rank() == 0 ? "" : fmt::format(": {} in all", to_string(doubled))),
          "predictions {} and targets {} do not fit {}", to_string(fitting),
          to_string(c.targets.shape()), c.name());
  } else if (c.targets.shape() != fitting)
    c.wrong(fmt::format("the targets of {} have shape {}", c.name(), to_string(fitting)),
            "predictions {} and targets {} do not fit", to_string(c.prediction.shape()),
            to_string(c.targets.shape()));
  if (c.want.count == 0) return;
  if (c.takes_one_of({Takes::probability, Takes::logit}) && (c.want.low < 0 || c.want.high > 1)) {
    const bool grey = c.want.low >= 0 && c.want.high <= 255 && c.want.whole && c.want.high > 2;
    c.wrong(grey ? "divide grey values by 255; for counts use poisson_nll_from_log, for numbers mse"
                 : "mse is for numbers; for signs take (t + 1) / 2",
            "bce with targets outside [0, 1]: they lie in [{:.4g}, {:.4g}]", c.want.low,
            c.want.high);
  }
  if (c.takes_one_of({Takes::rate, Takes::log_rate}) && c.want.low < 0)
    c.wrong("mse is for numbers", "{} with negative counts: {:.4g}", c.name(), c.want.low);
  if (c.takes == Takes::above_minus_one && c.want.low <= -1)
    c.wrong("mse is for numbers", "msle with targets at or below -1: {:.4g}", c.want.low);
  if (c.takes == Takes::score &&
      (std::abs(c.want.low) != 1 || std::abs(c.want.high) != 1 || c.kind == TargetKind::numbers))
    c.wrong("take 2 t - 1 of 0 and 1, or bce_from_logits",
            "hinge with targets other than -1 and 1: they lie in [{:.4g}, {:.4g}]", c.want.low,
            c.want.high);
}

/// Units of the last axes that are 0 for every sample.
std::size_t dead_outputs(const Tensor& prediction) {
  if (prediction.rank() < 2 || !is_float(prediction.dtype())) return 0;
  const Tensor wide = prediction.to(f64);
  const std::span<const double> y = wide.data<double>();
  const std::size_t units = y.size() / prediction.shape()[0];
  std::size_t dead = 0;
  for (std::size_t k = 0; k < units; ++k) {
    bool alive = false;
    for (std::size_t i = k; i < y.size(); i += units) alive = alive || y[i] != 0;
    dead += alive ? 0 : 1;
  }
  return dead;
}

void judge_end_of_regression(Case& c) {
  const bool classes = c.kind == TargetKind::one_hot || c.kind == TargetKind::binary;
  if (c.want.count == 0 || c.kind == TargetKind::labels) return;
  if (classes && (c.end.is("sigmoid") || c.end.is("softmax"))) {
    const bool one_of_many = c.kind == TargetKind::one_hot || c.end.is("softmax");
    return c.wrong(fmt::format("drop the {} and use {}", c.end.name,
                               one_of_many ? "cross_entropy" : "bce_from_logits"),
                   "{} followed by {} on {}: where it is surely wrong its gradient vanishes",
                   c.end.name, c.name(), described(c.kind));
  }
  const double slack = 1e-6 * std::max(std::abs(c.want.low), std::abs(c.want.high));
  if (c.end.known && (c.want.low < c.end.low - slack || c.want.high > c.end.high + slack))
    return c.wrong(fmt::format("drop the {}, or scale the targets to its range", c.end.name),
                   "{} as last activation gives numbers {}, but targets lie in [{:.4g}, {:.4g}]",
                   c.end.name, interval(c.end.low, c.end.high), c.want.low, c.want.high);
  if (c.end.is("relu")) {
    const std::size_t dead = dead_outputs(c.prediction);
    c.doubtful("drop the relu; softplus keeps numbers positive with a gradient everywhere",
               "relu as last activation of a regression: an output below 0 for all samples gets no "
               "gradient{}",
               dead == 0 ? ""
                         : fmt::format(" ({} of {} in this batch)", dead,
                                       c.prediction.size() / c.prediction.shape()[0]));
  }
}

void judge_end_of_logits(Case& c) {
  if (!c.end.known || c.end.linear || !c.end.bounded()) return;
  if (c.takes == Takes::class_logits && c.end.is("log_softmax")) return;  // changes nothing
  const bool scores = c.takes_one_of({Takes::score, Takes::class_scores});
  if (scores && c.end.low <= -1 && c.end.high >= 1) return;  // the margin can be reached
  if (c.end.low < 0 && std::isinf(c.end.high))
    return c.doubtful(fmt::format("end in a linear layer: drop the {}", c.end.name),
                      "{} before {}, which takes any number: only those {} come out", c.end.name,
                      c.name(), interval(c.end.low, c.end.high));
  if (c.takes == Takes::log_rate)
    return c.wrong(c.end.low == 0 && std::isinf(c.end.high)
                       ? fmt::format("use poisson_nll, or drop the {}", c.end.name)
                       : fmt::format("drop the {}", c.end.name),
                   "{} inside poisson_nll_from_log, whose exponential is taken again: only "
                   "logarithms {} come out",
                   c.end.name, interval(c.end.low, c.end.high));
  if (c.end.is("sigmoid") || c.end.is("softmax"))
    return c.wrong(fmt::format("drop the {}: {} contains it", c.end.name, c.name()),
                   "{} inside a from-logits loss: {} squeezes what is squeezed already", c.end.name,
                   c.name());
  c.wrong(fmt::format("end in a linear layer: drop the {}", c.end.name),
          "{} before {}, which takes any number: only those {} come out", c.end.name, c.name(),
          interval(c.end.low, c.end.high));
}

void judge_end_of_probabilities(Case& c) {
  const bool classes = c.takes == Takes::class_probabilities;
  const std::string from_logits = !classes ? "bce_from_logits"
                                  : c.name().starts_with("kl_divergence")
                                      ? "kl_divergence_from_logits"
                                      : "cross_entropy";
  const std::string cure =
      fmt::format("use {}, or end in {}", from_logits, classes ? "softmax" : "sigmoid");
  if (c.end.known && !c.end.within(0, 1))
    return c.wrong(cure, "{} output with {}, which takes probabilities", c.end.name, c.name());
  if (!c.end.known && c.out.count > 0 && (c.out.low < 0 || c.out.high > 1))
    return c.wrong(cure, "{} takes probabilities, but the model gives numbers in [{:.4g}, {:.4g}]",
                   c.name(), c.out.low, c.out.high);
  if (classes && c.columns() > 1 && row_sum_error(c.prediction) > 1e-3)
    return c.wrong(fmt::format("use {} and drop the {}", from_logits, c.end.name),
                   "{} with {}: the probabilities of a row do not add up to 1", c.end.name,
                   c.name());
  if (!classes && c.end.is("softmax")) {
    if (c.columns() == 1)
      return c.wrong("drop the softmax and use bce_from_logits",
                     "softmax over one output column is always 1");
    c.doubtful(
        "for one class of many cross_entropy from logits; for several at once "
        "bce_from_logits, each without the softmax",
        "softmax with bce: its columns compete, bce treats each by itself");
  }
}

void judge_end(Case& c) {
  switch (c.takes) {
    case Takes::numbers: return judge_end_of_regression(c);
    case Takes::logit:
    case Takes::class_logits:
    case Takes::log_rate:
    case Takes::score:
    case Takes::class_scores: return judge_end_of_logits(c);
    case Takes::probability:
    case Takes::class_probabilities: return judge_end_of_probabilities(c);
    case Takes::rate:
      if (c.end.known && c.end.low < 0)
        return c.wrong("use poisson_nll_from_log, or end in softplus or exp",
                       "{} output with poisson_nll, which takes rates: they may become negative",
                       c.end.name);
      if (c.end.is("relu"))
        return c.doubtful("end in softplus or exp, or use poisson_nll_from_log",
                          "relu with poisson_nll: a rate of exactly 0 gets no gradient");
      if (c.end.known && c.want.high > c.end.high)
        c.wrong("end in softplus or exp", "{} gives rates {}, but there are counts up to {:.4g}",
                c.end.name, interval(c.end.low, c.end.high), c.want.high);
      return;
    case Takes::above_minus_one:
      if (c.out.count > 0 && c.out.low <= -1)
        return c.wrong("end in softplus or exp",
                       "{} output with msle, which is not defined at or below -1: {:.4g}",
                       c.end.name, c.out.low);
      if (c.end.known && c.end.low < -1)
        c.doubtful("end in softplus or exp",
                   "{} output with msle, which is not defined at or below -1", c.end.name);
      return;
    case Takes::gaussian:
      if (c.end.known && c.end.bounded())
        c.wrong("end in a linear layer",
                "{} before gaussian_nll, which takes means and logarithms of variances: only "
                "numbers {} come out",
                c.end.name, interval(c.end.low, c.end.high));
      return;
    case Takes::anything: return;
  }
}

bool any_wrong(const Case& c) {
  return std::any_of(c.found.begin(), c.found.end(),
                     [](const Advice& a) { return a.weight == Advice::Weight::wrong; });
}

/// What no rule foresaw, in the loss's own words; and the floor.
void judge_value(Case& c) {
  if (any_wrong(c)) return;
  try {
    const Tensor value = c.loss(Var(c.prediction), Var(c.targets)).value();
    if (value.size() == 1 && !std::isfinite(value.item()))
      c.wrong("look for a logarithm, root or quotient at the end of its domain",
              "the loss of this batch is {}", value.item());
  } catch (const Error& error) {
    return c.wrong("see there", "{}", error.what());
  }
  const std::optional<double> floor = loss_floor(c.loss, c.targets);
  if (floor && std::abs(*floor) > 1e-3)
    c.found.push_back({Advice::Weight::note,
                       fmt::format("{} of these targets cannot fall below {:.4f}, whatever the "
                                   "model",
                                   c.name(), *floor),
                       "judge it by the excess over that"});
}

/// The rows of `x` at which the mask is 1, if it has x's leading axes.
Tensor unmasked(const Tensor& x, const Tensor& mask) {
  if (!mask.defined() || x.rank() < mask.rank()) return x;
  Shape shape{mask.size()};
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    if (axis >= mask.rank()) shape.append(x.shape()[axis]);
    else if (x.shape()[axis] != mask.shape()[axis]) return x;
  }
  const Tensor counts = mask.to(f64);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < mask.size(); ++i)
    if (counts.data<double>()[i] != 0) rows.push_back(static_cast<std::int64_t>(i));
  return take(Var(x.reshape(shape)), Var(labels(rows))).value();
}

}  // namespace

std::vector<Advice> advise(const Var& prediction, const Loss& loss, const Tensor& inputs,
                           const Tensor& targets, const Tensor& mask) {
  Case c{.loss = loss,
         .prediction = unmasked(prediction.value(), mask),
         .targets = unmasked(targets, mask),
         .end = last_activation(prediction),
         .out = {},
         .want = {},
         .found = {}};
  for (const Rule& rule : rules)
    if (rule.loss == loss.name()) c.takes = rule.takes;
  const Numbers in = numbers_of(unmasked(inputs, mask));
  c.out = numbers_of(c.prediction);
  c.want = numbers_of(c.targets);
  c.kind = kind_of(c.targets, c.want);

  judge_finiteness(c, in);
  if (c.of_classes()) judge_class_targets(c);
  else if (c.takes != Takes::anything) judge_element_targets(c);
  judge_end(c);
  judge_scale(c, in, inputs.dtype());
  judge_value(c);
  std::stable_sort(c.found.begin(), c.found.end(),
                   [](const Advice& a, const Advice& b) { return a.weight < b.weight; });
  return std::move(c.found);
}

}  // namespace detail

std::string to_string(const Advice& advice) {
  constexpr std::array words{"wrong", "doubtful", "note"};
  return fmt::format("{}: {}\n  {}", words[static_cast<std::size_t>(advice.weight)],
                     advice.mismatch, advice.cure);
}

std::string to_string(const std::vector<Advice>& advice) {
  if (advice.empty()) return "nothing to object to";
  std::string text;
  for (const Advice& one : advice) text += (text.empty() ? "" : "\n") + to_string(one);
  return text;
}

}  // namespace wengert
