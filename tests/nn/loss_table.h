// SPDX-License-Identifier: MIT
// The table of what goes together: targets, last activation, loss. advise is silent on its rows,
// and docs/losses.md shows them.
#pragma once

#include <string>
#include <vector>

#include <wengert/graph/var.h>
#include <wengert/nn/loss_function.h>

namespace loss_table {

/// Samples in every example.
inline constexpr std::size_t samples = 60;

struct Combination {
  std::string targets;     ///< in words
  std::string activation;  ///< by name
  wengert::Loss loss;
  wengert::Var (*end)(const wengert::Var&);
  wengert::Tensor example;
  std::size_t outputs = 3;
  bool in_docs = true;  ///< false: a variant that the page can do without
};
const std::vector<Combination>& combinations();

// Examples of targets, [samples, 3] or as many columns as asked for.
wengert::Tensor normal(const wengert::Shape& shape);
wengert::Tensor labels();
wengert::Tensor one_hot();
wengert::Tensor distributions();
wengert::Tensor binary(std::size_t columns);
wengert::Tensor grey(std::size_t columns);
wengert::Tensor counts();
wengert::Tensor signs();

// Last activations as functions of one Var.
wengert::Var no_activation(const wengert::Var& x);
wengert::Var softmax_of_rows(const wengert::Var& x);
wengert::Var reshaped_sigmoid(const wengert::Var& x);

}  // namespace loss_table
