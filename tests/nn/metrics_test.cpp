// SPDX-License-Identifier: MIT
// Metrics: closed forms, ties, NaN, and whether the error that is claimed is the scatter that is
// seen.
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct Scatter {
  double claimed;  ///< root mean square of the errors
  double seen;     ///< standard deviation of the values
};

/// Measures many samples of a population and compares.
Scatter scatter(const std::function<Estimate(Rng&)>& measure) {
  Rng rng{11};
  constexpr int repetitions = 1500;
  double sum = 0;
  double squares = 0;
  double variances = 0;
  for (int i = 0; i < repetitions; ++i) {
    const Estimate estimate = measure(rng);
    sum += estimate.value;
    squares += estimate.value * estimate.value;
    variances += estimate.error * estimate.error;
  }
  const double mean = sum / repetitions;
  return {std::sqrt(variances / repetitions), std::sqrt(squares / repetitions - mean * mean)};
}

// The scatter of 1500 samples is itself known to 1.8 %; 7 % are nearly 4 standard deviations.
constexpr double tolerance = 0.07;

}  // namespace

TEST_CASE("accuracy is the share of rows whose largest entry is at the label") {
  const Tensor scores = matrix({{1, 2}, {3, 1}, {0, 1}, {5, 4}});
  const Estimate found = accuracy(scores, labels({1, 0, 0, 1}));
  CHECK(found.value == 0.5);
  CHECK(found.error == 0.25);
  CHECK(found.n == 4);
  CHECK(100 * found == 50);
  CHECK(accuracy(scores, matrix({{0, 1}, {1, 0}, {0.6, 0.4}, {0, 1}})).value == 0.5);
}

TEST_CASE("of equal entries the first is the prediction, so that a constant model is no good") {
  const Tensor same = ones({3, 4});
  CHECK(accuracy(same, labels({0, 1, 3})).value == Approx(1.0 / 3));
  CHECK_THROWS_WITH(accuracy(zeros({3, 1}), labels({0, 0, 0})),
                    ContainsSubstring("binary_accuracy_from_logits"));
  CHECK(top_k_accuracy(2)(same, labels({0, 1, 3})).value == Approx(2.0 / 3));
}

TEST_CASE("accuracy over steps has the error of the samples and not of the steps") {
  Tensor scores = zeros({2, 3, 2});
  scores.mutable_data<float>()[1] = 1;  // sample 0 is right at step 0 only, sample 1 always
  const Tensor target = labels({1, 1, 1, 0, 0, 0}).reshape({2, 3});
  const Estimate found = accuracy(scores, target);
  CHECK(found.value == Approx(2.0 / 3));
  CHECK(found.n == 2);
  CHECK(found.error == Approx(1.0 / 3));
}

TEST_CASE("top-1 accuracy is accuracy, and among all classes every label is found") {
  Rng rng{3};
  const Tensor scores = rng.normal({200, 5});
  const Tensor truth = rng.integers(0, 5, {200});
  CHECK(top_k_accuracy(1)(scores, truth).value == accuracy(scores, truth).value);
  CHECK(top_k_accuracy(5)(scores, truth).value == 1);
  CHECK(top_k_accuracy(5).name() == "top_5_accuracy");
  // A random score's label is equally likely at each rank.
  CHECK(top_k_accuracy(2)(scores, truth).value == Approx(0.4).margin(0.14));
  CHECK_THROWS_AS(top_k_accuracy(0), ValueError);
}

TEST_CASE("a prediction that is NaN is a miss wherever it stands") {
  const Tensor scores = matrix({{not_a_number, 2}, {1, not_a_number}, {3, 1}});
  CHECK(accuracy(scores, labels({0, 0, 0})).value == Approx(1.0 / 3));
  CHECK(accuracy(scores, labels({1, 1, 0})).value == Approx(1.0 / 3));
  CHECK(top_k_accuracy(2)(scores, labels({0, 1, 0})).value == Approx(1.0 / 3));
  const Tensor column = tensor({not_a_number, not_a_number, 1});
  CHECK(binary_accuracy(column, tensor({0, 1, 1})).value == Approx(1.0 / 3));
  CHECK(std::isnan(mean_absolute_error(column, ones({3})).value));
  CHECK(std::isnan(r2(column, tensor({0, 1, 1})).value));
  CHECK(std::isnan(auc(column, tensor({0, 1, 1})).value));
  CHECK_THROWS_WITH(confusion_matrix(scores, labels({0, 1, 0})),
                    "confusion_matrix: the prediction of row 0 is NaN; it belongs in no column");
}

TEST_CASE("binary accuracy counts a half as 0, and a logit of 0 too") {
  CHECK(binary_accuracy(tensor({0.5, 0.5, 0.51, 0.2}), labels({0, 1, 1, 0})).value == 0.75);
  CHECK(binary_accuracy_from_logits(tensor({0, 0, 0.1, -2}), tensor({0, 1, 1, 0})).value == 0.75);
  CHECK(binary_accuracy(matrix({{0.9}, {0.1}}), matrix({{1}, {1}})).n == 2);
  CHECK_THROWS_WITH(binary_accuracy(ones({2}), tensor({1, 0.3}, f64)),
                    "binary_accuracy: targets are 0 and 1: 0.3 at element 1");
}

TEST_CASE("mean absolute error and r2 are their formulas") {
  const Tensor y = tensor({2.5, 0.0, 2, 8}, f64);
  const Tensor t = tensor({3, -0.5, 2, 7}, f64);
  const Estimate mean = mean_absolute_error(y, t);
  CHECK(mean.value == Approx(0.5));
  CHECK(mean.error == Approx(std::sqrt((0 + 0 + 0.25 + 0.25) / 3 / 4)));
  CHECK(r2(y, t).value == Approx(1 - 1.5 / 29.1875).epsilon(1e-14));
  CHECK(r2(t, t).value == 1);
  CHECK(r2(full({4}, 2.875, f64), t).value == Approx(0).margin(1e-14));
  CHECK(std::isnan(r2(y, ones({4})).value));
  // Columns are weighted by their variance.
  const Tensor two = matrix({{0, 10}, {1, 30}}, f64);
  CHECK(r2(matrix({{1, 10}, {0, 30}}, f64), two).value == Approx(1 - 2 / 200.5));
}

TEST_CASE("the area under the curve counts pairs, ties half") {
  CHECK(auc(tensor({0.1, 0.4, 0.35, 0.8}), labels({0, 0, 1, 1})).value == 0.75);
  CHECK(auc(tensor({1, 1, 1, 1}), labels({0, 0, 1, 1})).value == 0.5);
  CHECK(auc(tensor({0, 0, 1, 1}), labels({0, 0, 1, 1})).value == 1);
  CHECK(auc(tensor({0, 1, 0, 1}), labels({1, 0, 1, 0})).value == 0);
  CHECK(std::isnan(auc(ones({3}), ones({3})).value));
  Rng rng{5};
  const Tensor scores = rng.integers(0, 7, {60}).to(f64);  // many ties
  const Tensor truth = rng.integers(0, 2, {60});
  double pairs = 0;
  double won = 0;
  std::vector<double> share_of_positive;
  std::vector<double> share_of_negative;
  for (int side = 0; side < 2; ++side)
    for (std::size_t i = 0; i < 60; ++i) {
      if (truth.data<std::int64_t>()[i] != 1 - side) continue;
      double mine = 0;
      double others = 0;
      for (std::size_t j = 0; j < 60; ++j) {
        if (truth.data<std::int64_t>()[j] != side) continue;
        const double gap = scores.data<double>()[i] - scores.data<double>()[j];
        mine += gap == 0 ? 0.5 : ((gap > 0) == (side == 0) ? 1 : 0);
        others += 1;
      }
      if (side == 0) won += mine, pairs += others;
      (side == 0 ? share_of_positive : share_of_negative).push_back(mine / others);
    }
  const Estimate found = auc(scores, truth);
  CHECK(found.value == Approx(won / pairs).epsilon(1e-14));
  // DeLong's error from its definition.
  const double expected =
      std::hypot(mean_of(share_of_positive).error, mean_of(share_of_negative).error);
  CHECK(found.error == Approx(expected).epsilon(1e-12));
}

TEST_CASE("errors are the scatter over other samples of the same population") {
  SECTION("accuracy") {
    const Scatter s = scatter([](Rng& rng) {
      const Tensor truth = rng.integers(0, 2, {50});
      return accuracy(2 * one_hot(truth, 2) + rng.normal({50, 2}), truth);
    });
    CHECK(s.claimed == Approx(s.seen).epsilon(tolerance));
  }
  SECTION("mean absolute error") {
    const Scatter s = scatter([](Rng& rng) {
      // Elements of a sample go together; counting each would claim a third of the error.
      const Var shared(broadcast_to(rng.normal({40, 1}), {40, 9}));
      return mean_absolute_error(shared, zeros({40, 9}));
    });
    CHECK(s.claimed == Approx(s.seen).epsilon(tolerance));
  }
  SECTION("r2") {
    const Scatter s = scatter([](Rng& rng) {
      const Tensor t = rng.normal({400});
      return r2(Var(t) + 0.5 * Var(rng.normal({400})), t);
    });
    CHECK(s.claimed == Approx(s.seen).epsilon(tolerance));
  }
  SECTION("area under the curve") {
    const Scatter s = scatter([](Rng& rng) {
      const Tensor truth = rng.integers(0, 2, {100});
      return auc(cast(truth, f32) + rng.normal({100}), truth);
    });
    CHECK(s.claimed == Approx(s.seen).epsilon(tolerance));
  }
  SECTION("f1") {
    const Scatter s = scatter([](Rng& rng) {
      const Tensor truth = rng.integers(0, 2, {200});
      const Var scores = 2 * one_hot(truth, 2) + rng.normal({200, 2});
      return class_scores(confusion_matrix(scores, truth))[1].f1;
    });
    CHECK(s.claimed == Approx(s.seen).epsilon(tolerance));
  }
}

TEST_CASE("a confusion matrix has the label as its row, and scores follow from it") {
  const Tensor scores = matrix({{2, 1, 0}, {0, 3, 1}, {5, 1, 0}, {0, 1, 2}, {0, 4, 2}});
  const Tensor confusion = confusion_matrix(scores, labels({0, 1, 1, 2, 2}));
  CHECK(confusion.dtype() == i64);
  CHECK(to_string(confusion) == to_string(matrix({{1, 0, 0}, {1, 1, 0}, {0, 1, 1}}, i64)));
  const std::vector<ClassScores> found = class_scores(confusion);
  CHECK(found[1].precision.value == 0.5);
  CHECK(found[1].precision.n == 2);
  CHECK(found[0].recall.value == 1);
  CHECK(found[0].precision.value == 0.5);
  CHECK(found[0].f1.value == Approx(2.0 / 3));
  CHECK(found[2].precision.value == 1);
  const auto never = class_scores(matrix({{3, 0}, {2, 0}}, i64));
  CHECK(std::isnan(never[1].precision.value));
  CHECK(never[1].recall.value == 0);
  CHECK(never[1].f1.value == 0);
  CHECK_THROWS_AS(class_scores(zeros({2, 3}, i64)), ShapeError);
  CHECK_THROWS_AS(class_scores(zeros({2, 2})), DTypeError);
}

TEST_CASE("targets that do not fit a metric are refused") {
  const Var scores(ones({4, 3}));
  CHECK_THROWS_WITH(accuracy(scores, labels({0, 1, 2, 3})),
                    "accuracy: label 3 at row 3 is outside [0, 3)");
  CHECK_THROWS_WITH(accuracy(scores, labels({0, 1})),
                    "accuracy: predictions [4, 3] take labels with the same leading axes, got [2]");
  CHECK_THROWS_WITH(accuracy(scores, ones({4})),
                    "accuracy: labels are i64, e.g. labels({0, 1}), or distributions of the "
                    "prediction's shape [4, 3]; got f32 [4]");
  CHECK_THROWS_WITH(accuracy(ones({4}), labels({0, 0, 0, 0})),
                    "accuracy: predictions are [..., classes], got [4]");
  CHECK_THROWS_WITH(accuracy(zeros({0, 3}), zeros({0}, i64)),
                    "accuracy: there are no samples: [0, 3]");
  CHECK_THROWS_WITH(r2(ones({4, 1}), ones({4})),
                    "r2: prediction [4, 1] and target [4] differ; reshape one of them");
  CHECK_THROWS_WITH(auc(ones({4, 2}), ones({4, 2})),
                    "auc: scores are [n] or [n, 1], got [4, 2]; take one class's column");
}

TEST_CASE("batches pool to the metric of all samples, the last one smaller") {
  Rng rng{9};
  const Tensor scores = rng.normal({130, 4});
  const Tensor truth = rng.integers(0, 4, {130});
  std::vector<Estimate> batches;
  for (std::size_t at = 0; at < 130; at += 50)
    batches.push_back(accuracy(scores.rows(at, std::min<std::size_t>(at + 50, 130)),
                               truth.rows(at, std::min<std::size_t>(at + 50, 130))));
  const Estimate all = accuracy(scores, truth);
  CHECK(pooled(batches).value == Approx(all.value).epsilon(1e-14));
  CHECK(pooled(batches).error == Approx(all.error).epsilon(0.05));
  CHECK(pooled(batches).n == 130);
  CHECK(std::isnan(pooled({}).value));
}

TEST_CASE("an estimate is printed with as many digits as it has") {
  CHECK(to_string(Estimate{0.97123, 0.0079, 400}) == "0.971 +- 0.008");
  CHECK(to_string(Estimate{0.97123, 0.0021, 400}) == "0.9712 +- 0.0021");
  CHECK(to_string(Estimate{0.5, 0.0354, 1}) == "0.500 +- 0.035");
  CHECK(to_string(Estimate{0.5, 0.0356, 1}) == "0.50 +- 0.04");
  CHECK(to_string(Estimate{0.5, 0.097, 1}) == "0.50 +- 0.10");
  CHECK(to_string(Estimate{0.5, 0.09996, 1}) == "0.50 +- 0.10");
  CHECK(to_string(Estimate{1234.5, 55, 1}) == "1230 +- 60");
  CHECK(to_string(Estimate{12, 1.4, 1}) == "12.0 +- 1.4");
  CHECK(to_string(Estimate{1, 0, 1}) == "1 +- 0");
  CHECK(to_string(Estimate{.value = 0.25, .n = 1}) == "0.25");
  CHECK(to_string(Estimate{not_a_number, 0, 1}) == "nan");
  CHECK(format("{}", accuracy(matrix({{0, 1}, {1, 0}}), labels({1, 1}))) == "0.50 +- 0.35");
}

TEST_CASE("a metric passed by name knows its name, and a lambda may return a number") {
  CHECK(Metric(accuracy).name() == "accuracy");
  CHECK(Metric(r2).name() == "r2");
  const std::vector<Metric> several{
      accuracy,
      top_k_accuracy(3),
      {"bias", [](const Var& y, const Var& t) { return mean(y - t).item(); }},
      [](const Var& y, const Var& t) { return mean_absolute_error(y, t); }};
  CHECK(several[2].name() == "bias");
  CHECK(several[3].name() == "custom");
  const Estimate bias = several[2](ones({5, 1}), zeros({5, 1}));
  CHECK(bias.value == 1);
  CHECK(bias.n == 5);
  CHECK(std::isnan(bias.error));
  CHECK(several[3](ones({5, 1}), zeros({5, 1})).error == 0);
  CHECK_THROWS_AS(Metric("", [](const Var&, const Var&) { return 0.0; }), ValueError);
}
