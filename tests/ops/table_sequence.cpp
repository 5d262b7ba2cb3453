// SPDX-License-Identifier: MIT
#include <wengert/ops/layout.h>
#include <wengert/ops/sequence.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

const Domain any = reals(-1, 1);
const Domain positive = reals(0.1, 1);

/// x, h0, W_xh, W_hh, b
Sample rnn_sample(std::size_t steps, std::size_t batch, std::size_t in, std::size_t n,
                  const Domain& domain = any) {
  return {{{steps, batch, in}, domain},
          {{batch, n}, domain},
          {{n, in}, domain},
          {{n, n}, domain},
          {{n}, domain}};
}

Variant rnn(const std::string& activation, SequenceActivation kind, std::vector<Sample> samples) {
  return {.text = "rnn_sequence(x, h0, W_xh, W_hh, b, " + activation + ")",
          .call =
              [kind](std::span<const Var> v) {
                return rnn_sequence(v[0], v[1], v[2], v[3], v[4], kind);
              },
          .samples = std::move(samples)};
}

/// x, h0, c0, W_x, W_h, b
Sample lstm_sample(std::size_t steps, std::size_t batch, std::size_t in, std::size_t n) {
  return {{{steps, batch, in}, any}, {{batch, n}, any}, {{batch, n}, any},
          {{4 * n, in}, any},        {{4 * n, n}, any}, {{4 * n}, any}};
}

Variant lstm(const std::string& part, Var (*pick)(const HiddenAndCell&),
             std::vector<Sample> samples) {
  const std::string call = "lstm_sequence(x, h0, c0, W_x, W_h, b)";
  return {.text = part.empty() ? call : call + "." + part,
          .call =
              [pick](std::span<const Var> v) {
                return pick(lstm_sequence(v[0], v[1], v[2], v[3], v[4], v[5]));
              },
          .samples = std::move(samples)};
}

/// x, h0, W_x, W_h, b_x, b_h
Sample gru_sample(std::size_t steps, std::size_t batch, std::size_t in, std::size_t n) {
  return {{{steps, batch, in}, any}, {{batch, n}, any}, {{3 * n, in}, any},
          {{3 * n, n}, any},         {{3 * n}, any},    {{3 * n}, any}};
}

Variant gru(const std::string& convention, GruConvention kind) {
  return {.text = "gru_sequence(x, h0, W_x, W_h, b_x, b_h, " + convention + ")",
          .call =
              [kind](std::span<const Var> v) {
                return gru_sequence(v[0], v[1], v[2], v[3], v[4], v[5], kind);
              },
          .samples = {gru_sample(3, 2, 2, 3), gru_sample(1, 1, 1, 1), gru_sample(3, 1, 2, 17),
                      gru_sample(0, 2, 2, 3), gru_sample(2, 0, 2, 3), gru_sample(2, 2, 0, 3)}};
}

}  // namespace

std::vector<Row> sequence_rows() {
  using enum SequenceActivation;
  return {
      {.name = "rnn_sequence",
       .formula = "h_t = activation(x_t W_xh^T + h_{t-1} W_hh^T + b)",
       .reads = 5,
       .variants = {rnn("tanh", tanh,
                        {rnn_sample(3, 2, 2, 3), rnn_sample(1, 1, 1, 1), rnn_sample(4, 1, 2, 17),
                         rnn_sample(0, 2, 2, 3), rnn_sample(2, 0, 2, 3), rnn_sample(2, 2, 0, 3)}),
                    // All above 0 and, with a negative bias, all below: away from the kink.
                    rnn("relu", relu, {rnn_sample(3, 2, 2, 3, positive), rnn_sample(3, 2, 2, 3)}),
                    rnn("sigmoid", sigmoid, {rnn_sample(3, 2, 2, 3), rnn_sample(2, 1, 3, 1)}),
                    rnn("identity", identity, {rnn_sample(3, 2, 2, 3), rnn_sample(1, 2, 1, 2)})}},
      {.name = "lstm_sequence",
       .formula = "h_t = o tanh(c_t), c_t = f c_{t-1} + i g with gates of x_t W_x^T + h_{t-1} "
                  "W_h^T + b",
       .reads = 6,
       .variants =
           {lstm("",
                 [](const HiddenAndCell& y) {
                   return stack({y.h, y.c});
                 },
                 {lstm_sample(3, 2, 2, 3), lstm_sample(1, 1, 1, 1), lstm_sample(3, 1, 2, 17),
                  lstm_sample(0, 2, 2, 3), lstm_sample(2, 0, 2, 3), lstm_sample(2, 2, 0, 3)}),
            lstm("h", [](const HiddenAndCell& y) { return y.h; }, {lstm_sample(3, 2, 2, 3)}),
            lstm("c", [](const HiddenAndCell& y) { return y.c; }, {lstm_sample(3, 2, 2, 3)})}},
      {.name = "gru_sequence",
       .formula = "h_t = (1 - z) n + z h_{t-1} with gates of x_t W_x^T + b_x and h_{t-1} W_h^T + "
                  "b_h",
       .reads = 5,
       .variants = {gru("reset_after", GruConvention::reset_after),
                    gru("reset_before", GruConvention::reset_before)}},
  };
}

}  // namespace wengert::op_table
