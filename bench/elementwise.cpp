// SPDX-License-Identifier: MIT
// Every elementwise op: off the tape, and one backward pass through a tape of one node.
#include <memory>

#include <wengert/wengert.h>

#include "ops/table.h"
#include "workloads.h"

namespace bench {
namespace {

namespace wg = wengert;
using wg::Var;

/// Draws an operand in f64.
using Domain = std::function<wg::Tensor(const wg::Shape&, wg::Rng&)>;

struct Op {
  std::string name;
  std::function<Var(std::span<const Var>)> call;
  std::vector<Domain> operands;
  bool differentiable = true;
};

/// The one place that says which ops there are.
std::vector<Op> every_op() {
  std::vector<Op> ops;
  for (const wg::op_table::Row& row : wg::op_table::rows())
    for (const wg::op_table::Variant& variant : row.variants)
      if (wg::op_table::is_elementwise(variant))
        ops.push_back({variant.text, variant.call, variant.operands, row.differentiable});
  return ops;
}

std::vector<wg::Tensor> operands_of(const Op& op, std::size_t size, wg::DType dtype) {
  wg::Rng rng{1};
  std::vector<wg::Tensor> operands;
  for (const Domain& domain : op.operands) {
    const wg::Tensor values = domain(wg::Shape{size}, rng);
    operands.push_back(values.dtype() == wg::i64 ? values : values.to(dtype));
  }
  return operands;
}

Step forward(const Op& op, const std::vector<wg::Tensor>& operands) {
  return [call = op.call, inputs = std::vector<Var>(operands.begin(), operands.end())] {
    keep(call(inputs));
  };
}

/// The op on a tape of its own.
struct Recorded {
  Recorded(const Op& op, const std::vector<wg::Tensor>& operands) {
    std::vector<Var> inputs;
    for (const wg::Tensor& operand : operands)
      inputs.push_back(operand.dtype() == wg::i64 ? tape.input(operand) : tape.variable(operand));
    y = op.call(inputs);
    cotangent = wg::ones_like(y.value());
  }
  wg::Tape tape;
  Var y;
  Var cotangent;
};

Step backward(const Op& op, const std::vector<wg::Tensor>& operands) {
  return [recorded = std::make_shared<Recorded>(op, operands)] {
    keep(recorded->tape.backward(recorded->y, recorded->cotangent));
  };
}

void add(Group& group, const Op& op, std::size_t size, wg::DType dtype) {
  const std::string name = "elementwise/" + op.name + "/" + std::string(wg::to_string(dtype)) +
                           "/" + std::to_string(size);
  const Derived derived = nanoseconds_per("element", static_cast<double>(size));
  const auto with = [&](Step (*pass)(const Op&, const std::vector<wg::Tensor>&)) {
    return [=] { return pass(op, operands_of(op, size, dtype)); };
  };
  group.workloads.push_back({name + "/forward", with(forward), derived, {}});
  if (op.differentiable)
    group.workloads.push_back({name + "/backward", with(backward), derived, {}});
}

}  // namespace

Group elementwise() {
  Group group{"elementwise", 1, {}};
  const std::vector<Op> ops = every_op();
  for (const wg::DType dtype : {wg::f32, wg::f64})
    for (const std::size_t size : {std::size_t{64}, std::size_t{4096}, std::size_t{1} << 20})
      for (const Op& op : ops) add(group, op, size, dtype);
  return group;
}

}  // namespace bench
