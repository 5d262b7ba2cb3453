// SPDX-License-Identifier: MIT
// The derivative of a function of one number by differences, with an estimate of its own error, and
// what is to be done where the function has a kink. Internal.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>

#include "report.h"

namespace wengert::detail {

/// A function along a line, and how many of its branches go another way at `h` than at 0.
struct Sample {
  double value = 0;
  std::size_t crossed = 0;
};
using Line = std::function<Sample(double h)>;

struct Difference {
  double value = 0;
  double error = 0;            ///< estimated, absolute
  double rounding = 0;         ///< the part of `error` that comes from the values' rounding
  double size = 0;             ///< the largest value
  double step = 0;             ///< the one it was made with
  bool hidden = false;         ///< a kink is so near that rounding hides the slope before it
  bool kink = false;           ///< a branch goes another way however small the step
  std::size_t crossed = 0;     ///< at a kink: how many
  double left = 0, right = 0;  ///< at a kink: the one-sided derivatives
};

/// What is known of a line before it is differenced.
struct Setting {
  double wanted = 0;  ///< the error that is small enough, absolute
  double noise = 0;   ///< what rounding on the way does to the function's value
  double size = 1;    ///< of a usual move
  double place = 1;   ///< of what is moved, to whose rounding a step is added
};

/// Six points, x +- h, 2 h, 3 h (four where h has to be tiny): the derivative with an error of
/// order h^6; its difference from the one of order h^4 that the same points give, and the rounding
/// of the values, bound the error. Where a branch goes another way the stencil has crossed a kink,
/// and the step shrinks to what the number of crossings suggests, as far as rounding lets it; if
/// rounding is too much then, it grows again towards the kink. Returns the step that was good in
/// `step`.
Difference differenced(const Line& line, double here, double& step, const Setting& setting);

/// Whether `analytic` is right; `scale` is the size it is judged by, `noise` what rounding on the
/// way does to the function's value: a gradient that is no more than that is zero.
struct Judgement {
  Verdict verdict = Verdict::agree;
  double error = 0;         ///< relative to scale
  double oracle_error = 0;  ///< the same
  bool at_kink = false;
  bool apart = false;          ///< two steps gave two slopes
  bool bends = false;          ///< at a kink that no op reports
  double left = 0, right = 0;  ///< where it bends: the slopes
};
Judgement judge(double analytic, const Difference& numeric, double scale, double tolerance,
                double noise);

/// What a slope along many elements is judged by: the size of the claim, or, if next to nothing is
/// claimed, what is there.
inline double scale_of(double claimed, double numeric) {
  return claimed > 1e-3 * std::abs(numeric) ? claimed : std::abs(numeric);
}

/// The judgement, and before anybody is blamed the same with a sixteenth of the step and with the
/// smallest whose rounding leaves the claim in doubt no more. Differences that do not agree with
/// each other, as beside a singularity or where digits cancel, blame nobody. Nor do those of a
/// function that bends at the point with no op to report it, as long as the claim lies between the
/// slopes of both sides: that is a kink.
Judgement confirmed(const Line& line, double here, double analytic, const Difference& numeric,
                    double scale, double tolerance, const Setting& setting);

struct Compared {
  double analytic = 0;
  double numeric = 0;
  Judgement judgement = {};
};

/// So far off a kink that the point stands on exactly, places are sought where what is not on the
/// kink can be judged, by moves of about 1 times these.
inline constexpr std::array<double, 3> off_kink{4e-3, 2.5e-4, 1.6e-5};

/// The judgement at the first such place that has one, and before anybody is blamed at the next
/// too: of a claim that is right at the point alone, the error shrinks on the way there.
/// `compared(k)` gives the comparison at place k; nothing where there is none.
template <class F>
std::optional<Compared> judged_off_kink(F&& compared) {
  std::optional<Compared> wrong;
  for (std::size_t k = 0; k < off_kink.size(); ++k) {
    const std::optional<Compared> found = compared(k);
    if (!found || found->judgement.at_kink || found->judgement.bends) continue;
    if (found->judgement.verdict == Verdict::agree) return found;
    if (found->judgement.verdict != Verdict::disagree) continue;
    if (wrong) {
      const bool stays = found->judgement.error >= 0.5 * wrong->judgement.error;
      return stays ? wrong : std::nullopt;
    }
    wrong = found;
  }
  return {};
}

}  // namespace wengert::detail
