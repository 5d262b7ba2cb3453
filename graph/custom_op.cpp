// SPDX-License-Identifier: MIT
#include "custom_op.h"

#include <bit>
#include <cstdint>
#include <type_traits>

#include <fmt/format.h>

#include "error.h"
#include "recording.h"
#include "tape.h"

namespace wengert::detail {
namespace {

bool all_zero(const Tensor& tensor) {
  return dispatch(tensor.dtype(), [&]<class T>(T) {
    for (const T value : tensor.data<T>())
      if (value != T{0}) return false;
    return true;
  });
}

/// Appends which way each element went, as integers.
void append_sides(std::vector<std::int64_t>& all, const Tensor& sides) {
  dispatch(sides.dtype(), [&]<class T>(T) {
    using Bits = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    for (const T side : sides.data<T>()) all.push_back(std::bit_cast<Bits>(side + T{0}));
  });
}

/// The branches of all ops of a recording, run again because it keeps few values.
Tensor branches_on(const Recording& recording) {
  std::vector<std::int64_t> all;
  std::vector<Tensor> values(recording.size());
  for (std::uint32_t node = 0; node < recording.size(); ++node) {
    const Op* op = recording.nodes[node].op;
    if (!op) {
      values[node] = recording.nodes[node].value;
      continue;
    }
    std::vector<const Tensor*> operands;
    for (const std::uint32_t input : recording.inputs(node)) operands.push_back(&values[input]);
    values[node] = op->run(Operands(operands));
    if (const Tensor sides = op->branches(Operands(operands), values[node]); sides.defined())
      append_sides(all, sides);
  }
  if (all.empty()) return {};
  return Tensor::from<std::int64_t>(all, {all.size()});
}

class CustomOp final : public Op {
 public:
  explicit CustomOp(std::shared_ptr<const CustomRules> rules) : rules_(std::move(rules)) {}
  std::string_view name() const override { return rules_->name; }

  Tensor run(Operands in) const override {
    std::vector<Var> inputs;
    for (std::size_t k = 0; k < in.size(); ++k) inputs.emplace_back(in[k]);
    Var output = forward_of(inputs);
    if (output.on_tape())
      throw TapeError(
          fmt::format("{}: its forward used a value that is on a tape; pass it as an "
                      "input, or its gradient would be lost",
                      name()));
    if (!output.value().defined())
      throw ValueError(fmt::format("{}: its forward returned nothing", name()));
    return std::move(output).value();
  }
  Output infer(Operands in) const override {
    const Tensor output = run(in);
    return {output.shape(), output.dtype()};
  }
  void forward(Operands in, Tensor& out) const override { out = run(in); }

  /// Those of the ops that the forward is made of. Loops over elements have none to report.
  Tensor branches(Operands in, const Tensor&) const override {
    Tape tape;
    std::vector<Var> inputs;
    for (std::size_t k = 0; k < in.size(); ++k) inputs.push_back(tape.input(in[k]));
    try {
      rules_->forward(inputs);
    } catch (const Error&) {  // it does without a tape
      return {};
    }
    return branches_on(tape.recording());
  }

  Operand reads(Operand) const override { return Operand::inputs() | Operand::output(); }

  void pullback(Pullback& back) const override {
    std::vector<Var> inputs;
    for (std::size_t k = 0; k < back.input_count(); ++k) inputs.push_back(back.input(k));
    const std::vector<Var> cotangents = rules_->pullback(inputs, back.output(), back.cotangent());
    if (cotangents.size() != inputs.size())
      throw ValueError(fmt::format("{}: its pullback returned {} cotangents for {} inputs", name(),
                                   cotangents.size(), inputs.size()));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!back.needs(k)) continue;
      check(back, k, inputs[k], cotangents[k]);
      back.to(k, cotangents[k]);
    }
  }

 private:
  Var forward_of(const std::vector<Var>& inputs) const {
    try {
      return rules_->forward(inputs);
    } catch (const DTypeError& error) {
      throw DTypeError(
          fmt::format("{}: {}; its forward has to take f32 and f64, because gradients are "
                      "checked in f64",
                      name(), error.what()));
    }
  }

  void check(const Pullback& back, std::size_t k, const Var& input, const Var& cotangent) const {
    if (!cotangent.value().defined())
      throw ValueError(fmt::format("{}: its pullback returned nothing for input {}", name(), k));
    if (cotangent.shape() != input.shape())
      throw ShapeError(fmt::format("{}: its pullback returned shape {} for input {} of shape {}",
                                   name(), to_string(cotangent.shape()), k,
                                   to_string(input.shape())));
    if (cotangent.dtype() != input.dtype())
      throw DTypeError(fmt::format("{}: its pullback returned {} for input {} of {}", name(),
                                   to_string(cotangent.dtype()), k, to_string(input.dtype())));
    if (back.recording() && !cotangent.on_tape() && !all_zero(cotangent.value()))
      throw FirstOrderError(
          std::string(name()),
          "its pullback computes off the tape, so it is first order only; write it with ops on Var "
          "to differentiate it again");
  }

  std::shared_ptr<const CustomRules> rules_;
};

}  // namespace

Var apply_custom(const std::shared_ptr<const CustomRules>& rules, std::span<const Var> inputs) {
  std::vector<const Var*> list;
  for (const Var& input : inputs) list.push_back(&input);
  return detail::apply(CustomOp(rules), std::span<const Var* const>(list));
}

}  // namespace wengert::detail
