// SPDX-License-Identifier: MIT
// An op on trial: its inputs in either precision, off a tape and on one.
#include "../graph/rng.h"
#include "contract_rules.h"
#include "contract_values.h"
#include "lifted.h"

namespace wengert::detail::contract {

std::vector<Tensor> Subject::inputs(DType dtype) const { return in(dtype, given); }

std::vector<Tensor> Subject::others(DType dtype) const {
  std::vector<Tensor> result = inputs(dtype);
  for (Tensor& tensor : result)
    if (is_float(tensor.dtype()))
      dispatch_float(tensor.dtype(), [&]<class T>(T) {
        for (T& x : tensor.mutable_data<T>()) x *= T{1} + T{1} / T{1024};
      });
  return result;
}

Tensor Subject::alone(std::span<const Tensor> values) const {
  return op(std::vector<Var>(values.begin(), values.end())).value();
}

Tensor Subject::cotangent(const Tensor& y, std::uint64_t stream) const {
  return Rng(options.gradient.seed, stream).normal(y.shape(), y.dtype());
}

Recorded::Recorded(const Checked& op, std::vector<Tensor> values)
    : inputs(std::move(values)), xs(leaves_on(tape, inputs)), y(op(xs)) {}

std::vector<Tensor> Recorded::gradients(const Tensor& cotangent) const {
  const Gradients found = tape.backward(y, cotangent);
  std::vector<Tensor> result;
  for (const Var& x : xs)
    if (is_float(x.dtype()))
      result.push_back(found.find(x) ? found[x].value() : zeros_like(x.value()));
  return result;
}

}  // namespace wengert::detail::contract
