// SPDX-License-Identifier: MIT
// How a later state depends on an earlier one: singular values of the Jacobian, Lyapunov exponents,
// and what share goes past all weight matrices (D5, D7, D9).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "../graph/tape.h"
#include "../graph/tensor.h"
#include "../graph/var.h"

namespace wengert::gradflow {

/// Of dh_T/dh_t for T the last step, as natural logarithms; the median over up to eight samples. Of
/// a padded batch (`mask` [T, batch] as in unroll) T is the last real step of the longest
/// sequences, and the samples are those.
struct SingularValues {
  std::size_t step = 0;  ///< t
  double log_largest = 0.0;
  double log_median = 0.0;
  double log_smallest = 0.0;    ///< -inf if it is below 1e-14 of the largest: rounding hides it
  double effective_rank = 0.0;  ///< (sum sigma)^2 / sum sigma^2, between 1 and n
  double log_condition() const { return log_largest - log_smallest; }
};
/// At `points` steps, evenly spread, the first and the last but one among them. n rows are carried
/// backward together: about n times the time of a backward pass.
/// Errors: as for study, ValueError also for one step only, or if samples see each other.
std::vector<SingularValues> singular_values(const Tape& tape, std::span<const Var> hs,
                                            std::size_t points = 40, const Tensor& mask = {});

/// ln of the mean growth a step of n orthogonal directions, largest first: exponent i is
/// (1/T) sum_t ln |R_ii(t)| of QR decompositions of the carried rows (Benettin et al. 1980, on the
/// adjoint), averaged over the batch. Nats per step; divide by the time of a step for a flow.
/// Over T steps the directions' turn into place leaves an error of order 1/T; the difference of T
/// times the exponents of all states and of the last few has none. `top`: only so many directions,
/// the leading ones, from random orthogonal rows; the time is about `top` times that of a backward
/// pass; 0: all n, from the unit vectors. A padded sequence counts with its real steps.
/// Errors: as for study, ValueError also for one step only, more than n directions, or if samples
/// see each other.
struct LyapunovSpectrum {
  std::vector<double> exponents = {};
  /// Standard error over the samples of the batch; NaN for one sample.
  std::vector<double> errors = {};
  std::size_t steps = 0;
  double sum = 0.0;
};
LyapunovSpectrum lyapunov(const Tape& tape, std::span<const Var> states, std::size_t top = 0,
                          const Tensor& mask = {});

/// dc_T/dc_t by all ways, and by those alone that pass no product with a weight matrix: of an LSTM
/// the product of its forget gates, of a GRU that of its update gates. Natural logarithms of
/// Frobenius norms over sqrt(n), by lag k = T - t. Of a padded batch: of its longest sequences.
struct PathSplit {
  std::vector<double> log_whole = {};
  std::vector<double> log_direct = {};  ///< -inf for a cell without such a way
};
/// `states`: the cell states c of an LSTM, the hidden states of other cells. Errors: as lyapunov.
PathSplit path_split(const Tape& tape, std::span<const Var> states, const Tensor& mask = {});

}  // namespace wengert::gradflow
