// SPDX-License-Identifier: MIT
// The instruments on a timeline that is there already, so that a study lifts its tape once.
// Internal.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "credit.h"
#include "jacobians.h"
#include "ledger.h"
#include "recurrent_matrix.h"
#include "saturation.h"
#include "sensitivity.h"
#include "timeline.h"

namespace wengert::gradflow {

CreditAnalysis credit_of(const Timeline& timeline);
Ledger ledger_of(const Timeline& timeline);
std::vector<SingularValues> singular_values_of(const Timeline& timeline, std::size_t points);
LyapunovSpectrum lyapunov_of(const Timeline& timeline, std::size_t top = 0);
PathSplit path_split_of(const Timeline& timeline);
/// `step`: what step_matrix_of found; it comes first.
std::vector<RecurrentMatrix> recurrent_matrices_of(const Timeline& timeline,
                                                   const std::optional<Tensor>& step);
Saturation saturation_of(const Timeline& timeline);
Sensitivity sensitivity_of(const Timeline& timeline, std::span<const Var> xs);

/// Errors: ValueError for none.
void require_losses(std::span<const Var> losses);

}  // namespace wengert::gradflow
