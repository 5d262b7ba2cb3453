// SPDX-License-Identifier: MIT
// Rules of an op's contract about what it returns, and that a tape repeats it: on it, off it, run
// again, and at other inputs.
#include <algorithm>

#include <fmt/format.h>

#include "contract_rules.h"
#include "contract_values.h"
#include "vectors.h"

namespace wengert::detail::contract {

std::string result(const Subject& subject, DType dtype) {
  const Tensor y = subject.alone(subject.inputs(dtype));
  if (!y.defined()) return "the forward returned nothing";
  if (!std::ranges::any_of(subject.given, [](const Tensor& x) { return is_float(x.dtype()); }))
    return "no input is f32 or f64: there is nothing to differentiate by";
  if (y.dtype() != dtype)
    return fmt::format(
        "inputs of {} give {}; gradients are checked in f64 and have to keep its "
        "digits",
        to_string(dtype), to_string(y.dtype()));
  const Shape shape = subject.alone(subject.inputs(f64)).shape();
  if (y.shape() != shape)
    return fmt::format("the result is {}, in f64 {}", to_string(y.shape()), to_string(shape));
  return {};
}

std::string gradients_fit(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  const std::vector<Tensor> gradients = one.gradients(subject.cotangent(one.y.value()));
  std::size_t at = 0;
  for (std::size_t k = 0; k < one.inputs.size(); ++k) {
    const Tensor& x = one.inputs[k];
    if (!is_float(x.dtype())) continue;
    const Tensor& gradient = gradients[at++];
    if (gradient.shape() != x.shape() || gradient.dtype() != x.dtype())
      return fmt::format("the gradient of input {}, {} {}, is {} {}", k, to_string(x.dtype()),
                         to_string(x.shape()), to_string(gradient.dtype()),
                         to_string(gradient.shape()));
  }
  return {};
}

std::string off_tape(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  Complaint complaint;
  complaint.add("off the tape", difference(subject.alone(subject.inputs(dtype)), one.y.value()));
  return complaint.text;
}

std::string replay(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  Complaint complaint;
  complaint.add("run again,", difference(one.tape.replay(one.y), one.y.value()));
  const Tensor lifted = one.tape.replay(one.y, {}, f64);
  const Tensor direct = subject.alone(in(f64, one.inputs));
  const std::string other_bits = difference(lifted, direct);
  if (lifted.dtype() != f64 || lifted.shape() != direct.shape())
    complaint.add("lifted to f64, it", other_bits);
  else if (const double off = distance(lifted, direct);
           !other_bits.empty() && !(off <= 1e-15 * norm(direct)))
    complaint.add("lifted to f64,",
                  fmt::format("it is off by {:.1e} from a call with f64 inputs", off));
  return complaint.text;
}

std::string replay_elsewhere(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  const std::vector<Tensor> moved = subject.others(dtype);
  std::vector<Binding> bindings;
  for (std::size_t k = 0; k < moved.size(); ++k) bindings.emplace_back(one.xs[k], moved[k]);
  Complaint complaint;
  complaint.add("run again at other inputs,",
                difference(one.tape.replay(one.y, bindings), subject.alone(moved)));
  if (!complaint.text.empty())
    complaint.text += "; was something computed from .value() when it was recorded?";
  return complaint.text;
}

}  // namespace wengert::detail::contract
