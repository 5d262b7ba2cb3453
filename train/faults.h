// SPDX-License-Identifier: MIT
// The faults that a diagnosis looks for: each function adds what it finds to the list. What they
// have in common is at the end.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "curves.h"
#include "diagnosis.h"

namespace wengert::detail {

using Findings = std::vector<Finding>;

/// What ended a training or ought to have.
void find_nonfinite(const History& history, Findings& findings);
/// Steps that were not taken, which a training survives.
void find_left_out(const History& history, Findings& findings);
bool left_out(const StepRecord& step);

// The learning rate (faults_rate.cpp). True if something was found.
bool find_rate_too_high(const History& history, const Curves& curves, Findings& findings);
bool find_rate_too_low(const History& history, const Curves& curves, Findings& findings);
/// Or what stands still because of the learning rate.
bool find_not_learning(const History& history, const Curves& curves, Findings& findings);

void find_not_finished(const Curves& curves, Findings& findings);
/// Sudden rises of the curve called `name`.
void find_jumps(const Curve& curve, std::string_view name, Findings& findings);

// Training against validation (faults_validation.cpp).
void find_overfitting(const Curves& curves, Findings& findings);
/// The two sets differ from the start, or validation samples are few. True if something was found.
bool find_unrepresentative(const History& history, const Curves& curves, Findings& findings);
void find_noisy_validation(const Curves& curves, Findings& findings);
void find_below_training(const History& history, const Curves& curves, Findings& findings);

/// "12.3 %"
std::string percent(double share);
/// At least five values.
std::span<const double> first_third(const std::vector<double>& y);
std::span<const double> last_third(const std::vector<double>& y);
/// The median of the last three.
double end_of(const std::vector<double>& y);

}  // namespace wengert::detail
