// SPDX-License-Identifier: MIT
// PyTorch's nn.RNN, nn.LSTM and nn.GRU with their own weights: outputs and all gradients. The files
// are written by tests/golden/make_recurrent.py.
#include <map>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <wengert/nn/recurrent/torch_names.h>
#include <wengert/nn/recurrent/unroll.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../distance.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

using Tensors = std::map<std::string, Tensor>;
constexpr double tolerance = 1e-12;

Tensors file(const std::string& name) {
  return load_tensors(WENGERT_SOURCE_DIR "/tests/golden/recurrent/" + name + ".safetensors")
      .tensors;
}

template <class C>
C make(std::size_t in, Activation activation) {
  Rng rng{1};
  if constexpr (std::same_as<C, RnnCell>) {
    RnnCell cell{in, 5, rng, {.activation = activation}};
    to(cell, f64);
    return cell;
  } else {
    C cell{in, 5, rng};
    to(cell, f64);
    return cell;
  }
}

/// The states of PyTorch's [layers, batch, n], as variables of a tape.
template <class C>
struct Starts {
  Var h, c;
  auto state(std::size_t layer) const {
    const auto at = static_cast<std::int64_t>(layer);
    if constexpr (std::same_as<C, LstmCell>) return LstmState{select(h, 0, at), select(c, 0, at)};
    else return select(h, 0, at);
  }
};

/// What is compared: outputs, last states by layer, gradients.
template <class C>
class Comparison {
 public:
  Comparison(const std::string& name) : tensors_(file(name)), x(tape_.variable(at("input"))) {
    starts.h = tape_.variable(at("h_0"));
    if constexpr (lstm) starts.c = tape_.variable(at("c_0"));
  }
  const Tensors& tensors() const { return tensors_; }

  template <class State>
  void outputs(const Var& y, const std::vector<State>& last) {
    CHECK(distance(y.value(), at("output")) < tolerance);
    std::vector<Var> hs, cs;
    for (const State& state : last) {
      hs.push_back(*hidden_of(state));
      if constexpr (lstm) cs.push_back(state.c);
    }
    Var loss = sum(y * at("cotangent.output")) + end("h_n", stack(hs));
    if constexpr (lstm) loss = loss + end("c_n", stack(cs));
    gradients_ = tape_.backward(loss);
    CHECK(distance(gradients_[x].value(), at("gradient.input")) < tolerance);
    CHECK(distance(gradients_[starts.h].value(), at("gradient.h_0")) < tolerance);
    if constexpr (lstm)
      CHECK(distance(gradients_[starts.c].value(), at("gradient.c_0")) < tolerance);
  }
  void weights(const C& cell, const std::string& suffix) {
    if constexpr (std::same_as<C, RnnCell>) {
      weight(cell.W_xh, "weight_ih_" + suffix);
      weight(cell.W_hh, "weight_hh_" + suffix);
    } else {
      weight(cell.W_x, "weight_ih_" + suffix);
      weight(cell.W_h, "weight_hh_" + suffix);
    }
    if constexpr (std::same_as<C, GruCell>) {
      weight(cell.b_x, "bias_ih_" + suffix);
      weight(cell.b_h, "bias_hh_" + suffix);
    } else {
      weight(cell.b, "bias_ih_" + suffix);
      weight(cell.b, "bias_hh_" + suffix);
    }
  }

 private:
  static constexpr bool lstm = std::same_as<C, LstmCell>;
  const Tensor& at(const std::string& name) const { return tensors_.at(name); }
  Var end(const std::string& name, const Var& ours) {
    CHECK(distance(ours.value(), at(name)) < tolerance);
    return sum(ours * at("cotangent." + name));
  }
  void weight(const Parameter& parameter, const std::string& name) {
    INFO(name);
    CHECK(distance(gradients_[parameter].value(), at("gradient." + name)) < tolerance);
  }

  Tensors tensors_;
  Tape tape_;
  Gradients gradients_;

 public:
  Var x;
  Starts<C> starts;
};

template <class C>
void compare(const std::string& name, Activation activation = Activation::tanh) {
  for (const bool fused : {false, true}) {
    INFO(name << (fused ? ", whole sequences" : ", step by step"));
    {
      Comparison<C> torch(name);
      C cell = make<C>(4, activation);
      load_torch(cell, torch.tensors());
      const auto run = unroll(cell, torch.x, torch.starts.state(0), {.fused = fused});
      torch.outputs(stack(run.y), std::vector{run.last});
      torch.weights(cell, "l0");
    }
    {
      Comparison<C> torch(name + "_2_layers");
      Stacked net{make<C>(4, activation), make<C>(5, activation)};
      load_torch(net.template get<0>(), torch.tensors(), "l0");
      load_torch(net.template get<1>(), torch.tensors(), "l1");
      const auto run = unroll(
          net, torch.x, std::tuple{torch.starts.state(0), torch.starts.state(1)}, {.fused = fused});
      torch.outputs(stack(run.y), std::vector{std::get<0>(run.last), std::get<1>(run.last)});
      torch.weights(net.template get<0>(), "l0");
      torch.weights(net.template get<1>(), "l1");
    }
    {
      Comparison<C> torch(name + "_bidirectional");
      Bidirectional net{make<C>(4, activation), make<C>(4, activation)};
      load_torch(net, torch.tensors());
      const auto run =
          unroll(net, torch.x, torch.starts.state(0), torch.starts.state(1), {.fused = fused});
      torch.outputs(stack(run.y), std::vector{run.forward.last, run.backward.last});
      torch.weights(net.forward, "l0");
      torch.weights(net.backward, "l0_reverse");
    }
  }
}

}  // namespace

TEST_CASE("nn.RNN of PyTorch with tanh and relu has our outputs and gradients") {
  compare<RnnCell>("rnn_tanh");
  compare<RnnCell>("rnn_relu", Activation::relu);
}
TEST_CASE("nn.LSTM of PyTorch has our outputs and gradients") { compare<LstmCell>("lstm"); }
TEST_CASE("nn.GRU of PyTorch has our outputs and gradients") { compare<GruCell>("gru"); }

TEST_CASE("PyTorch's weights are found under a prefix, and f32 becomes f64") {
  Tensors renamed;
  for (const auto& [name, tensor] : file("gru")) renamed["encoder." + name] = tensor.to(f32);
  GruCell cell = make<GruCell>(4, {});
  load_torch(cell, renamed, "l0", "encoder.");
  CHECK(distance(cell.b_h.value(), renamed["encoder.bias_hh_l0"].to(f64)) == 0.0);
}

TEST_CASE("PyTorch's weights that do not fit are all named, and nothing is loaded") {
  Tensors tensors = file("lstm");
  LstmCell cell = make<LstmCell>(4, {});
  const Tensor before = cell.W_h.value();
  tensors.erase("bias_hh_l0");
  tensors["weight_ih_l0"] = zeros({20, 3}, f64);
  tensors["weight_hr_l0"] = zeros({2, 5}, f64);
  CHECK_THROWS_AS(load_torch(cell, tensors), ValueError);
  CHECK_THROWS_WITH(load_torch(cell, tensors),
                    ContainsSubstring("'weight_ih_l0' is [20, 3] but has to be [20, 4]") &&
                        ContainsSubstring("'bias_hh_l0' [20] is missing") &&
                        ContainsSubstring("'weight_hr_l0' [2, 5] has no place"));
  CHECK_THROWS_WITH(load_torch(cell, file("lstm"), "l1"),
                    ContainsSubstring("'weight_ih_l1' [20, 4] is missing"));
  CHECK(distance(cell.W_h.value(), before) == 0.0);

  Rng rng{1};
  LstmCell single{4, 5, rng};
  CHECK_THROWS_WITH(load_torch(single, file("lstm")),
                    ContainsSubstring("'weight_ih_l0' is f64 but f32 in the cell"));
  RnnCell unbiased{4, 5, rng, {.bias = false}};
  to(unbiased, f64);
  CHECK_THROWS_WITH(load_torch(unbiased, file("rnn_tanh")),
                    ContainsSubstring("'bias_hh_l0' [5] has no place"));
  GruCell early{4, 5, rng, {.reset = GruCell::Reset::before}};
  CHECK_THROWS_WITH(load_torch(early, file("gru")), ContainsSubstring("Reset::after"));
  Bidirectional both{make<GruCell>(4, {}), make<GruCell>(4, {})};
  const Tensor forward = both.forward.W_x.value();
  CHECK_THROWS_WITH(load_torch(both, file("gru")), ContainsSubstring("l0_reverse' [15, 4]"));
  CHECK(distance(both.forward.W_x.value(), forward) == 0.0);
}
