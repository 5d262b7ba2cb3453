// SPDX-License-Identifier: MIT
// Losses: derivatives, what weights and masks mean, ends of the range, and what is refused.
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

struct Example {
  Tensor prediction;
  Tensor target;
};

/// A batch of [4, 3] that the loss accepts, away from its kinks.
Example example(const std::string& name) {
  Rng rng{7};
  const Tensor numbers = rng.normal({4, 3}, f64);
  const Tensor others = rng.normal({4, 3}, f64);
  const Tensor shares = rng.uniform({4, 3}, 0.05, 0.95, f64);
  const Tensor rows = softmax(Var(others)).value();
  const Tensor counts = matrix({{0, 1, 2}, {3, 1, 0}, {2, 2, 5}, {1, 0, 1}}, f64);
  const std::map<std::string, Example> examples{
      {"mse", {numbers, others}},
      {"mae", {numbers, others}},
      {"huber", {numbers, others}},
      {"msle", {shares, counts}},
      {"bce", {shares, rows}},
      {"bce_from_logits", {numbers, rows}},
      {"cross_entropy", {numbers, labels({2, 0, 1, 1})}},
      {"cross_entropy_from_probabilities", {softmax(Var(numbers)).value(), labels({2, 0, 1, 1})}},
      {"kl_divergence", {softmax(Var(numbers)).value(), rows}},
      {"kl_divergence_from_logits", {numbers, rows}},
      {"poisson_nll", {shares, counts}},
      {"poisson_nll_from_log", {numbers, counts}},
      {"gaussian_nll", {rng.normal({4, 6}, f64), others}},
      {"hinge", {numbers, sign(Var(others)).value()}},
      {"categorical_hinge", {numbers, labels({2, 0, 1, 1})}},
  };
  return examples.at(name);
}

Tensor without_row(const Tensor& x, std::size_t row) {
  const Var all(x);
  const auto at = static_cast<std::int64_t>(row);
  const auto n = static_cast<std::int64_t>(x.shape()[0]);
  return concat({slice(all, 0, 0, at), slice(all, 0, at + 1, n)}, 0).value();
}

}  // namespace

TEST_CASE("every loss has the first and second derivatives it claims") {
  for (const Loss& loss : all_losses()) {
    INFO(loss.name());
    const auto [prediction, target] = example(loss.name());
    const auto plain = [&, t = target](const Var& y) { return loss(y, t); };
    CHECK(gradcheck(plain, prediction).agrees());
    CHECK(gradcheck_second_order(plain, {prediction}).agrees());
    // By the weights too.
    const auto weighted = [&, t = target](const Var& y, const Var& w) {
      return loss(y, t, {.weights = w, .mask = tensor({1, 0, 1, 1})});
    };
    const Tensor weights = tensor({0.5, 1, 2, 0.25}, f64);
    CHECK(gradcheck(weighted, {prediction, weights}).agrees());
    CHECK(gradcheck_second_order(weighted, {prediction, weights}).agrees());
  }
  const auto [prediction, target] = example("mse");
  const Loss bent = huber_with(0.3);
  CHECK(gradcheck([&, t = target](const Var& y) { return bent(y, t); }, prediction).agrees());
}

TEST_CASE("gradients of distributions as targets are those of a parameter like any other") {
  const auto [prediction, target] = example("kl_divergence");
  CHECK(gradcheck([](const Var& y, const Var& t) { return kl_divergence(y, t); },
                  {prediction, target})
            .agrees());
  CHECK(gradcheck([](const Var& y, const Var& t) { return cross_entropy(y, t); },
                  {prediction, target})
            .agrees());
}

TEST_CASE("a plain loss records what its formula says and nothing for weights") {
  const auto nodes = [](auto loss) {
    Tape tape;
    const Var y = tape.variable(ones({4, 3}));
    loss(y);
    return tape.size();
  };
  const Var t(zeros({4, 3}));
  CHECK(nodes([&](const Var& y) { mse(y, t); }) ==
        nodes([&](const Var& y) { mean(squared_difference(y, t)); }));
  CHECK(nodes([&](const Var& y) { bce_from_logits(y, t); }) ==
        nodes([&](const Var& y) { mean(logistic_loss(y, t)); }));
  CHECK(nodes([&](const Var& y) {
          cross_entropy(y, labels({0, 1, 2, 0}));
        }) == nodes([&](const Var& y) {
          mean(softmax_cross_entropy(y, labels({0, 1, 2, 0})));
        }));
}

TEST_CASE("a weight of 2 is the same as the sample twice, in every loss") {
  for (const Loss& loss : all_losses()) {
    INFO(loss.name());
    const auto [prediction, target] = example(loss.name());
    const Var again(labels({0, 1, 1, 2, 3}));
    const double twice = loss(take(prediction, again), take(target, again)).item();
    CHECK(loss(prediction, target, {.weights = tensor({1, 2, 1, 1}, f64)}).item() ==
          Approx(twice).epsilon(1e-13));
    CHECK(loss(prediction, target, {.weights = tensor({10, 20, 10, 10}, f64)}).item() ==
          Approx(twice).epsilon(1e-13));
    CHECK(loss(prediction, target, {.weights = labels({1, 2, 1, 1})}).item() ==
          Approx(twice).epsilon(1e-13));
  }
}

TEST_CASE("what is masked counts for nothing, even NaN and labels that do not exist") {
  for (const Loss& loss : all_losses()) {
    INFO(loss.name());
    auto [prediction, target] = example(loss.name());
    Tape clean;
    const Var kept = clean.variable(without_row(prediction, 1));
    const Var expected = loss(kept, without_row(target, 1));
    const Tensor gradient = clean.backward(expected)[kept].value();

    const std::size_t width = prediction.shape()[1];
    for (std::size_t k = 0; k < width; ++k)
      prediction.mutable_data<double>()[width + k] = not_a_number;
    if (target.dtype() == i64) target.mutable_data<std::int64_t>()[1] = 255;
    else target.mutable_data<double>()[3] = target.mutable_data<double>()[4] = not_a_number;
    Tape tape;
    const Var y = tape.variable(prediction);
    const Var masked = loss(y, target, {.mask = labels({1, 0, 1, 1})});
    CHECK(masked.item() == Approx(expected.item()).epsilon(1e-13));
    const Tensor through = tape.backward(masked)[y].value();
    CHECK(sum(abs(Var(without_row(through, 1)) - Var(gradient))).item() < 1e-14);
    CHECK(sum(abs(Var(through.rows(1, 2)))).item() == 0);
  }
}

TEST_CASE("masked targets may be outside the range of the loss") {
  const Var y(full({2, 2}, 0.5));
  CHECK(bce(y, matrix({{1, 0}, {-1, 255}}), {.mask = tensor({1, 0})}).item() ==
        Approx(std::log(2)));
  CHECK(msle(y, matrix({{0.5, 0.5}, {-9, -9}}), {.mask = tensor({1, 0})}).item() == 0);
  CHECK(hinge(y, matrix({{1, 1}, {0, 0}}), {.mask = tensor({1, 0})}).item() == Approx(0.5));
}

TEST_CASE("masks and weights take samples, steps and elements") {
  const Var y(reshape(arange(12, f64), {2, 3, 2}));
  const Var zero(zeros({2, 3, 2}, f64));
  const Tensor steps = matrix({{1, 0, 0}, {1, 1, 0}});
  CHECK(mse(y, zero, {.mask = steps}).item() == Approx((0 + 1 + 36 + 49 + 64 + 81) / 6.0));
  CHECK(mse(y, zero, {.weights = steps}).item() == Approx((0 + 1 + 36 + 49 + 64 + 81) / 6.0));
  CHECK(mse(y, zero, {.mask = tensor({0, 1})}).item() ==
        Approx((36 + 49 + 64 + 81 + 100 + 121) / 6.0));
  Tensor one = zeros({2, 3, 2});
  one.mutable_data<float>()[4] = 1;
  CHECK(mse(y, zero, {.weights = one}).item() == 16);
  CHECK(mse(y, zero, {.weights = tensor({2, 3}), .reduction = Reduction::none})
            .value()
            .at({1, 0, 1}) == 3 * 49);
  CHECK(mse(y, zero, {.weights = tensor({2, 3}), .reduction = Reduction::sum}).item() ==
        Approx(2 * 55 + 3 * 451));
}

TEST_CASE("a single weight may be negative, as event weights are, but not their sum") {
  const Var y(tensor({1, 2, 3}));
  CHECK(mse(y, zeros({3}), {.weights = tensor({1, -0.5, 1})}).item() ==
        Approx((1 - 0.5 * 4 + 9) / 1.5));
  CHECK_THROWS_WITH(mse(y, zeros({3}), {.weights = tensor({1, -1, 0})}),
                    "mse: the weights of what is counted add up to 0, and the mean divides by "
                    "them; a batch that is masked out altogether?");
  CHECK(mse(y, zeros({3}), {.mask = zeros({3}), .reduction = Reduction::sum}).item() == 0);
}

TEST_CASE("weights and masks that do not fit are refused") {
  const Var y(ones({4, 3}));
  const Var t(zeros({4, 3}));
  CHECK_THROWS_WITH(mse(y, t, {.weights = ones({3})}),
                    "mse: weights have the leading axes of the losses: [3] for losses [4, 3]; one "
                    "a sample is [n]");
  CHECK_THROWS_WITH(cross_entropy(y, labels({0, 1, 2, 0}), {.weights = ones({4, 3})}),
                    "cross_entropy: weights have the leading axes of the losses: [4, 3] for losses "
                    "[4]; one a sample is [n]");
  CHECK_THROWS_WITH(mse(y, t, {.mask = tensor({1, 0.5, 1, 1})}),
                    "mse: a mask holds 0 and 1: 0.5 at [1]; numbers between go into .weights");
  CHECK_THROWS_WITH(mse(y, t, {.mask = tensor({1, not_a_number, 1, 1})}),
                    "mse: a mask holds 0 and 1: nan at [1]; numbers between go into .weights");
  CHECK_THROWS_WITH(mse(y, t, {.weights = tensor({1, 1, not_a_number, 1})}),
                    "mse: weights are finite: nan at [2]");
}

TEST_CASE("probabilities of exactly 0 and 1 give finite losses and gradients") {
  for (const DType dtype : {f64, f32}) {
    INFO(to_string(dtype));
    Tape tape;
    const Var y = tape.variable(tensor({0, 1, 0, 1}, dtype));
    const Var t(tensor({0, 1, 1, 0}, dtype));
    const Var losses = bce(y, t, {.reduction = Reduction::none});
    CHECK(losses.value().at({0}) == 0);
    CHECK(losses.value().at({1}) == 0);
    CHECK(losses.value().at({2}) == 100);
    CHECK(losses.value().at({3}) == 100);
    const Tensor gradient = tape.backward(sum(losses))[y].value();
    CHECK(gradient.at({0}) == 1);
    CHECK(gradient.at({1}) == -1);
    CHECK(gradient.at({2}) == 0);
    CHECK(gradient.at({3}) == 0);
  }
  const Var certain(matrix({{1, 0}}, f64));
  CHECK(cross_entropy_from_probabilities(certain, labels({1})).item() == Approx(100));
  CHECK(cross_entropy_from_probabilities(certain, matrix({{1, 0}}, f64)).item() == 0);
  CHECK(kl_divergence(certain, certain).item() == 0);
  CHECK(kl_divergence(certain, matrix({{0, 1}}, f64)).item() == Approx(100));
  CHECK(kl_divergence_from_logits(Var(matrix({{0, 0}}, f64)), certain).item() ==
        Approx(std::log(2)));
  CHECK(poisson_nll(Var(tensor({0, 0}, f64)), tensor({0, 2}, f64)).item() == Approx(100));
}

TEST_CASE("a certain mistake costs 100 and being right nothing, flushing denormals or not") {
  for (const DType dtype : {f32, f64})
    for (const bool flushes : {false, true}) {
      INFO(to_string(dtype) << (flushes ? " flushed" : ""));
      std::optional<FlushDenormals> flush;
      if (flushes) flush.emplace();
      const Var zero(zeros({1, 2}, dtype));
      const Tensor all = full({1, 2}, 0.5, dtype);
      CHECK(bce(zero, ones({1, 2}, dtype)).item() == 100);
      CHECK(bce(zero, zero).item() == 0);
      CHECK(bce(1 - zero, 1 - zero).item() == 0);
      CHECK(cross_entropy_from_probabilities(zero, labels({0})).item() == 100);
      CHECK(kl_divergence(zero, all).item() == Approx(100 - std::log(2)));
      CHECK(kl_divergence(all, matrix({{1, 0}}).to(dtype)).item() == Approx(std::log(2)));
      CHECK(poisson_nll(zero, ones({1, 2}, dtype)).item() == 100);
      CHECK(poisson_nll(zero, zero).item() == 0);
      for (const double target : {0.0, 0.25, 1.0}) {
        const auto loss = [&](const Var& y) {
          return bce(y, full({3}, target, dtype), {.reduction = Reduction::sum});
        };
        const Tensor ends = tensor({0, 1, 0.25}, dtype);
        const Tensor slope = grad(loss)(Var(ends)).value().to(f64);
        const Tensor curvature = hessian(loss, Var(ends)).value().to(f64);
        CHECK(slope.at({0}) == (target == 1.0 ? 0.0 : 1.0 - target));
        CHECK(slope.at({1}) == (target == 0.0 ? 0.0 : -target));
        CHECK(curvature.at({0, 0}) == (target == 1.0 ? 0.0 : 1.0 - target));
        CHECK(curvature.at({1, 1}) == (target == 0.0 ? 0.0 : target));
        CHECK(curvature.at({2, 2}) ==
              Approx(target / 0.0625 + (1 - target) / 0.5625).epsilon(1e-6));
        CHECK(curvature.at({0, 1}) == 0);
      }
    }
}

TEST_CASE("in f32 a probability below the normal range counts as 0, and none above does") {
  const float least = std::numeric_limits<float>::min();
  const Tensor one = ones({1});
  for (const bool flushes : {false, true}) {
    const Tensor denormal = Tensor::from<float>(std::array{least / 2}, {1});
    const Tensor normal = Tensor::from<float>(std::array{least}, {1});
    std::optional<FlushDenormals> flush;
    if (flushes) flush.emplace();
    CHECK(bce(Var(denormal), one).item() == 100);
    CHECK(bce(Var(normal), one).item() == Approx(87.3365).epsilon(1e-5));
    const auto loss = [&](const Var& y) { return bce(y, one); };
    CHECK(grad(loss)(Var(denormal)).item() == 0);
    CHECK(std::isfinite(grad(loss)(Var(normal)).item()));
  }
  CHECK(std::isnan(bce(Var(tensor({not_a_number})), one).item()));
}

TEST_CASE("the losses that the library gives one by one are known, huber_with's among them") {
  for (const Loss& loss : all_losses()) CHECK(loss.gives_each());
  CHECK(huber_with(0.5).gives_each());
  CHECK_FALSE(Loss([](const Var& y, const Var& t) { return mse(y, t); }).gives_each());
}

TEST_CASE("losses from logits stay exact where probabilities have run out of digits") {
  const Var z(tensor({40, -40, 800, -800}, f64));
  const Tensor t = tensor({0, 1, 0, 1}, f64);
  CHECK(bce_from_logits(z, t).item() == 420);
  CHECK(bce(sigmoid(z), t).item() < 100);
  CHECK(bce_from_logits(z, 1 - Var(t)).item() == Approx(std::exp(-40) / 2).margin(0));
  const Var sure(tensor({20}));  // and in f32
  CHECK(bce_from_logits(sure, ones({1})).item() == Approx(std::exp(-20)).margin(0));
}

TEST_CASE("targets outside the range of the loss are named with their place") {
  const Var y(full({2, 3}, 0.5));
  const Tensor grey = matrix({{0, 1, 0.5}, {0, 255, 1}});
  CHECK_THROWS_WITH(bce(y, grey),
                    "bce: targets lie in [0, 1]: 255 at [1, 1]; scale them first, "
                    "e.g. grey images by 1 / 255");
  CHECK_THROWS_WITH(bce_from_logits(y, grey),
                    "bce_from_logits: targets lie in [0, 1]: 255 at [1, 1]; scale them first, "
                    "e.g. grey images by 1 / 255");
  CHECK_THROWS_WITH(bce(2 * y + 1, ones({2, 3})),
                    "bce: predictions lie in [0, 1]: 2 at [0, 0]; end the model in sigmoid or "
                    "softmax, or use the loss from logits");
  CHECK_THROWS_WITH(msle(y, full({2, 3}, -1)),
                    "msle: targets are above -1: -1 at [0, 0]; mse takes any number");
  CHECK_THROWS_WITH(msle(-3 * y, ones({2, 3})),
                    "msle: predictions are above -1: -1.5 at [0, 0]; end the model in relu, "
                    "softplus or exp");
  CHECK_THROWS_WITH(poisson_nll_from_log(y, full({2, 3}, -2)),
                    "poisson_nll_from_log: targets are at least 0: -2 at [0, 0]; they are counts");
  CHECK_THROWS_WITH(poisson_nll(-y, ones({2, 3})),
                    "poisson_nll: rates are at least 0: -0.5 at [0, 0]; end the model in softplus "
                    "or exp, or use poisson_nll_from_log");
  CHECK_THROWS_WITH(hinge(y, grey),
                    "hinge: targets are -1 and 1: 0 at [0, 0]; for 0 and 1 take 2 "
                    "t - 1, or bce_from_logits");
  CHECK_THROWS_WITH(cross_entropy(y, grey),
                    "cross_entropy: target probabilities lie in [0, 1]: 255 at [1, 1]; labels of "
                    "classes are i64 [n]");
  for (const Loss& loss :
       {Loss(cross_entropy), Loss(cross_entropy_from_probabilities), Loss(categorical_hinge)}) {
    CHECK_THROWS_WITH(loss(y, labels({2, 3})),
                      loss.name() + ": label 3 at row 1 is outside [0, 3)");
    CHECK_THROWS_AS(loss(y, labels({-1, 0})), ValueError);
    CHECK_THROWS_AS(loss(y, labels({1, 0, 2})), ShapeError);
  }
  CHECK_THROWS_WITH(cross_entropy(y, tensor({0, 1})),
                    "cross_entropy: prediction [2, 3] and target distributions [2] differ; class "
                    "labels are i64, e.g. labels({0, 1})");
  CHECK_THROWS_WITH(gaussian_nll(y, zeros({2, 3})),
                    "gaussian_nll: the prediction holds means and then logarithms of variances, so "
                    "that its last axis is twice the target's: [2, 3] and [2, 3]");
  CHECK_THROWS_WITH(categorical_hinge(ones({2, 1}), labels({0, 0})),
                    "categorical_hinge: there is no other class than one");
}

TEST_CASE("NaN in prediction or target makes a loss NaN and is not called out of range") {
  for (const Loss& loss : all_losses()) {
    INFO(loss.name());
    auto [prediction, target] = example(loss.name());
    for (double& y : prediction.mutable_data<double>()) y = not_a_number;
    CHECK(std::isnan(loss(prediction, target).item()));
  }
  CHECK(std::isnan(bce(full({2}, 0.5), tensor({not_a_number, 1})).item()));
}

TEST_CASE("a loss passed by name knows its name, and a lambda may be given one") {
  CHECK(Loss(mse).name() == "mse");
  CHECK(Loss(mse).function() == &mse);
  CHECK(Loss(bce_from_logits).name() == "bce_from_logits");
  CHECK(huber_with(0.5).name() == "huber");
  const Loss lambda = [](const Var& y, const Var& t) { return mean(abs(y - t)); };
  CHECK(lambda.name() == "custom");
  CHECK(lambda.function() == nullptr);
  CHECK(lambda(Var(ones({2})), Var(zeros({2}))).item() == 1);
  const Loss named{"mine",
                   [](const Var& y, const Var& t, const Weighting& w) { return mse(y, t, w); }};
  CHECK(named.name() == "mine");
  CHECK(named(Var(tensor({1, 3})), Var(zeros({2})), {.mask = tensor({1, 0})}).item() == 1);
  struct Options {
    Loss loss;
    int epochs = 1;
  };
  const Options options{.loss = mae};
  CHECK(Loss(options.loss).name() == "mae");
  CHECK_THROWS_AS(huber_with(0), ValueError);
}

TEST_CASE("weights for a lambda that takes none are refused, not ignored") {
  const Loss loss{"mine", [](const Var& y, const Var& t) { return mse(y, t); }};
  const Var y(ones({2}));
  CHECK_THROWS_WITH(loss(y, y, {.weights = ones({2})}),
                    "loss 'mine': it takes a prediction and a target only, but there is a weight "
                    "for each sample; give the function a third parameter, const wg::Weighting&");
  CHECK_THROWS_AS(loss(y, y, {.mask = ones({2})}), ValueError);
  CHECK_THROWS_AS(loss(y, y, {.reduction = Reduction::sum}), ValueError);
}
