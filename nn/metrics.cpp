// SPDX-License-Identifier: MIT
#include "metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/layout.h"
#include "../ops/reduce.h"
#include "metric_function.h"

namespace wengert {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// Scores [rows, classes] in double and the label of each row, checked.
struct Rows {
  std::vector<double> scores;
  std::vector<std::int64_t> labels;
  std::size_t classes = 0;
  std::size_t samples = 0;  ///< entries of the leading axis

  std::span<const double> row(std::size_t i) const {
    return std::span(scores).subspan(i * classes, classes);
  }
};

std::vector<double> doubles(const Tensor& x) {
  const Tensor wide = x.to(f64);
  const std::span<const double> values = wide.data<double>();
  return {values.begin(), values.end()};
}

void require_samples(const char* metric, const Tensor& prediction) {
  if (prediction.size() == 0)
    throw ValueError(
        fmt::format("{}: there are no samples: {}", metric, to_string(prediction.shape())));
}

Rows rows_of(const char* metric, const Tensor& prediction, const Tensor& target) {
  if (!is_float(prediction.dtype()))
    throw DTypeError(fmt::format("{}: predictions are f32 or f64, got i64", metric));
  require_samples(metric, prediction);
  if (prediction.rank() < 2)
    throw ShapeError(fmt::format("{}: predictions are [..., classes], got {}", metric,
                                 to_string(prediction.shape())));
  if (prediction.shape().back() == 1)
    throw ShapeError(
        fmt::format("{}: predictions {} have one class, which is always right; for two classes in "
                    "one column take binary_accuracy or binary_accuracy_from_logits",
                    metric, to_string(prediction.shape())));
  Tensor labels = target;
  if (target.shape() == prediction.shape() && is_float(target.dtype()))
    labels = argmax(Var(target)).value();
  if (labels.dtype() != i64)
    throw DTypeError(
        fmt::format("{}: labels are i64, e.g. labels({{0, 1}}), or distributions of "
                    "the prediction's shape {}; got {} {}",
                    metric, to_string(prediction.shape()), to_string(target.dtype()),
                    to_string(target.shape())));
  if (labels.shape() != prediction.shape().without(prediction.rank() - 1))
    throw ShapeError(
        fmt::format("{}: predictions {} take labels with the same leading axes, got "
                    "{}",
                    metric, to_string(prediction.shape()), to_string(target.shape())));
  Rows rows{doubles(prediction), {}, prediction.shape().back(), prediction.shape()[0]};
  const std::span<const std::int64_t> values = labels.data<std::int64_t>();
  rows.labels.assign(values.begin(), values.end());
  for (std::size_t i = 0; i < rows.labels.size(); ++i)
    if (rows.labels[i] < 0 || static_cast<std::size_t>(rows.labels[i]) >= rows.classes)
      throw ValueError(fmt::format("{}: label {} at row {} is outside [0, {})", metric,
                                   rows.labels[i], i, rows.classes));
  return rows;
}

bool has_nan(std::span<const double> row) {
  return std::any_of(row.begin(), row.end(), [](double v) { return std::isnan(v); });
}

/// How many entries come before the label's: larger, or as large and in front of it.
std::size_t rank_of(std::span<const double> row, std::size_t label) {
  std::size_t before = 0;
  for (std::size_t k = 0; k < row.size(); ++k)
    before += row[k] > row[label] || (row[k] == row[label] && k < label) ? 1 : 0;
  return before;
}

/// The share of hits: binomial if a sample is one of them, else from the samples' own shares.
Estimate share(const std::vector<bool>& hits, std::size_t samples) {
  if (hits.size() == samples)
    return share_of(static_cast<std::size_t>(std::count(hits.begin(), hits.end(), true)), samples);
  const std::size_t each = hits.size() / samples;
  std::vector<double> shares(samples);
  for (std::size_t i = 0; i < hits.size(); ++i)
    shares[i / each] += hits[i] ? 1 / static_cast<double>(each) : 0;
  return mean_of(shares);
}

Estimate share_among_first(const char* metric, std::size_t k, const Tensor& prediction,
                           const Tensor& target) {
  const Rows rows = rows_of(metric, prediction, target);
  std::vector<bool> hits(rows.labels.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    hits[i] =
        !has_nan(rows.row(i)) && rank_of(rows.row(i), static_cast<std::size_t>(rows.labels[i])) < k;
  return share(hits, rows.samples);
}

void require_equal_shapes(const char* metric, const Tensor& prediction, const Tensor& target) {
  require_samples(metric, prediction);
  if (prediction.shape() != target.shape())
    throw ShapeError(fmt::format("{}: prediction {} and target {} differ; reshape one of them",
                                 metric, to_string(prediction.shape()), to_string(target.shape())));
}

std::vector<bool> binary_targets(const char* metric, const Tensor& target) {
  const std::vector<double> values = doubles(target);
  std::vector<bool> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0 && values[i] != 1)
      throw ValueError(
          fmt::format("{}: targets are 0 and 1: {} at element {}", metric, values[i], i));
    result[i] = values[i] == 1;
  }
  return result;
}

std::size_t samples_of(const Tensor& x) { return x.rank() == 0 ? 1 : x.shape()[0]; }

Estimate share_on_right_side(const char* metric, double border, const Tensor& prediction,
                             const Tensor& target) {
  require_equal_shapes(metric, prediction, target);
  const std::vector<bool> truth = binary_targets(metric, target);
  const std::vector<double> values = doubles(prediction);
  std::vector<bool> hits(truth.size());
  for (std::size_t i = 0; i < hits.size(); ++i)
    hits[i] = truth[i] ? values[i] > border : values[i] <= border;
  return share(hits, samples_of(prediction));
}

}  // namespace

Estimate accuracy(const Var& prediction, const Var& target) {
  return share_among_first("accuracy", 1, prediction.value(), target.value());
}
Metric top_k_accuracy(std::size_t k) {
  if (k < 1) throw ValueError("top_k_accuracy: k is at least 1: 0");
  const std::string name = fmt::format("top_{}_accuracy", k);
  return Metric(name, [k, name](const Var& prediction, const Var& target) {
    return share_among_first(name.c_str(), k, prediction.value(), target.value());
  });
}

Estimate binary_accuracy(const Var& probability, const Var& target) {
  return share_on_right_side("binary_accuracy", 0.5, probability.value(), target.value());
}
Estimate binary_accuracy_from_logits(const Var& logits, const Var& target) {
  return share_on_right_side("binary_accuracy_from_logits", 0, logits.value(), target.value());
}

Estimate mean_absolute_error(const Var& prediction, const Var& target) {
  require_equal_shapes("mean_absolute_error", prediction.value(), target.value());
  const Var difference = Var(prediction.value()) - cast(Var(target.value()), prediction.dtype());
  const auto n = static_cast<std::int64_t>(samples_of(prediction.value()));
  return mean_of(doubles(mean(reshape(abs(difference), {n, -1}), 1).value()));
}

Estimate r2(const Var& prediction, const Var& target) {
  require_equal_shapes("r2", prediction.value(), target.value());
  const std::vector<double> y = doubles(prediction.value());
  const std::vector<double> t = doubles(target.value());
  const std::size_t n = samples_of(prediction.value());
  const std::size_t columns = y.size() / n;
  std::vector<double> means(columns);
  for (std::size_t i = 0; i < t.size(); ++i) means[i % columns] += t[i] / static_cast<double>(n);
  std::vector<double> residual(n);
  std::vector<double> spread(n);
  for (std::size_t i = 0; i < t.size(); ++i) {
    residual[i / columns] += (y[i] - t[i]) * (y[i] - t[i]);
    spread[i / columns] += (t[i] - means[i % columns]) * (t[i] - means[i % columns]);
  }
  const double a = mean_of(residual).value;
  const double b = mean_of(spread).value;
  if (!(b > 0)) return {not_a_number, not_a_number, n};
  std::vector<double> influence(n);
  for (std::size_t i = 0; i < n; ++i) influence[i] = (residual[i] - a / b * spread[i]) / b;
  return {1 - a / b, mean_of(influence).error, n};
}

namespace {

/// Ranks from 1, equal values sharing the mean of theirs.
std::vector<double> midranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (std::size_t i = first; i <= last; ++i)
      ranks[order[i]] = 1 + static_cast<double>(first + last) / 2;
    first = last + 1;
  }
  return ranks;
}

}  // namespace

Estimate auc(const Var& score, const Var& target) {
  require_equal_shapes("auc", score.value(), target.value());
  const std::vector<double> scores = doubles(score.value());
  const std::size_t n = scores.size();
  if (n != samples_of(score.value()))
    throw ShapeError(fmt::format("auc: scores are [n] or [n, 1], got {}; take one class's column",
                                 to_string(score.shape())));
  const std::vector<bool> truth = binary_targets("auc", target.value());
  if (has_nan(scores)) return {not_a_number, not_a_number, n};
  std::array<std::vector<double>, 2> of_class;
  for (std::size_t i = 0; i < n; ++i) of_class[truth[i] ? 1 : 0].push_back(scores[i]);
  if (of_class[0].empty() || of_class[1].empty()) return {not_a_number, not_a_number, n};

  // A sample's rank among all minus that within its class is the number of the other class's
  // samples below it, ties half.
  const std::vector<double> ranks = midranks(scores);
  const std::array<std::vector<double>, 2> within{midranks(of_class[0]), midranks(of_class[1])};
  std::array<std::vector<double>, 2> below;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t own = truth[i] ? 1 : 0;
    const auto others = static_cast<double>(of_class[1 - own].size());
    below[own].push_back((ranks[i] - within[own][below[own].size()]) / others);
  }
  const Estimate positive = mean_of(below[1]);
  const Estimate negative = mean_of(below[0]);
  return {positive.value, std::hypot(positive.error, negative.error), n};
}

Tensor confusion_matrix(const Var& prediction, const Var& target) {
  const Rows rows = rows_of("confusion_matrix", prediction.value(), target.value());
  Tensor result = zeros({rows.classes, rows.classes}, i64);
  const std::span<std::int64_t> counts = result.mutable_data<std::int64_t>();
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const std::span<const double> row = rows.row(i);
    if (has_nan(row))
      throw ValueError(
          fmt::format("confusion_matrix: the prediction of row {} is NaN; it belongs "
                      "in no column",
                      i));
    const auto guess =
        static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    ++counts[static_cast<std::size_t>(rows.labels[i]) * rows.classes + guess];
  }
  return result;
}

std::vector<ClassScores> class_scores(const Tensor& confusion) {
  if (confusion.dtype() != i64)
    throw DTypeError(
        fmt::format("class_scores: counts are i64, got {}", to_string(confusion.dtype())));
  if (confusion.rank() != 2 || confusion.shape()[0] != confusion.shape()[1])
    throw ShapeError(fmt::format("class_scores: a confusion matrix is [classes, classes], got {}",
                                 to_string(confusion.shape())));
  const std::size_t classes = confusion.shape()[0];
  const std::span<const std::int64_t> counts = confusion.data<std::int64_t>();
  std::vector<ClassScores> result(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    std::int64_t claimed = 0;
    std::int64_t present = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      claimed += counts[k * classes + c];
      present += counts[c * classes + k];
    }
    const auto right = static_cast<std::size_t>(counts[c * classes + c]);
    const auto hits = static_cast<double>(right);
    const double wrong = static_cast<double>(claimed + present) - 2 * hits;
    const double denominator = 2 * hits + wrong;
    result[c] = {share_of(right, static_cast<std::size_t>(claimed)),
                 share_of(right, static_cast<std::size_t>(present)),
                 {2 * hits / denominator,
                  2 * std::sqrt(hits * wrong * (hits + wrong)) / (denominator * denominator),
                  static_cast<std::size_t>(claimed + present) - right}};
  }
  return result;
}

}  // namespace wengert
