// SPDX-License-Identifier: MIT
// What a gradient check found: a value to look at, to print and to keep.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../graph/shape.h"

namespace wengert {

/// In ascending gravity.
enum class Verdict {
  agree,
  unresolved,        ///< the differences are not accurate enough here to decide; nobody is blamed
  kink,              ///< a point without a derivative, where no rule says what is right
  disagree,          ///< the gradient is wrong
  nondeterministic,  ///< the function gives other values when it is called again
  nonfinite,         ///< a value or a gradient is NaN or infinite
};
/// "AGREE", "DISAGREE", ...
std::string_view to_string(Verdict verdict);

/// What is tested, each with a figure of its own.
enum class Tier {
  repeatability,  ///< T0: twice the same bits, inputs left alone, the tape tells all
  adjoint,        ///< T1: <v, J u> = <J'v, u>
  linearity,      ///< T2: backward is linear in the cotangent
  directions,     ///< T3: differences along random directions through all leaves
  coordinates,    ///< T4: differences by single elements
  nodes,          ///< T5: every op of the tape alone, at its recorded operands
  second_order,   ///< T6: the Hessian is symmetric and is the gradient's derivative
  precision,      ///< T7: backward in float32 against backward in float64
};
/// "repeatability", ...
std::string_view to_string(Tier tier);

/// What a wrong gradient looks like; the sentence for the user is CheckReport::hint_text.
enum class Hint {
  none,
  sign,          ///< analytic = -numeric
  factor,        ///< a constant factor
  mean_for_sum,  ///< the factor is an extent: a mean for a sum, or gathered once instead of T times
  detached,      ///< no gradient arrives, though the function depends on it
  unused,        ///< a gradient arrives, though the function does not depend on it
  transposed,    ///< the numeric gradient, transposed
  shifted,       ///< the numeric gradient, shifted along an axis
  other_elements,      ///< the right values at other elements
  slice,               ///< wrong in one slice of an axis only, such as one gate
  first_or_last_step,  ///< some indices of an axis are left out, or only some are counted
  broadcast_sum,       ///< of a stretched axis one entry is counted instead of all
  cross_term,          ///< the diagonal of the Jacobian only
  missing_mean,        ///< a term that is the same along an axis is missing
  wrong_axis,          ///< a sum went over another axis
  repeated_index,      ///< wrong where an index occurs more than once
  at_output,           ///< the derivative is taken at the output instead of the input
  swapped_inputs,      ///< right if two inputs are exchanged
  shifted_input,       ///< right if an input is shifted by a step
  transposed_input,    ///< right if an input is transposed
  flat_region,         ///< gradient where the function is flat
  off_tape,            ///< the function depends on something that its tape does not know of
  nondeterministic,    ///< called again it gives another value
  precision,           ///< right in float64, wrong in float32
  nonfinite,           ///< a pullback makes NaN or infinity of finite numbers
  first_order,         ///< a second derivative was asked of an op that has a first one only
  formula,             ///< the ratio differs from element to element and fits no pattern
};
/// "sign", "mean for sum", ...
std::string_view to_string(Hint hint);

/// The outcome of one tier.
struct TierResult {
  Tier tier = Tier::repeatability;
  bool ran = false;
  Verdict verdict = Verdict::agree;
  double error = 0;         ///< the worst, relative; where a tier compares bits 0 or 1
  double tolerance = 0;     ///< what it is judged by
  double oracle_error = 0;  ///< estimated error of the differences there, relative
  std::size_t comparisons = 0;
  std::string note = {};  ///< why it did not run, or what it found
};

/// The op whose pullback is wrong, or, in float32, its value.
struct Culprit {
  bool found = false;
  bool value = false;    ///< it is the op's value that is wrong
  std::size_t node = 0;  ///< on the tape
  std::string op = {};
  std::string place = {};  ///< "encoder.0 at step 12"; empty at the model's top level
  std::size_t input = 0;   ///< which input's cotangent is wrong
  double error = 0;        ///< relative
  std::size_t wrong = 0;   ///< nodes with a wrong pullback
  std::size_t right = 0;   ///< nodes that agree
};

/// What was compared, and the worst of it.
struct CheckReport {
  Verdict verdict = Verdict::agree;
  Tier tier = Tier::repeatability;  ///< the first whose verdict this is
  Hint hint = Hint::none;
  std::string hint_text = {};
  std::string pattern = {};  ///< "error confined to rows 0 to 3"

  double value = 0;                  ///< of the function, contracted with the cotangent
  Tier shown = Tier::repeatability;  ///< whose comparison the following is
  std::string leaf = {};             ///< the worst: "parameter 'encoder.0.weight'", "input 1"
  Shape leaf_shape = {};
  std::vector<std::size_t> index = {};  ///< its worst element; empty if a direction was worst
  double analytic = 0;
  double numeric = 0;
  double error = 0;         ///< |analytic - numeric| over the scale it is judged by
  double oracle_error = 0;  ///< estimated error of the differences, over the same scale
  Culprit culprit = {};

  std::vector<TierResult> tiers = {};
  std::size_t elements = 0;  ///< of all leaves together
  std::size_t nodes = 0;     ///< on the tape
  std::size_t directions = 0;
  std::size_t coordinates = 0;
  std::size_t kinks = 0;  ///< comparisons at a point without a derivative, judged by both sides
  double seconds = 0;
  std::uint64_t seed = 0;

  bool agrees() const { return verdict == Verdict::agree; }
  /// The result of this tier, null if it is not in the report.
  const TierResult* find(Tier tier) const;
};

/// As in the specification's example, at most 80 columns; with colours of a terminal on request.
std::string to_string(const CheckReport& report, bool colour = false);
/// Everything; NaN and the infinities are strings.
std::string to_json(const CheckReport& report);
/// Prints the report, in colour where standard output is a terminal.
void print(const CheckReport& report);

}  // namespace wengert
