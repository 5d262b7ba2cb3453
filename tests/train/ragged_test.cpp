// SPDX-License-Identifier: MIT
// Sequences of different lengths through fit, evaluate and predict: each counts as it does alone.
#include <wengert/wengert.h>

#include "../catch.h"
#include "../nn/distance.h"

using namespace wengert;
using wengert::nn_tests::distance;

namespace {

struct Ragged {
  std::vector<Tensor> inputs, each_step;
  Tensor targets;
  explicit Ragged(Rng& rng) : targets(rng.normal({4, 2}, f64)) {
    for (const std::size_t length : {5, 1, 3, 2}) {
      inputs.push_back(rng.normal({length, 3}, f64));
      each_step.push_back(rng.normal({length, 2}, f64));
    }
  }
};

/// What one step of plain gradient descent over the whole data changes, at rate 1.
template <class Model>
std::vector<Tensor> change_by_fit(Model model, const data::Dataset& data) {
  std::vector<Tensor> before, change;
  for (const Parameter* parameter : parameters(model)) before.push_back(parameter->value());
  fit(model, data,
      {.loss = mse, .optimizer = Sgd{{.rate = 1.0}}, .batch = data.size(), .show = Show::nothing});
  const std::vector<Parameter*> list = parameters(model);
  for (std::size_t p = 0; p < list.size(); ++p)
    change.push_back((Var(before[p]) - Var(list[p]->value())).value());
  return change;
}

/// The gradient of the mean loss from sequences without any padding.
template <class Model>
std::vector<Tensor> gradient_alone(Model model, const Ragged& ragged, bool each_step) {
  std::vector<Tensor> total;
  for (const Parameter* parameter : parameters(model))
    total.push_back(zeros_like(parameter->value()));
  for (std::size_t i = 0; i < ragged.inputs.size(); ++i) {
    const Tensor x = unsqueeze(Var(ragged.inputs[i]), 0).value();
    const Tensor y =
        each_step ? unsqueeze(Var(ragged.each_step[i]), 0).value() : ragged.targets.rows(i, i + 1);
    const double share = each_step ? static_cast<double>(ragged.inputs[i].shape()[0]) / 11.0 : 0.25;
    Tape tape;
    const Gradients found = tape.backward(mse(model(tape.input(x)), y));
    const std::vector<Parameter*> list = parameters(model);
    for (std::size_t p = 0; p < list.size(); ++p)
      total[p] = (Var(total[p]) + share * found[*list[p]]).value();
  }
  return total;
}

template <class Model>
void check(Model model, bool each_step) {
  to(model, f64);
  Rng rng{5};
  const Ragged ragged(rng);
  const data::Dataset data = each_step ? data::sequences(ragged.inputs, ragged.each_step)
                                       : data::sequences(ragged.inputs, ragged.targets);
  const auto padded = change_by_fit(model, data), alone = gradient_alone(model, ragged, each_step);
  for (std::size_t p = 0; p < alone.size(); ++p) CHECK(distance(padded[p], alone[p]) < 1e-14);
  double loss = 0.0;
  const Tensor outputs = predict(model, data, {.batch = 3});
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor own = model(unsqueeze(Var(ragged.inputs[i]), 0)).value();
    const auto length = static_cast<std::int64_t>(ragged.inputs[i].shape()[0]);
    const Var row(outputs.rows(i, i + 1));
    CHECK(distance((each_step ? slice(row, 1, 0, length) : row).value(), own) < 1e-14);
    const Tensor target = each_step ? ragged.each_step[i] : ragged.targets.rows(i, i + 1);
    const double share = each_step ? static_cast<double>(length) / 11.0 : 0.25;
    loss += share * mse(Var(own.reshape(target.shape())), target).item();
  }
  CHECK(evaluate(model, data, mse).loss.value == Approx(loss).epsilon(1e-12));
}

/// A model of one's own that takes a mask.
struct Own {
  Recurrent<GruCell> encoder;
  Linear readout;
  Var operator()(const Var& x) const { return readout(encoder(x)); }
  Var operator()(const Var& x, const Tensor& mask) const { return readout(encoder(x, mask)); }
  static void members(auto& self, auto&& visit) {
    visit("encoder", self.encoder);
    visit("readout", self.readout);
  }
};

/// One that takes a first state there, which is no mask.
struct Stateful {
  GruCell cell;
  Linear readout;
  Var operator()(const Var& x) const { return (*this)(x, Var()); }
  Var operator()(const Var& x, const Var& h0) const {
    const Var xs = transpose(x, 0, 1);
    return readout(h0.value().defined() ? unroll(cell, xs, h0).last : unroll(cell, xs).last);
  }
  static void members(auto& self, auto&& visit) {
    visit("cell", self.cell);
    visit("readout", self.readout);
  }
};

}  // namespace

TEST_CASE("fit, evaluate and predict take each sequence of a padded batch as if it were alone") {
  Rng rng{2};
  SECTION("a cell's last step") {
    check(Sequential{Recurrent{GruCell{3, 4, rng}, Steps::last}, Linear{4, 2, rng}}, false);
  }
  SECTION("a layer before it, and one after the other") {
    check(Sequential{Linear{3, 4, rng}, relu, Recurrent{LstmCell{4, 4, rng}, Steps::all},
                     Recurrent{RnnCell{4, 4, rng}, Steps::last}, Linear{4, 2, rng}},
          false);
  }
  SECTION("both directions, a target each step") {
    check(Sequential{Recurrent{Bidirectional{GruCell{3, 4, rng}, RnnCell{3, 2, rng}}, Steps::all},
                     Linear{6, 2, rng}},
          true);
  }
  SECTION("a Sequential within a Sequential") {
    check(Sequential{Sequential{Recurrent{Residual{GruCell{3, 3, rng}}, Steps::last}, relu},
                     Linear{3, 2, rng}},
          false);
  }
  SECTION("a model of one's own") {
    check(Own{{GruCell{3, 4, rng}, Steps::last}, {4, 2, rng}}, false);
  }
}

TEST_CASE("the mask goes to models that take one, and is not taken for a first state") {
  CHECK(TakesMask<Recurrent<GruCell>>);
  CHECK(TakesMask<Sequential<Recurrent<GruCell>, Linear>>);
  CHECK(TakesMask<Own>);
  CHECK_FALSE(TakesMask<Sequential<Linear, Linear>>);
  CHECK_FALSE(TakesMask<GruCell>);
  CHECK_FALSE(TakesMask<Stateful>);
  Rng rng{2};
  Stateful model{{3, 4, rng}, {4, 2, rng}};
  to(model, f64);
  const Ragged ragged(rng);
  const data::Dataset data = data::sequences(ragged.inputs, ragged.targets);
  CHECK(distance(predict(model, data), model(data.inputs).value()) == 0.0);
}

TEST_CASE("fit on sequences of 2 to 9 steps learns the sign of what each saw first") {
  Rng rng{7};
  std::vector<Tensor> inputs;
  std::vector<std::int64_t> signs;
  for (int i = 0; i < 256; ++i) {
    const std::size_t length = 2 + static_cast<std::size_t>(i % 8);
    inputs.push_back(rng.normal({length, 1}));
    signs.push_back(inputs.back().data<float>()[0] > 0 ? 1 : 0);
  }
  const data::Dataset data = data::sequences(inputs, labels(signs));
  Sequential net{Recurrent{GruCell{1, 12, rng}, Steps::last}, Linear{12, 2, rng}};
  fit(net, data,
      {.loss = cross_entropy,
       .optimizer = Adam{{.rate = 1e-2}},
       .epochs = 40,
       .metrics = {accuracy},
       .show = Show::nothing});
  CHECK(evaluate(net, data, cross_entropy, {accuracy}).metrics.at("accuracy").value > 0.95);
}
