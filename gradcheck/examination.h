// SPDX-License-Identifier: MIT
// One check on its way: what is examined, by which rules, and what has been found. Every tier is a
// function that reads it and adds its result. Internal.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../graph/rng.h"
#include "gradcheck.h"
#include "lifted.h"
#include "witness.h"

namespace wengert::detail {

struct Examination {
  const Tape& original;
  Var output;  ///< on the original tape
  const Lifted& lifted;
  const CheckOptions& options;
  CheckReport& report;
  Rng rng;
  Branches here = {};  ///< at the point itself
  double noise = 0;    ///< what rounding on the way does to the value

  /// Size that a leaf's gradients are judged by where they are small: the root mean square over
  /// all.
  double rms() const;
  /// What a gradient would be if x and y were all of one size: below a tenth of it a result is
  /// made of what cancelled, and its last bits say nothing.
  double usual_size() const;
  void measure_noise();
};

/// The worst of a tier so far, by verdict and then by error.
class Tally {
 public:
  Tally(Tier tier, double tolerance) { result_.tier = tier, result_.tolerance = tolerance; }
  /// True if this is the worst yet.
  bool add(Verdict verdict, double error, double oracle_error = 0);
  void note(std::string text) { result_.note = std::move(text); }
  TierResult done() {
    result_.ran = true;
    return result_;
  }
  const TierResult& result() const { return result_; }

 private:
  TierResult result_;
};

/// Puts a tier's result into the report; the first of the gravest verdict is the report's own.
void conclude(CheckReport& report, const TierResult& result);

/// A comparison that the report shows: the worst so far.
struct Shown {
  Tier tier;
  std::string leaf = {};
  Shape shape = {};
  std::vector<std::size_t> index = {};  ///< of an element; empty if it was no single one
  double analytic = 0;
  double numeric = 0;
  double error = 0;
  double oracle_error = 0;
};
void show(CheckReport& report, Shown shown);
/// Names the op at this node as the culprit, how many are wrong and right left as counted.
void blame(Examination& e, std::size_t node, std::size_t input, double error);

void check_repeatability(Examination& e, const std::optional<Function>& function, bool random);
void check_linearity(Examination& e);
void check_adjoint(Examination& e);
void check_directions(Examination& e);
void check_coordinates(Examination& e);
void check_nodes(Examination& e);
void check_symmetry(Examination& e);
void check_precision(Examination& e);
/// Names the op whose pullback makes NaN or infinity of finite numbers, if there is one.
void blame_nonfinite(Examination& e);

/// Names of leaves and ops whose values are not finite; empty if all are.
std::string first_nonfinite(const Lifted& lifted);

}  // namespace wengert::detail
