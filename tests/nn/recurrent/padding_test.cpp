// SPDX-License-Identifier: MIT
// What pads a sequence is not looked at, values off the tape cost no gradient, and errors name
// the function that was called.
#include <limits>

#include <wengert/nn/embedding.h>
#include <wengert/nn/recurrent/generate.h>
#include <wengert/nn/recurrent/ind_rnn_cell.h>
#include <wengert/nn/recurrent/minimal_gated_cell.h>
#include <wengert/nn/recurrent/normalised_cell.h>
#include <wengert/nn/recurrent/orthogonal_rnn_cell.h>
#include <wengert/nn/recurrent/pascanu.h>
#include <wengert/nn/recurrent/recurrent.h>
#include <wengert/nn/recurrent/sparse_rnn_cell.h>
#include <wengert/nn/recurrent/step_losses.h>
#include <wengert/nn/recurrent/truncated.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::size_t lengths[] = {6, 2, 4};
constexpr std::size_t T = 6, batch = 3, in = 3;
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double inf_value = std::numeric_limits<double>::infinity();

Tensor sequence(const Tensor& all, std::size_t b, std::size_t steps) {
  const auto at = static_cast<std::int64_t>(b);
  return slice(slice(Var(all), 1, at, at + 1), 0, 0, static_cast<std::int64_t>(steps)).value();
}

/// [T, batch, width] with `padding` where a sequence is over.
Tensor padded(Tensor values, double padding) {
  const std::size_t width = values.shape()[2];
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t t = lengths[b]; t < T; ++t)
      for (std::size_t k = 0; k < width; ++k)
        values.mutable_data<double>()[(t * batch + b) * width + k] = padding;
  return values;
}

template <class Module>
struct Problem {
  Module module;
  Tensor targets;
  Tensor mask = {};
  bool fused = true;
  BpttPlan memory = {};
  /// Sums over steps, so that a batch is its sequences added up.
  Var operator()(const Var& x) const {
    const auto run = unroll(module, x, {.mask = mask, .memory = memory, .fused = fused});
    return reduce(step_losses(mse, run.y, targets, mask), StepReduction::sum) *
           static_cast<double>(x.shape()[1]);
  }
  static void members(auto& self, auto&& visit) { visit("module", self.module); }
};

/// The gradients of all parameters; twice: of the sum of these by the parameters.
template <class Model>
std::vector<Tensor> gradients_of(Model& model, const Tensor& x, bool twice) {
  std::vector<Tensor> result;
  const std::vector<Parameter*> list = parameters(model);
  Tape tape;
  const Var loss = model(tape.input(x));
  if (!twice) {
    const Gradients found = tape.backward(loss);
    for (const Parameter* parameter : list) result.push_back(found[*parameter].value());
    return result;
  }
  const Gradients first = tape.backward(loss, tape.input(ones({}, f64)));
  Var total = loss * 0.0;
  for (const Parameter* parameter : list) total = total + sum(first[*parameter]);
  const Gradients second = tape.backward(total);
  for (const Parameter* parameter : list)
    result.push_back(second.find(*parameter) ? second[*parameter].value()
                                             : zeros_like(parameter->value()));
  return result;
}

template <class Module>
void check_padding(Module module, std::size_t out, const BpttPlan& plan = {}) {
  to(module, f64);
  Rng rng{5};
  const Tensor x = rng.normal({T, batch, in}, f64), targets = rng.normal({T, batch, out}, f64);
  for (const bool twice : {false, true}) {
    if (twice && !plan.all.parts.empty()) continue;
    std::vector<Tensor> total;
    for (const Parameter* parameter : parameters(module))
      total.push_back(zeros_like(parameter->value()));
    for (std::size_t b = 0; b < batch; ++b) {
      Problem<Module> alone{module, sequence(targets, b, lengths[b])};
      alone.fused = false;
      const auto own = gradients_of(alone, sequence(x, b, lengths[b]), twice);
      for (std::size_t p = 0; p < own.size(); ++p) total[p] = (Var(total[p]) + Var(own[p])).value();
    }
    for (const double padding : {nan_value, inf_value, -inf_value, 1e300, 0.0})
      for (const bool fused : {true, false}) {
        Problem<Module> model{module, padded(targets, padding), sequence_mask(lengths), fused,
                              plan};
        const auto whole = gradients_of(model, padded(x, padding), twice);
        INFO("padding " << padding << (fused ? ", fused" : "") << (twice ? ", twice" : ""));
        for (std::size_t p = 0; p < whole.size(); ++p)
          CHECK(distance(whole[p], total[p]) < 1e-13 * (1 + max(abs(Var(total[p]))).item()));
      }
  }
}

}  // namespace

TEST_CASE("NaN in the padding of a batch reaches no gradient, whatever the cell") {
  Rng rng{3};
  SECTION("RnnCell") { check_padding(RnnCell{in, 4, rng}, 4); }
  SECTION("LstmCell") { check_padding(LstmCell{in, 4, rng}, 4); }
  SECTION("GruCell") {
    for (const auto reset : {GruCell::Reset::after, GruCell::Reset::before})
      check_padding(GruCell{in, 4, rng, {.reset = reset}}, 4);
  }
  SECTION("IndRnnCell") { check_padding(IndRnnCell{in, 4, rng}, 4); }
  SECTION("MinimalGatedCell") { check_padding(MinimalGatedCell{in, 4, rng}, 4); }
  SECTION("OrthogonalRnnCell") { check_padding(OrthogonalRnnCell{in, 4, rng}, 4); }
  SECTION("SparseRnnCell") { check_padding(SparseRnnCell{in, 4, 0.7, rng}, 4); }
  SECTION("NormalisedCell") { check_padding(NormalisedCell{RnnCell{in, 4, rng}, 4}, 4); }
  SECTION("a stack of layers, cells and residuals") {
    check_padding(Stacked{Linear{in, 4, rng}, RnnCell{4, 4, rng}, Residual{LstmCell{4, 4, rng}},
                          Linear{4, 2, rng}},
                  2);
  }
  SECTION("both directions") {
    check_padding(
        Bidirectional{LstmCell{in, 4, rng}, Stacked{Linear{in, 2, rng}, GruCell{2, 2, rng}}}, 6);
  }
  SECTION("within a memory plan") {
    check_padding(GruCell{in, 4, rng}, 4, square_root(T));
    check_padding(Stacked{Linear{in, 4, rng}, RnnCell{4, 4, rng}}, 4, hidden_states_only(T));
  }
}

TEST_CASE("tokens that pad a batch may be no tokens at all") {
  Rng rng{4};
  Stacked net{Embedding{5, 3, rng}, GruCell{3, 2, rng}};
  const std::size_t own[] = {3, 1};
  const Tensor mask = sequence_mask(own);
  const auto states = [&](std::int64_t padding) {
    const Tensor tokens =
        Tensor::from<std::int64_t>(std::vector<std::int64_t>{1, 4, 2, padding, 3, padding}, {3, 2});
    Tape tape;
    const auto run = unroll(net, tape.input(tokens), {.mask = mask});
    const Gradients found = tape.backward(sum(square(*hidden_of(run.last))));
    return found[net.get<0>().weight].value();
  };
  const Tensor outside = states(-100), inside = states(1);
  CHECK(distance(outside, inside) == 0.0);
}

TEST_CASE("padding counts nothing in Pascanu's regulariser and with a teacher, even if it is NaN") {
  Rng rng{6};
  RnnCell cell{in, 4, rng};
  to(cell, f64);
  const Tensor clean = rng.normal({T, batch, in}, f64), mask = sequence_mask(lengths);
  const auto omega = [&](double padding, PascanuOptions::Variant variant) {
    Tape tape;
    const Var x = tape.input(padded(clean, padding));
    const auto run = unroll(cell, x, {.mask = mask, .fused = false});
    const Var loss = sum(square(run.last));
    return tape.backward(pascanu(cell, x, run.h, loss, {variant, mask}))[cell.W_hh].value();
  };
  for (const auto variant : {PascanuOptions::Variant::immediate, PascanuOptions::Variant::full})
    CHECK(distance(omega(nan_value, variant), omega(0.0, variant)) == 0.0);

  Stacked net{RnnCell{in, 4, rng}, Linear{4, in, rng}};
  to(net, f64);
  const auto taught = [&](double padding) {
    Tape tape;
    const Var x = tape.input(padded(clean, padding));
    const std::vector<Var> xs = list_of_steps(x);
    const auto run = unroll_taught(net, xs, net.initial(xs[0]), {1.0, rng}, {}, {.mask = mask});
    return tape.backward(sum(square(*hidden_of(run.last))))[net.get<0>().W_xh].value();
  };
  CHECK(distance(taught(nan_value), taught(0.0)) == 0.0);
}

TEST_CASE("every module of a stack gets its gradient where only the first state is on the tape") {
  Rng rng{8};
  Stacked net{Linear{in, 4, rng}, GruCell{4, 4, rng}, Linear{4, 2, rng}};
  const Tensor x = rng.normal({T, batch, in});
  const std::vector<Var> plain = list_of_steps(x);
  const auto initial = [](Tape& tape) {
    return std::tuple{Stateless{}, tape.input(zeros({batch, 4})), Stateless{}};
  };
  const auto compare = [&](auto& model, auto&& loss) {
    Tape with_inputs, with_state;
    const Gradients expected = with_inputs.backward(loss(with_inputs, with_inputs.input(x)));
    const Gradients found = with_state.backward(loss(with_state, Var(x)));
    for (const Parameter* parameter : parameters(model)) {
      INFO(parameter->name());
      REQUIRE(found.find(*parameter));
      CHECK(distance(found[*parameter].value(), expected[*parameter].value()) == 0.0);
    }
  };
  compare(net, [&](Tape& tape, const Var& given) {
    return sum(square(stack(unroll(net, given, initial(tape)).y)));
  });
  compare(net, [&](Tape& tape, const Var& given) {
    const std::vector<Var> xs = given.on_tape() ? list_of_steps(given) : plain;
    return sum(square(stack(unroll(net, std::span<const Var>(xs), initial(tape)).y)));
  });
  compare(net, [&](Tape& tape, const Var& given) {
    return sum(square(stack(unroll(net, given, initial(tape), {.memory = square_root(T)}).y)));
  });
  compare(net, [&](Tape& tape, const Var& given) {
    return truncated_bptt(net, given, initial(tape), {2, 4},
                          [](const Var& y, std::size_t) { return sum(square(y)); })
        .loss;
  });
  Bidirectional both{net, GruCell{in, 4, rng}};
  compare(both, [&](Tape& tape, const Var& given) {
    return sum(square(unroll(both, given, initial(tape), Var(zeros({batch, 4}))).last));
  });
  const Bidirectional cells{GruCell{in, 4, rng}, LstmCell{in, 4, rng}};
  Bidirectional<GruCell, LstmCell> own = cells;
  compare(own, [&](Tape& tape, const Var& given) {
    return sum(square(
        unroll(own, given, tape.input(zeros({batch, 4})), own.backward.initial(zeros({batch, in})))
            .last));
  });
}

TEST_CASE("inputs and first state on two tapes are an error that says so") {
  Rng rng{8};
  const Stacked net{Linear{in, 4, rng}, GruCell{4, 4, rng}};
  Tape one, other;
  const Var x = one.input(zeros({T, batch, in})), h = other.input(zeros({batch, 4}));
  CHECK_THROWS_AS(unroll(net, x, std::tuple{Stateless{}, h}), TapeError);
}

TEST_CASE("an error about a mask, steps or states names the function that was called") {
  Rng rng{8};
  const GruCell cell{in, 4, rng};
  const Tensor x = zeros({T, batch, in}), none = zeros({T, batch});
  const std::vector<Var> xs = list_of_steps(x);
  const Var h0 = cell.initial(xs[0]), wrong = zeros({batch + 1, 4});
  const auto says = [](const char* name) { return Catch::Matchers::StartsWith(name); };
  const auto loss = [](const Var& y, std::size_t) { return sum(y); };
  CHECK_THROWS_WITH(unroll(cell, x, {.mask = none}), says("unroll: the mask of sequence 0"));
  CHECK_THROWS_WITH(unroll(Bidirectional{cell, cell}, x, {.mask = none}),
                    says("unroll: the mask of sequence 0"));
  CHECK_THROWS_WITH((Recurrent{cell, Steps::last}(transpose(Var(x), 0, 1), zeros({batch, T}))),
                    says("Recurrent: the mask of sequence 0"));
  CHECK_THROWS_WITH(step_losses(mse, xs, xs, none), says("step_losses: the mask of sequence 0"));
  CHECK_THROWS_WITH(last_output(xs, none), says("last_output: the mask of sequence 0"));
  CHECK_THROWS_WITH(generate(cell, zeros({batch, 4}), h0, T, {}, {.mask = none}),
                    says("generate: the mask of sequence 0"));
  CHECK_THROWS_WITH(unroll_taught(cell, xs, wrong, {1.0, rng}),
                    says("unroll_taught: the inputs are batches of 3"));
  CHECK_THROWS_WITH(truncated_bptt(cell, x, wrong, {1, 2}, loss),
                    says("truncated_bptt: the inputs are batches of 3"));
  CHECK_THROWS_WITH(truncated_bptt(cell, Var(zeros({3})), h0, {1, 2}, loss),
                    says("truncated_bptt: a sequence is"));
  CHECK_THROWS_WITH(truncation_error(cell, Var(zeros({3})), h0, {1, 2}, loss),
                    says("truncation_error: a sequence is"));
}
