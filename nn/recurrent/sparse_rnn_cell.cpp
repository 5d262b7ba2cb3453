// SPDX-License-Identifier: MIT
#include "sparse_rnn_cell.h"

#include <utility>

#include <fmt/format.h>

#include "../../graph/error.h"
#include "../../graph/format.h"
#include "../../ops/arithmetic.h"
#include "gates.h"
#include "same_tape.h"

namespace wengert {

SparseRnnCell::SparseRnnCell(MaskedLinear from_input, MaskedLinear from_state, Activation phi)
    : input(std::move(from_input)), recurrent(std::move(from_state)), activation(phi) {
  if (!recurrent.weight.value().defined())
    throw ValueError(
        "SparseRnnCell: the recurrent layer waits for its size; give it [n, n], only the input "
        "layer may be told by its first batch");
  const Shape& square = recurrent.weight.shape();
  if (square[0] != square[1])
    throw ShapeError(fmt::format("SparseRnnCell: the recurrent weight is [n, n], got {}", square));
  if (input.weight.value().defined() && input.weight.shape()[0] != square[0])
    throw ShapeError(
        fmt::format("SparseRnnCell: the input weight is [{}, in] for a recurrent one of {}, got {}",
                    square[0], square, input.weight.shape()));
}

SparseRnnCell::SparseRnnCell(std::size_t in, std::size_t n, double density, Rng& rng,
                             Activation phi)
    : SparseRnnCell(MaskedLinear(in, n, density, rng),
                    MaskedLinear(n, n, density, rng, {.bias = false, .weight = init::orthogonal}),
                    phi) {}

Var SparseRnnCell::operator()(const Var& x, const Var& h) const {
  const Var& on = detail::anchor(x, h);
  return activate(activation,
                  input(detail::on_same_tape(x, on)) + recurrent(detail::on_same_tape(h, on)));
}

Var SparseRnnCell::initial(const Var& x) const {
  return detail::zero_state("SparseRnnCell", x, recurrent.weight.shape()[0],
                            recurrent.weight.dtype());
}

}  // namespace wengert
