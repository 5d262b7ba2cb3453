// SPDX-License-Identifier: MIT
#include "local_problem.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "../graph/recording.h"
#include "../graph/tape.h"
#include "lifted.h"

namespace wengert::detail {
namespace {

std::vector<const Tensor*> pointers(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> result;
  for (const Tensor& tensor : tensors) result.push_back(&tensor);
  return result;
}

}  // namespace

std::vector<double> Jacobian::pulled(std::span<const double> cotangent) const {
  std::vector<double> result(inputs);
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::size_t j = 0; j < outputs; ++j) result[i] += at(j, i) * cotangent[j];
  return result;
}

LocalProblem::LocalProblem(const Op& op, Operands in, std::vector<bool> wanted)
    : op_(&op), wanted_(std::move(wanted)) {
  for (std::size_t k = 0; k < in.size(); ++k) inputs_.push_back(in[k]);
  output_ = run(inputs_);
  const std::vector<const Tensor*> operands = pointers(inputs_);
  sides_ = op_->branches(Operands(operands), output_);
}

LocalProblem LocalProblem::moved(std::size_t k, const Tensor& input) const {
  std::vector<Tensor> inputs = inputs_;
  inputs[k] = input;
  const std::vector<const Tensor*> operands = pointers(inputs);
  return LocalProblem(*op_, Operands(operands), wanted_);
}

Tensor LocalProblem::run(const std::vector<Tensor>& inputs) const {
  const std::vector<const Tensor*> operands = pointers(inputs);
  return op_->run(Operands(operands));
}

std::vector<Tensor> LocalProblem::pulled(const Tensor& cotangent) const {
  const Tape tape;
  Recording& recording = const_cast<Tape&>(tape).recording();
  std::vector<Var> leaves;
  for (std::size_t k = 0; k < inputs_.size(); ++k)
    leaves.push_back(recording.leaf(inputs_[k], wanted_[k] ? Leaf::variable : Leaf::input));
  std::vector<const Var*> list;
  for (const Var& leaf : leaves) list.push_back(&leaf);
  const Var y = recording.record(op_, list, output_);
  const Gradients gradients = tape.backward(y, cotangent);
  std::vector<Tensor> result(inputs_.size());
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    if (!wanted_[k]) continue;
    const Var* found = gradients.find(leaves[k]);
    result[k] = found ? found->value() : zeros(inputs_[k].shape(), f64);
  }
  return result;
}

std::size_t LocalProblem::crossed(const std::vector<Tensor>& inputs, const Tensor& out) const {
  const std::vector<const Tensor*> operands = pointers(inputs);
  Branches here, there;
  here.add(0, sides_);
  there.add(0, op_->branches(Operands(operands), out));
  return here.differences(there);
}

double LocalProblem::noise(const Tensor& cotangent, Rng& rng) const {
  constexpr double coarse = 0x1p-40, fine = 0x1p-52;
  std::array<double, 3> samples{};
  for (double& sample : samples) {
    std::vector<Tensor> inputs;
    for (const Tensor& input : inputs_) inputs.push_back(jittered(input, coarse, rng));
    sample = std::abs(dot(run(inputs), cotangent) - dot(output_, cotangent)) * (fine / coarse);
    if (!std::isfinite(sample)) sample = 0;
  }
  std::ranges::sort(samples);
  return 4 * (samples[1] + fine * norm_of_product(output_, cotangent));
}

Line LocalProblem::along(std::size_t k, const Tensor& direction, const Tensor& cotangent) const {
  return [this, k, direction, cotangent](double h) {
    std::vector<Tensor> moved = inputs_;
    const std::span<double> x = moved[k].mutable_data<double>();
    const std::span<const double> d = direction.data<double>();
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * d[i];
    const Tensor out = run(moved);
    return Sample{dot(out, cotangent), crossed(moved, out)};
  };
}

Jacobian LocalProblem::jacobian(std::size_t k, const std::vector<Tensor>& at) const {
  Jacobian result;
  result.outputs = output_.size();
  result.inputs = at[k].size();
  result.known = true;
  result.values.resize(result.outputs * result.inputs);
  std::vector<Tensor> moved = at;
  for (std::size_t i = 0; i < result.inputs; ++i) {
    const double x = at[k].data<double>()[i];
    const double h = 1e-3 * std::max(1.0, std::abs(x));
    std::array<Tensor, 6> values;
    constexpr std::array steps{1.0, -1.0, 2.0, -2.0, 3.0, -3.0};
    for (std::size_t s = 0; s < steps.size(); ++s) {
      moved[k] = at[k];
      moved[k].mutable_data<double>()[i] = x + steps[s] * h;
      values[s] = run(moved);
    }
    moved[k] = at[k];
    for (std::size_t j = 0; j < result.outputs; ++j) {
      const auto central = [&](std::size_t s) {
        return values[s].data<double>()[j] - values[s + 1].data<double>()[j];
      };
      const double slope = (45.0 * central(0) - 9.0 * central(2) + central(4)) / (60.0 * h);
      const double rough = (8.0 * central(0) - central(2)) / (12.0 * h);
      result.values[i * result.outputs + j] = slope;
      if (!(std::abs(slope - rough) <= 1e-4 * std::max(1.0, std::abs(slope)))) result.known = false;
    }
  }
  return result;
}

}  // namespace wengert::detail
