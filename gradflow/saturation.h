// SPDX-License-Identifier: MIT
// Where activations let no gradient through: saturated units, dead relus, gates (D8).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// One activation of the net, over the steps; phi' is taken at each element of each sample.
struct ActivationUse {
  std::string op = {};     ///< "tanh"
  std::string place = {};  ///< module it is in; empty at the top
  std::size_t number = 0;  ///< which of a step's activations of that place and op, from 0
  std::vector<double> saturated = {};          ///< a step: share of elements with |phi'| < 0.05
  std::vector<double> mean_square_slope = {};  ///< a step: mean of phi'^2
  std::vector<double> largest_slope = {};      ///< a step: max |phi'|
  std::size_t units = 0;                       ///< elements a sample
  std::size_t dead = 0;                        ///< units whose phi' is 0 in every sample and step
  /// Of outputs in tenths of [0, 1] for sigmoid and of [-1, 1] for tanh, over all steps; shares.
  std::array<double, 10> histogram = {};
};

struct Saturation {
  std::vector<ActivationUse> uses = {};
  /// Share over all uses, steps and elements.
  double share = 0.0;
};

/// Of the activations on the way from a state to the next ones; with a `mask` [T, batch] as in
/// unroll, of the real steps. Errors: as for study.
Saturation saturation(const Tape& tape, std::span<const Var> hs, const Tensor& mask = {});

}  // namespace wengert::gradflow
