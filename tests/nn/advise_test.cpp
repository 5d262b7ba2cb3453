// SPDX-License-Identifier: MIT
// Advice: silent on every combination that is right, and one test for each that is not.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <wengert/data/digits.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "nn/loss_table.h"

using namespace wengert;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t n = loss_table::samples;
using loss_table::binary;
using loss_table::counts;
using loss_table::distributions;
using loss_table::grey;
using loss_table::no_activation;
using loss_table::normal;
using loss_table::reshaped_sigmoid;
using loss_table::signs;
using loss_table::softmax_of_rows;

using Function = Var (*)(const Var&);

std::vector<Advice> advice(Function end, const Loss& loss, const Tensor& targets,
                           std::size_t outputs = 3) {
  Rng rng{1};
  Sequential model{Linear{5, 8, rng}, relu, Linear{8, outputs, rng}, end};
  return advise(model, loss, normal({n, 5}), targets);
}

std::size_t objections(const std::vector<Advice>& advice) {
  std::size_t count = 0;
  for (const Advice& one : advice) count += one.weight != Advice::Weight::note ? 1 : 0;
  return count;
}

/// The only objection, as text; all of them if there are several.
std::string only(const std::vector<Advice>& advice) {
  if (objections(advice) == 1) return to_string(advice.front());
  return to_string(advice);
}

}  // namespace

TEST_CASE("combinations of the table of losses are not objected to") {
  for (const loss_table::Combination& row : loss_table::combinations()) {
    const auto found = advice(row.end, row.loss, row.example, row.outputs);
    INFO(row.targets << ", " << row.activation << ", " << row.loss.name() << "\n"
                     << to_string(found));
    CHECK(objections(found) == 0);
  }
}

TEST_CASE("a bounded activation before a squared error on classes is named") {
  CHECK(only(advice(sigmoid, mse, loss_table::one_hot())) ==
        "wrong: sigmoid followed by mse on one-hot targets: where it is surely wrong its gradient "
        "vanishes\n  drop the sigmoid and use cross_entropy");
  CHECK(only(advice(sigmoid, mse, binary(1), 1)) ==
        "wrong: sigmoid followed by mse on targets 0 and 1: where it is surely wrong its gradient "
        "vanishes\n  drop the sigmoid and use bce_from_logits");
  CHECK(only(advice(softmax_of_rows, mse, loss_table::one_hot())) ==
        "wrong: softmax followed by mse on one-hot targets: where it is surely wrong its gradient "
        "vanishes\n  drop the softmax and use cross_entropy");
}

TEST_CASE("an activation inside a loss from logits is named") {
  CHECK(only(advice(softmax_of_rows, cross_entropy, loss_table::labels())) ==
        "wrong: softmax inside a from-logits loss: cross_entropy squeezes what is squeezed "
        "already\n  drop the softmax: cross_entropy contains it");
  CHECK(only(advice(sigmoid, bce_from_logits, grey(3))) ==
        "wrong: sigmoid inside a from-logits loss: bce_from_logits squeezes what is squeezed "
        "already\n  drop the sigmoid: bce_from_logits contains it");
  CHECK(only(advice(reshaped_sigmoid, bce_from_logits, binary(3))) ==
        only(advice(sigmoid, bce_from_logits, binary(3))));
  CHECK(only(advice(relu, bce_from_logits, binary(3))) ==
        "wrong: relu before bce_from_logits, which takes any number: only those from 0 on come "
        "out\n  end in a linear layer: drop the relu");
  CHECK(only(advice(wengert::tanh, cross_entropy, loss_table::labels())) ==
        "wrong: tanh before cross_entropy, which takes any number: only those in [-1, 1] come "
        "out\n  end in a linear layer: drop the tanh");
  CHECK(only(advice(silu, cross_entropy, loss_table::labels())) ==
        "doubtful: silu before cross_entropy, which takes any number: only those from -0.279 on "
        "come out\n  end in a linear layer: drop the silu");
  CHECK(only(advice(exp, poisson_nll_from_log, counts())) ==
        "wrong: exp inside poisson_nll_from_log, whose exponential is taken again: only logarithms "
        "from 0 on come out\n  use poisson_nll, or drop the exp");
  CHECK(only(advice(relu, gaussian_nll, normal({n, 3}), 6)) ==
        "wrong: relu before gaussian_nll, which takes means and logarithms of variances: only "
        "numbers from 0 on come out\n  end in a linear layer");
  CHECK(only(advice(relu, hinge, signs())) ==
        "wrong: relu before hinge, which takes any number: only those from 0 on come out\n  end in "
        "a linear layer: drop the relu");
}

TEST_CASE("a loss of probabilities after something else is named") {
  CHECK(only(advice(no_activation, bce, binary(3))) ==
        "wrong: linear output with bce, which takes probabilities\n  use bce_from_logits, or end "
        "in sigmoid");
  CHECK(only(advice(wengert::tanh, bce, binary(3))) ==
        "wrong: tanh output with bce, which takes probabilities\n  use bce_from_logits, or end in "
        "sigmoid");
  CHECK(only(advice(no_activation, cross_entropy_from_probabilities, loss_table::labels())) ==
        "wrong: linear output with cross_entropy_from_probabilities, which takes probabilities\n  "
        "use cross_entropy, or end in softmax");
  CHECK(only(advice(no_activation, kl_divergence, distributions())) ==
        "wrong: linear output with kl_divergence, which takes probabilities\n  use "
        "kl_divergence_from_logits, or end in softmax");
  CHECK(only(advice(sigmoid, cross_entropy_from_probabilities, loss_table::labels())) ==
        "wrong: sigmoid with cross_entropy_from_probabilities: the probabilities of a row do not "
        "add up to 1\n  use cross_entropy and drop the sigmoid");
  CHECK(only(advice(softmax_of_rows, bce, binary(1), 1)) ==
        "wrong: softmax over one output column is always 1\n  drop the softmax and use "
        "bce_from_logits");
  CHECK(advice(softmax_of_rows, bce, loss_table::one_hot()).front().weight ==
        Advice::Weight::doubtful);
  // Not known by its name, but by what comes out.
  const auto own = [](const Var& x) { return 3 * wengert::sin(x) * wengert::sin(x); };
  const auto found = advise(own, bce, normal({n, 3}), binary(3));
  REQUIRE(objections(found) == 1);
  CHECK(found[0].mismatch.find("bce takes probabilities, but the model gives numbers in [") == 0);
}

TEST_CASE("a range that the targets leave is named") {
  CHECK(only(advice(relu, mse, signs())) ==
        "wrong: relu as last activation gives numbers from 0 on, but targets lie in [-1, 1]\n  "
        "drop the relu, or scale the targets to its range");
  CHECK(only(advice(wengert::tanh, mse, counts())) ==
        "wrong: tanh as last activation gives numbers in [-1, 1], but targets lie in [0, 8]\n  "
        "drop the tanh, or scale the targets to its range");
  CHECK(only(advice(sigmoid, mae, counts())) ==
        "wrong: sigmoid as last activation gives numbers in [0, 1], but targets lie in [0, 8]\n  "
        "drop the sigmoid, or scale the targets to its range");
  const auto scaled = [](const Var& x) { return 8 * sigmoid(x); };
  CHECK(objections(advise(scaled, mae, normal({n, 3}), counts())) == 0);
  CHECK(only(advice(sigmoid, poisson_nll, counts())) ==
        "wrong: sigmoid gives rates in [0, 1], but there are counts up to 8\n  end in softplus or "
        "exp");
  CHECK(only(advice(no_activation, poisson_nll, counts())) ==
        "wrong: linear output with poisson_nll, which takes rates: they may become negative\n  use "
        "poisson_nll_from_log, or end in softplus or exp");
  CHECK(only(advice(no_activation, msle, counts()))
            .starts_with("wrong: linear output with msle, which is not defined at or below -1: -"));
  const auto near_zero = [](const Var& x) { return linear(x, zeros({3, 5}), ones({3})); };
  CHECK(advise(near_zero, msle, normal({n, 5}), counts()).front().weight ==
        Advice::Weight::doubtful);
}

TEST_CASE("a relu at the end of a regression is doubted, and dead outputs are counted") {
  CHECK(only(advice(relu, mse, counts()))
            .starts_with("doubtful: relu as last activation of a regression: an output below 0 for "
                         "all samples gets "
                         "no gradient"));
  const auto half_dead = [](const Var& x) { return relu(x + Var(tensor({100, -100}))); };
  const auto found = advise(half_dead, mse, normal({n, 2}), exp(Var(normal({n, 2}))).value());
  CHECK(found.front().mismatch.ends_with("(1 of 2 in this batch)"));
}

TEST_CASE("targets that the loss is not for are named") {
  const Tensor images = (Rng{6}.integers(0, 256, {n, 3})).to(f32);
  CHECK(only(advice(no_activation, bce_from_logits, images))
            .starts_with("wrong: bce with targets outside [0, 1]: they lie in ["));
  CHECK(only(advice(no_activation, bce_from_logits, images))
            .ends_with(
                "divide grey values by 255; for counts use poisson_nll_from_log, for numbers mse"));
  CHECK(only(advice(sigmoid, bce, signs())) ==
        "wrong: bce with targets outside [0, 1]: they lie in [-1, 1]\n  mse is for numbers; for "
        "signs take (t + 1) / 2");
  CHECK(only(advice(no_activation, hinge, binary(3))) ==
        "wrong: hinge with targets other than -1 and 1: they lie in [0, 1]\n  take 2 t - 1 of 0 "
        "and 1, or bce_from_logits");
  CHECK(only(advice(no_activation, poisson_nll_from_log, signs())) ==
        "wrong: poisson_nll_from_log with negative counts: -1\n  mse is for numbers");
  CHECK(only(advice(exp, msle, signs())) ==
        "wrong: msle with targets at or below -1: -1\n  mse is for numbers");
  CHECK(only(advice(no_activation, cross_entropy, binary(3)))
            .starts_with("wrong: cross_entropy on targets whose rows do not add up to 1"));
  CHECK(only(advice(no_activation, cross_entropy, images))
            .starts_with("wrong: cross_entropy with targets outside [0, 1]"));
}

TEST_CASE("labels in the wrong form are named") {
  CHECK(only(advice(no_activation, cross_entropy, loss_table::labels().to(f32))) ==
        "wrong: labels given as f32 [60] to cross_entropy\n  give class labels as i64, e.g. "
        "labels({0, 1})");
  CHECK(only(advice(no_activation, cross_entropy, loss_table::labels().to(f32).reshape({n, 1}))) ==
        "wrong: labels given as f32 [60, 1] to cross_entropy\n  give class labels as i64, e.g. "
        "labels({0, 1})");
  CHECK(only(advice(no_activation, cross_entropy, loss_table::labels().reshape({n, 1}))) ==
        "wrong: labels [60, 1] for predictions [60, 3]\n  reshape the labels to [60]");
  CHECK(only(advice(no_activation, cross_entropy, loss_table::labels(), 2)) ==
        "wrong: labels from 0 to 2 for 2 output columns\n  number the classes from 0, and give the "
        "last layer one column a class");
  CHECK(only(advice(no_activation, kl_divergence_from_logits, loss_table::labels())) ==
        "wrong: kl_divergence_from_logits of labels\n  use cross_entropy, which takes labels");
  CHECK(only(advice(no_activation, mse, loss_table::labels())) ==
        "wrong: mse on labels (i64 [60])\n  for classes use cross_entropy; for numbers convert "
        "with cast(t, f32)");
  CHECK(only(advice(no_activation, categorical_hinge, loss_table::one_hot())) ==
        "wrong: labels given as f32 [60, 3] to categorical_hinge\n  give class labels as i64, e.g. "
        "labels({0, 1})");
}

TEST_CASE("cross-entropy over one output column is named") {
  CHECK(only(advice(no_activation, cross_entropy, zeros({n}, i64), 1)) ==
        "wrong: cross_entropy over one output column: softmax of a single number is always 1\n  "
        "one column a class; for two classes in one column bce_from_logits");
}

TEST_CASE("shapes that do not fit are named") {
  CHECK(only(advice(no_activation, mse, normal({n}), 1)) ==
        "wrong: predictions [60, 1] and targets [60] do not fit\n  the targets of mse have shape "
        "[60, 1]");
  CHECK(only(advice(no_activation, gaussian_nll, normal({n, 3}), 3))
            .starts_with("wrong: predictions [60, 3] and targets [60, 3] do not fit"));
  CHECK(only(advice(no_activation, gaussian_nll, normal({n, 1}), 1)) ==
        "wrong: predictions [60, 1] and targets [60, 1] do not fit gaussian_nll\n  give the model "
        "two outputs for each target, its mean and the logarithm of its variance: [60, 2] in all");
}

TEST_CASE("numbers of an odd scale are doubted") {
  CHECK(
      only(advice(no_activation, mse, (1000 + 3 * Var(normal({n, 3}))).value()))
          .starts_with("doubtful: targets are not standardised: mean 1e+03, standard deviation "));
  CHECK(only(advice(no_activation, mse, (1e-4 * Var(normal({n, 3}))).value()))
            .starts_with("doubtful: targets are not standardised"));
  Rng rng{1};
  Sequential model{Linear{5, 3, rng}};
  const Tensor grey_values = rng.integers(0, 256, {n, 5}).to(f32);
  const auto found = advise(model, cross_entropy, grey_values, loss_table::labels());
  CHECK(only(found).starts_with("doubtful: inputs are not scaled: they lie in ["));
  CHECK(found.front().cure == "divide grey values by 255");
}

TEST_CASE("NaN in the batch is named with its place, and masked steps are left out") {
  Rng rng{1};
  Sequential model{Linear{5, 3, rng}};
  Tensor inputs = normal({n, 5});
  inputs.mutable_data<float>()[13] = static_cast<float>(not_a_number);
  CHECK(only(advise(model, mse, inputs, normal({n, 3})))
            .starts_with("wrong: inputs are not finite: nan at [2, 3]"));
  Tensor targets = normal({n, 3});
  targets.mutable_data<float>()[4] = std::numeric_limits<float>::infinity();
  CHECK(only(advise(model, mse, normal({n, 5}), targets))
            .starts_with("wrong: targets are not finite: inf at [1, 1]"));

  struct Padded {
    Tensor inputs, targets, mask;
  };
  Padded batch{normal({2, 3, 5}), normal({2, 3, 3}), matrix({{1, 1, 1}, {1, 0, 0}})};
  batch.inputs.mutable_data<float>()[29] = static_cast<float>(not_a_number);
  batch.targets.mutable_data<float>()[17] = 1e6F;
  CHECK(to_string(advise(model, mse, batch)) == "nothing to object to");
  batch.mask = matrix({{1, 1, 1}, {1, 1, 1}});
  CHECK(objections(advise(model, mse, batch)) > 0);
}

TEST_CASE("of a custom loss only the numbers are judged, and what it throws is passed on") {
  const Loss own = [](const Var& y, const Var& t) { return mean(square(y - t)); };
  CHECK(objections(advice(sigmoid, own, loss_table::one_hot())) == 0);
  const Loss log_of_negative = [](const Var& y, const Var&) { return mean(log(0 * y - 1)); };
  CHECK(only(advice(no_activation, log_of_negative, normal({n, 3})))
            .starts_with("wrong: the loss of this batch is "));
  const Loss thrower{"thrower", [](const Var&, const Var&) -> Var {
                       throw ValueError("thrower: no: 1; it does");
                     }};
  CHECK(only(advice(no_activation, thrower, normal({n, 3}))) ==
        "wrong: thrower: no: 1; it does\n  see there");
}

TEST_CASE("advise draws nothing, trains nothing and leaves the model as it is") {
  Rng rng{1};
  Sequential model{Linear{5, 3, rng}, Dropout{0.5, rng}};
  const std::string before = to_string(model.get<0>().weight.value());
  const auto first = advise(model, mse, normal({n, 5}), normal({n, 3}));
  CHECK(objections(first) == 0);
  CHECK(to_string(model.get<0>().weight.value()) == before);
}

TEST_CASE("the floor of a loss on soft targets is its value at the targets") {
  const Tensor t = Rng{6}.uniform({40, 3}, 0, 1, f64);
  CHECK(bce_floor(t) == Approx(bce(Var(t), Var(t)).item()).epsilon(1e-13));
  CHECK(bce_floor(full({4}, 0.5)) == Approx(std::log(2)));
  CHECK(bce_floor(binary(3)) == 0);
  CHECK_THROWS_AS(bce_floor(full({2}, 2)), ValueError);
  CHECK_THROWS_AS(bce_floor(labels({0, 1})), DTypeError);
  CHECK(std::isnan(bce_floor(tensor({not_a_number, 1}))));

  const Tensor rows = softmax(Var(t)).value();
  const double entropy = -mean(sum(Var(rows) * log(Var(rows)), -1)).item();
  CHECK(loss_floor(cross_entropy, rows).value() == Approx(entropy).epsilon(1e-13));
  CHECK(loss_floor(cross_entropy, labels({0, 1})) == 0.0);
  CHECK(loss_floor(kl_divergence, rows) == 0.0);
  CHECK(loss_floor(mse, rows) == 0.0);
  CHECK(loss_floor(poisson_nll_from_log, tensor({0, 3}, f64)).value() ==
        Approx((3 - 3 * std::log(3)) / 2));
  CHECK(!loss_floor(gaussian_nll, rows));
  CHECK(!loss_floor([](const Var& y, const Var&) { return mean(y); }, rows));
  CHECK(loss_floor(bce_from_logits, t, {.mask = one_hot(labels({3}), 40).value().reshape({40})})
            .value() == Approx(bce_floor(t.rows(3, 4))));
  CHECK_THROWS_AS(loss_floor(bce, t, {.reduction = Reduction::none}), ValueError);
}

TEST_CASE("no prediction is below the floor, and the targets themselves are at it") {
  Rng rng{2};
  const Tensor t = data::digits().images;
  const double floor = bce_floor(t);
  CHECK(floor > 0.1);
  const Var exact(clamp(Var(t.to(f64)), 1e-15, 1 - 1e-15));
  CHECK(bce_from_logits(log(exact) - log1p(-exact), t.to(f64)).item() ==
        Approx(floor).epsilon(1e-9));
  for (int trial = 0; trial < 5; ++trial)
    CHECK(bce(clamp(Var(t) + 0.05 * Var(rng.normal(t.shape())), 0, 1), t).item() > floor);
  const auto found = advice(no_activation, bce_from_logits, grey(3));
  REQUIRE(found.size() == 1);
  CHECK(found.front().weight == Advice::Weight::note);
  CHECK(found.front().mismatch ==
        format("bce_from_logits of these targets cannot fall below {:.4f}, whatever the model",
               bce_floor(grey(3))));
  CHECK(found.front().cure == "judge it by the excess over that");
}
