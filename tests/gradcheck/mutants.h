// SPDX-License-Identifier: MIT
// Wrong gradients on purpose, each with the tier of the gradient checker that has to catch it and
// the hint it has to give, and with a right twin of the same values. The families are in
// mutants_*.cpp.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <wengert/gradcheck/gradcheck.h>

namespace wengert::mutants {

using Model = std::function<Var(std::span<const Var>)>;

struct Mutant {
  std::string name = {};
  std::string what = {};    ///< one sentence: what is wrong
  std::string origin = {};  ///< "mlpack PR 3859": where it was shipped or reported; else empty
  /// Takes its inputs in f32 or in f64.
  Model f = {};
  Model right = {};  ///< the same values with a right gradient; empty if there is no such thing
  std::vector<Tensor> inputs = {};
  Tier tier = Tier::directions;  ///< the first that has to fail
  Hint hint = Hint::formula;
  bool second_order = false;  ///< only its second derivatives are wrong
  std::string culprit = {};   ///< name of the op that has to be named; empty if no op is to blame
};

/// The whole suite, family by family.
const std::vector<Mutant>& mutants();

std::vector<Mutant> elementwise();
std::vector<Mutant> reductions();
std::vector<Mutant> linear_and_index();
std::vector<Mutant> recurrent();
std::vector<Mutant> losses();
std::vector<Mutant> models();

}  // namespace wengert::mutants
