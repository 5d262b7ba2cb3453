// SPDX-License-Identifier: MIT
// What cells begin with, and that each is a module like any other.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/ind_rnn_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/minimal_gated_cell.h>
#include <wengert/nn/recurrent/orthogonal_rnn_cell.h>
#include <wengert/nn/recurrent/recurrent.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/nn/recurrent/sparse_rnn_cell.h>
#include <wengert/nn/recurrent/state_space.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../../folder.h"
#include "../distance.h"

using namespace wengert;
using namespace wengert::nn_tests;

namespace {

std::vector<double> block(const Parameter& bias, std::size_t which, std::size_t n) {
  const Tensor values = bias.value().to(f64);
  const auto all = values.data<double>().subspan(which * n, n);
  return {all.begin(), all.end()};
}

bool all_are(const std::vector<double>& values, double expected) {
  return std::all_of(values.begin(), values.end(), [=](double value) {
    return value == static_cast<double>(static_cast<float>(expected));
  });
}

/// To f64 and back, to a file and into another cell, and as the only layer of a model. `make` is
/// called with an Rng.
template <class Make>
void check_module(Make make) {
  Rng rng{3}, other{4};
  Recurrent net{make(rng), Steps::last}, copy{make(other), Steps::last};
  const Tensor x = rng.normal({2, 4, 3});
  CHECK(distance(net(x).value(), copy(x).value()) > 1e-3);
  const Folder folder;
  save(net, folder.path("cell.safetensors"));
  load(copy, folder.path("cell.safetensors"));
  CHECK(distance(net(x).value(), copy(x).value()) == 0.0);
  to(copy, f64);
  const Tensor in_double = copy(x.to(f64)).value();
  CHECK(in_double.dtype() == f64);
  CHECK(distance(in_double.to(f32), net(x).value()) < 1e-5);
  for_each_parameter(copy, [](const std::string&, const Parameter& parameter) {
    CHECK(parameter.dtype() == f64);
  });
  to(copy, f32);
  CHECK(distance(net(x).value(), copy(x).value()) == 0.0);
  const Summary rows = summary(net, zeros({1, 4, 3}));
  CHECK(rows.parameters == parameter_count(net));
  CHECK(rows.flops > 0);
}

}  // namespace

TEST_CASE("every cell is converted, saved, loaded and summarised") {
  SECTION("RnnCell") {
    check_module([](Rng& rng) { return RnnCell{3, 4, rng}; });
    check_module([](Rng& rng) { return RnnCell{3, 4, rng, {.bias = false}}; });
  }
  SECTION("LstmCell") {
    check_module([](Rng& rng) { return LstmCell{3, 4, rng}; });
  }
  SECTION("GruCell") {
    check_module([](Rng& rng) { return GruCell{3, 4, rng}; });
  }
  SECTION("IndRnnCell") {
    check_module([](Rng& rng) { return IndRnnCell{3, 4, rng}; });
  }
  SECTION("MinimalGatedCell") {
    check_module([](Rng& rng) { return MinimalGatedCell{3, 4, rng}; });
  }
  SECTION("OrthogonalRnnCell") {
    check_module([](Rng& rng) { return OrthogonalRnnCell{3, 4, rng}; });
  }
  SECTION("SparseRnnCell") {
    check_module([](Rng& rng) { return SparseRnnCell{3, 4, 0.5, rng}; });
  }
  SECTION("KalmanCell") {
    check_module([](Rng& rng) { return KalmanCell{LinearStateSpace{4, 3, rng}}; });
  }
  SECTION("a stack") {
    check_module([](Rng& rng) {
      return Stacked{GruCell{3, 4, rng}, Linear{4, 4, rng}, Residual{LstmCell{4, 4, rng}}};
    });
  }
  SECTION("both directions") {
    check_module([](Rng& rng) { return Bidirectional{GruCell{3, 4, rng}, RnnCell{3, 2, rng}}; });
  }
}

TEST_CASE("an LSTM's forget gate begins open by its bias, and the other gates without") {
  Rng rng{3};
  for (const double bias : {1.0, 3.0, 0.0}) {
    const LstmCell cell{2, 5, rng, {.forget_bias = bias}};
    CHECK(all_are(block(cell.b, 0, 5), 0.0));
    CHECK(all_are(block(cell.b, 1, 5), bias));
    CHECK(all_are(block(cell.b, 2, 5), 0.0));
    CHECK(all_are(block(cell.b, 3, 5), 0.0));
  }
  CHECK(all_are(block(LstmCell(2, 5, rng).b, 1, 5), 1.0));
}

TEST_CASE("with chrono, e to the forget bias is uniform from 1 to the longest memory less 1") {
  Rng rng{3};
  const std::size_t n = 4000;
  const LstmCell cell{1, n, rng, {.chrono = 50.0, .input = init::zeros, .recurrent = init::zeros}};
  std::vector<double> forget = block(cell.b, 1, n);
  const std::vector<double> input = block(cell.b, 0, n);
  CHECK(std::equal(input.begin(), input.end(), forget.begin(),
                   [](double i, double f) { return i == -f; }));
  CHECK(all_are(block(cell.b, 2, n), 0.0));
  CHECK(all_are(block(cell.b, 3, n), 0.0));
  // Kolmogorov and Smirnov: sqrt(n) D is above 1.95 once in a thousand.
  std::sort(forget.begin(), forget.end());
  double furthest = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double share = (std::exp(forget[i]) - 1.0) / 48.0;
    furthest = std::max({furthest, std::abs(share - static_cast<double>(i) / n),
                         std::abs(share - static_cast<double>(i + 1) / n)});
  }
  CHECK(forget.front() >= 0.0);
  CHECK(std::exp(forget.back()) < 49.0 + 1e-4);
  CHECK(std::sqrt(static_cast<double>(n)) * furthest < 1.95);
}

TEST_CASE("a chrono that is no memory is refused") {
  Rng rng{3};
  for (const double chrono : {2.0, 1.0, -5.0, std::nan("")})
    CHECK_THROWS_AS((LstmCell{2, 5, rng, {.chrono = chrono}}), ValueError);
}

TEST_CASE("a GRU's keep bias keeps the state in either convention") {
  Rng rng{3};
  for (const auto update : {GruCell::Update::keeps, GruCell::Update::renews}) {
    const GruCell cell{
        2,
        5,
        rng,
        {.update = update, .keep_bias = 4.0, .input = init::zeros, .recurrent = init::zeros}};
    const double sign = update == GruCell::Update::keeps ? 1.0 : -1.0;
    CHECK(all_are(block(cell.b_x, 0, 5), 0.0));
    CHECK(all_are(block(cell.b_x, 1, 5), sign * 4.0));
    CHECK(all_are(block(cell.b_x, 2, 5), 0.0));
    // Without weights the candidate is 0 and what is left of h is sigma(4).
    const Tensor h = cell(zeros({1, 2}), Var(ones({1, 5}))).value();
    CHECK(distance(h, full({1, 5}, 1.0 / (1.0 + std::exp(-4.0)))) < 1e-6);
  }
}

TEST_CASE("recurrent weights begin orthogonal, gate by gate") {
  Rng rng{3};
  const auto off = [](const Tensor& W) {
    return distance(matmul(W, W, {.right = true}).value(), eye(W.shape()[0]));
  };
  CHECK(off(RnnCell(2, 6, rng).W_hh.value()) < 1e-5);
  for (const Var& gate : split(Var(LstmCell(2, 6, rng).W_h.value()), 4, 0))
    CHECK(off(gate.value()) < 1e-5);
  for (const Var& gate : split(Var(GruCell(2, 6, rng).W_h.value()), 3, 0))
    CHECK(off(gate.value()) < 1e-5);
}

TEST_CASE("inputs and states of a wrong width are refused by the cell's and the parameter's name") {
  Rng rng{3};
  const Var x = zeros({2, 5}), fits = zeros({2, 3}), h = zeros({2, 6}), xs = zeros({7, 2, 5});
  const auto refuses = [&](const auto& cell, const char* by_input, const char* by_state) {
    const auto state = cell.initial(fits);
    auto wide = state;
    for_each_part(wide, [&](const std::string&, Var& part) { part = h; });
    CHECK_THROWS_AS(cell(x, state), ShapeError);
    CHECK_THROWS_WITH(cell(x, state), Catch::Matchers::ContainsSubstring(by_input));
    CHECK_THROWS_WITH(cell(fits, wide), Catch::Matchers::ContainsSubstring(by_state));
    if constexpr (requires { cell.sequence(xs, state); })
      CHECK_THROWS_WITH(unroll(cell, xs, state),
                        Catch::Matchers::ContainsSubstring(" x [7, 2, 5] does not fit "));
  };
  refuses(RnnCell{3, 4, rng}, "RnnCell: x [2, 5] does not fit W_xh [4, 3]",
          "RnnCell: h [2, 6] does not fit W_hh [4, 4]");
  refuses(LstmCell{3, 4, rng}, "LstmCell: x [2, 5] does not fit W_x [16, 3]",
          "LstmCell: h [2, 6] does not fit W_h [16, 4]");
  refuses(IndRnnCell{3, 4, rng}, "IndRnnCell: x [2, 5] does not fit W [4, 3]",
          "IndRnnCell: h [2, 6] does not fit u [4]");
  refuses(MinimalGatedCell{3, 4, rng}, "MinimalGatedCell: x [2, 5] does not fit W_x [8, 3]",
          "MinimalGatedCell: h [2, 6] does not fit W_hf [4, 4]");
  refuses(OrthogonalRnnCell{3, 4, rng}, "OrthogonalRnnCell: x [2, 5] does not fit W [4, 3]",
          "OrthogonalRnnCell: h [2, 6] does not fit V [8, 4]");
  GruCell named{3, 4, rng};
  for_each_parameter(named, [](const std::string& path, Parameter& p) { p.rename("gru." + path); });
  refuses(named, "GruCell: x [2, 5] does not fit gru.W_x [12, 3]: the last axis of x has to be 3",
          "GruCell: h [2, 6] does not fit gru.W_h [12, 4]: the last axis of h has to be 4");
}
