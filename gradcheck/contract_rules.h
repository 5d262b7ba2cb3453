// SPDX-License-Identifier: MIT
// The rules of an op's contract, each a function that returns what is wrong, or nothing. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../graph/tape.h"
#include "contract.h"

namespace wengert::detail::contract {

/// An op on trial, and what it is tried with.
struct Subject {
  const Checked& op;
  std::vector<Tensor> given;
  const ContractOptions& options;

  std::vector<Tensor> inputs(DType dtype) const;
  /// Other inputs nearby, inside the op's domain wherever the given ones are.
  std::vector<Tensor> others(DType dtype) const;
  /// Off the tape.
  Tensor alone(std::span<const Tensor> values) const;
  /// The same at every call, and random, so that no symmetry hides a mistake.
  Tensor cotangent(const Tensor& y, std::uint64_t stream = 1) const;
};

/// The op on a tape of its own.
struct Recorded {
  std::vector<Tensor> inputs;
  Tape tape;
  std::vector<Var> xs;
  Var y;

  Recorded(const Checked& op, std::vector<Tensor> values);
  /// By each input that can have a gradient.
  std::vector<Tensor> gradients(const Tensor& cotangent) const;
};

/// What a rule found: wrong if there is a complaint.
struct Found {
  std::string complaint = {};
  std::string remark = {};  ///< on a rule that is kept

  Found() = default;
  Found(std::string wrong, std::string noted = {})  // NOLINT(google-explicit-constructor)
      : complaint(std::move(wrong)), remark(std::move(noted)) {}
};
/// The first of `complaints` that is not empty, after what it is about.
struct Complaint {
  std::string text = {};
  void add(const std::string& about, const std::string& complaint) {
    if (text.empty() && !complaint.empty()) text = about + " " + complaint;
  }
};

std::string result(const Subject& subject, DType dtype);
Found ownership(const Subject& subject, DType dtype);
std::string inputs_left_alone(const Subject& subject, DType dtype);
std::string earlier_results(const Subject& subject, DType dtype);
std::string forward_repeats(const Subject& subject, DType dtype);
std::string result_written(const Subject& subject, DType dtype);
std::string gradients_fit(const Subject& subject, DType dtype);
std::string off_tape(const Subject& subject, DType dtype);
std::string replay(const Subject& subject, DType dtype);
std::string replay_elsewhere(const Subject& subject, DType dtype);
std::string pullback_repeats(const Subject& subject, DType dtype);
std::string gradients_written(const Subject& subject, DType dtype);
std::string zero_cotangent(const Subject& subject, DType dtype);
std::string linear(const Subject& subject, DType dtype);
std::string gradient(const Subject& subject, DType dtype);
Found second_order(const Subject& subject, DType dtype);

}  // namespace wengert::detail::contract
