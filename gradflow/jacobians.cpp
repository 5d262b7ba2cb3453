// SPDX-License-Identifier: MIT
#include "jacobians.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/QR>
#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/rng.h"
#include "cotangent_block.h"
#include "instruments.h"
#include "matrix_svd.h"
#include "quantile.h"
#include "scaled_sum.h"

namespace wengert::gradflow {

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();
using Matrix = Eigen::MatrixXd;

/// Row i begins as column i of `directions`, elements of the last state, in every sample.
void seed(const Timeline& timeline, CotangentBlock& block, const Matrix& directions) {
  const std::size_t batch = timeline.batch(), width = timeline.width();
  std::vector<double> row(batch * width);
  for (Eigen::Index i = 0; i < directions.cols(); ++i) {
    for (std::size_t b = 0; b < batch; ++b)
      for (std::size_t j = 0; j < width; ++j)
        row[b * width + j] = directions(static_cast<Eigen::Index>(j), i);
    block.seed(static_cast<std::size_t>(i), timeline.hidden().back(), row);
  }
}
void seed_units(const Timeline& timeline, CotangentBlock& block) {
  const auto n = static_cast<Eigen::Index>(timeline.width());
  seed(timeline, block, Matrix::Identity(n, n));
}

/// Orthonormal columns [n, k] that no coordinate is special to; always the same.
Matrix random_directions(std::size_t n, std::size_t k) {
  Rng rng{1};
  Matrix gaussian(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(k));
  for (double& element : gaussian.reshaped()) element = rng.normal();
  return Eigen::HouseholderQR<Matrix>(gaussian).householderQ() *
         Matrix::Identity(gaussian.rows(), gaussian.cols());
}

/// The sequences that Jacobians of the last real step can be taken of.
std::vector<std::size_t> longest_samples(const Timeline& timeline) {
  std::vector<std::size_t> result;
  for (std::size_t b = 0; b < timeline.batch(); ++b)
    if (timeline.length(b) == timeline.longest()) result.push_back(b);
  return result;
}

void require_two(const Timeline& timeline) {
  if (timeline.longest() < 2)
    throw ValueError("gradflow: a Jacobian between states takes two steps or more, there is 1");
}

/// One row more, of the first sample alone, that must not arrive at others.
std::size_t rows_of(const Timeline& timeline, std::size_t rows) {
  return rows + (timeline.batch() > 1 ? 1 : 0);
}
void seed_witness(const Timeline& timeline, CotangentBlock& block, std::size_t row) {
  if (timeline.batch() == 1) return;
  std::vector<double> first(timeline.batch() * timeline.width(), 0.0);
  for (std::size_t i = 0; i < timeline.width(); ++i)
    first[i] = std::cos(static_cast<double>(i) + 0.5);
  block.seed(row, timeline.hidden().back(), first);
}
void require_apart(const Timeline& timeline, const CotangentBlock& block, std::size_t witness,
                   std::size_t t) {
  if (timeline.batch() == 1) return;
  const std::span<const double> row = block.at(timeline.hidden()[t], witness);
  if (!row.empty() && largest_magnitude(row.subspan(timeline.width())) > 0.0)
    throw ValueError(
        fmt::format("gradflow: after step {} the samples of a batch see each other (a mean over "
                    "the batch? an axis before the batch?), so there is no Jacobian of one sample; "
                    "record a batch of 1, or leave the Jacobians out (StudyOptions::jacobians)",
                    t));
}

/// ln of the singular values of sample b's Jacobian at step t, largest first.
std::vector<double> log_singular(const Timeline& timeline, const CotangentBlock& block,
                                 std::size_t t, std::size_t b) {
  const std::size_t width = timeline.width();
  const std::uint32_t node = timeline.hidden()[t];
  std::int64_t exponent = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < width; ++i) exponent = std::max(exponent, block.exponent(node, i));
  std::vector<double> jacobian(width * width, 0.0);
  for (std::size_t i = 0; i < width; ++i) {
    const std::span<const double> row = block.at(node, i);
    for (std::size_t j = 0; j < width && !row.empty(); ++j)
      jacobian[i * width + j] = scaled(row[b * width + j], block.exponent(node, i) - exponent);
  }
  const double size = largest_magnitude(jacobian);
  std::vector<double> result(width, none);
  if (!(size > 0.0)) return result;
  for (double& element : jacobian) element /= size;
  const std::vector<double> sigma = svd_values(jacobian, width, width);
  for (std::size_t i = 0; i < width; ++i)
    if (sigma[i] > 1e-14 * sigma[0])
      result[i] = std::log(sigma[i]) + std::log(size) + log_of(exponent);
  return result;
}

double effective_rank(const std::vector<double>& logs) {
  double sum = 0.0, squares = 0.0;
  for (const double value : logs) {
    const double ratio = std::isfinite(value) ? std::exp(value - logs[0]) : 0.0;
    sum += ratio;
    squares += ratio * ratio;
  }
  return squares > 0.0 ? sum * sum / squares : 0.0;
}

SingularValues singular_at(const Timeline& timeline, const CotangentBlock& block, std::size_t t,
                           std::span<const std::size_t> samples) {
  std::vector<double> largest, middle, smallest, ranks;
  for (const std::size_t b : samples) {
    const std::vector<double> logs = log_singular(timeline, block, t, b);
    largest.push_back(logs.front());
    middle.push_back(logs[logs.size() / 2]);
    smallest.push_back(logs.back());
    ranks.push_back(effective_rank(logs));
  }
  return {t, quantile(largest, 0.5), quantile(middle, 0.5), quantile(smallest, 0.5),
          quantile(ranks, 0.5)};
}

}  // namespace

std::vector<SingularValues> singular_values_of(const Timeline& timeline, std::size_t points) {
  require_two(timeline);
  // The Jacobians of padding are identities, so that rows may begin at the end of it.
  const std::size_t steps = timeline.longest(), width = timeline.width();
  std::vector<std::size_t> samples = longest_samples(timeline);
  samples.resize(std::min<std::size_t>(8, samples.size()));
  points = std::clamp<std::size_t>(points, 1, steps - 1);
  std::vector<bool> wanted(steps, false);
  for (std::size_t p = 0; p < points; ++p)
    wanted[points == 1 ? 0 : p * (steps - 2) / (points - 1)] = true;
  CotangentBlock block(timeline, rows_of(timeline, width), timeline.hidden());
  seed_units(timeline, block);
  seed_witness(timeline, block, width);
  std::vector<SingularValues> result;
  for (std::size_t t = timeline.steps() - 1; t-- > 0;) {
    block.pull(t + 1);
    require_apart(timeline, block, width, t);
    if (wanted[t]) result.push_back(singular_at(timeline, block, t, samples));
  }
  std::ranges::reverse(result);
  return result;
}

std::vector<SingularValues> singular_values(const Tape& tape, std::span<const Var> hs,
                                            std::size_t points, const Tensor& mask) {
  return singular_values_of(Timeline(tape, hs, {}, mask), points);
}

namespace {

/// Makes the rows that wait up to step t orthonormal, in every sample by itself, and adds the
/// logarithms of what they had grown by to `sums` [batch, rows].
void orthogonalise(const Timeline& timeline, CotangentBlock& block, std::size_t t, Matrix& sums) {
  const std::size_t batch = timeline.batch(), width = static_cast<std::size_t>(sums.cols());
  const std::vector<std::uint32_t> nodes = block.waiting(timeline.hidden()[t]);
  std::size_t total = 0;
  for (const std::uint32_t node : nodes) total += timeline.value(node).size() / batch;
  // Each row over all nodes, sample by sample, as numbers of one scale.
  std::vector<std::vector<double>> rows(width, std::vector<double>(batch * total, 0.0));
  for (std::size_t i = 0; i < width; ++i) {
    std::int64_t exponent = std::numeric_limits<std::int64_t>::min();
    for (const std::uint32_t node : nodes)
      if (!block.at(node, i).empty()) exponent = std::max(exponent, block.exponent(node, i));
    std::size_t place = 0;
    for (const std::uint32_t node : nodes) {
      const std::size_t size = timeline.value(node).size() / batch;
      const std::span<const double> row = block.at(node, i);
      for (std::size_t b = 0; b < batch && !row.empty(); ++b)
        for (std::size_t j = 0; j < size; ++j)
          rows[i][b * total + place + j] =
              scaled(row[b * size + j], block.exponent(node, i) - exponent);
      place += size;
    }
    if (!nodes.empty() && exponent != std::numeric_limits<std::int64_t>::min())
      sums.col(static_cast<Eigen::Index>(i)).array() += log_of(exponent);
  }
  for (std::size_t b = 0; b < batch; ++b) {
    Matrix columns = Matrix::Zero(static_cast<Eigen::Index>(std::max(total, width)),
                                  static_cast<Eigen::Index>(width));
    for (std::size_t i = 0; i < width; ++i)
      for (std::size_t j = 0; j < total; ++j)
        columns(static_cast<Eigen::Index>(j), static_cast<Eigen::Index>(i)) =
            rows[i][b * total + j];
    const Eigen::HouseholderQR<Matrix> qr(columns);
    const Matrix q = qr.householderQ() * Matrix::Identity(columns.rows(), columns.cols());
    for (std::size_t i = 0; i < width; ++i) {
      const auto column = static_cast<Eigen::Index>(i);
      sums(static_cast<Eigen::Index>(b), column) +=
          std::log(std::abs(qr.matrixQR()(column, column)));
      for (std::size_t j = 0; j < total; ++j)
        rows[i][b * total + j] = q(static_cast<Eigen::Index>(j), column);
    }
  }
  std::vector<double> own;
  for (std::size_t i = 0; i < width; ++i) {
    std::size_t place = 0;
    for (const std::uint32_t node : nodes) {
      const std::size_t size = timeline.value(node).size() / batch;
      own.clear();
      for (std::size_t b = 0; b < batch; ++b)
        for (std::size_t j = 0; j < size; ++j) own.push_back(rows[i][b * total + place + j]);
      block.replace(node, i, own);
      place += size;
    }
  }
}

}  // namespace

LyapunovSpectrum lyapunov_of(const Timeline& timeline, std::size_t top) {
  require_two(timeline);
  if (top > timeline.width())
    throw ValueError(
        fmt::format("gradflow: {} exponents of a state of {} elements; ask for 1 to {}", top,
                    timeline.width(), timeline.width()));
  const std::size_t batch = timeline.batch(), width = top == 0 ? timeline.width() : top,
                    steps = timeline.steps();
  CotangentBlock block(timeline, rows_of(timeline, width), timeline.hidden());
  if (top == 0) seed_units(timeline, block);
  else seed(timeline, block, random_directions(timeline.width(), top));
  seed_witness(timeline, block, width);
  Matrix sums = Matrix::Zero(static_cast<Eigen::Index>(batch), static_cast<Eigen::Index>(width));
  for (std::size_t t = steps - 1; t-- > 0;) {
    block.pull(t + 1);
    require_apart(timeline, block, width, t);
    orthogonalise(timeline, block, t, sums);
  }
  LyapunovSpectrum result;
  result.steps = timeline.longest() - 1;
  // Padding adds ln 1 to the sums and nothing to the steps.
  std::vector<Eigen::Index> samples;
  std::vector<double> each;
  for (std::size_t b = 0; b < batch; ++b) {
    if (timeline.length(b) < 2) continue;
    samples.push_back(static_cast<Eigen::Index>(b));
    each.push_back(static_cast<double>(timeline.length(b) - 1));
  }
  const auto n = static_cast<double>(samples.size());
  const Eigen::Map<const Eigen::ArrayXd> T(each.data(), static_cast<Eigen::Index>(each.size()));
  for (std::size_t i = 0; i < width; ++i) {
    const Eigen::ArrayXd own = sums(samples, static_cast<Eigen::Index>(i)).array() / T;
    result.exponents.push_back(own.mean());
    result.errors.push_back(samples.size() > 1
                                ? std::sqrt((own - own.mean()).square().sum() / (n - 1) / n)
                                : std::numeric_limits<double>::quiet_NaN());
    result.sum += own.mean();
  }
  std::vector<std::size_t> order(width);
  for (std::size_t i = 0; i < width; ++i) order[i] = i;
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return result.exponents[a] > result.exponents[b];
  });
  LyapunovSpectrum sorted = result;
  for (std::size_t i = 0; i < width; ++i) {
    sorted.exponents[i] = result.exponents[order[i]];
    sorted.errors[i] = result.errors[order[i]];
  }
  return sorted;
}

LyapunovSpectrum lyapunov(const Tape& tape, std::span<const Var> states, std::size_t top,
                          const Tensor& mask) {
  return lyapunov_of(Timeline(tape, states, {}, mask), top);
}

PathSplit path_split_of(const Timeline& timeline) {
  require_two(timeline);
  const std::size_t width = timeline.width(), steps = timeline.steps();
  const std::vector<std::size_t> samples = longest_samples(timeline);
  const double units = std::log(static_cast<double>(width * samples.size()));
  PathSplit result;
  for (const bool direct : {false, true}) {
    CotangentBlock block(timeline, rows_of(timeline, width), timeline.hidden(), direct);
    seed_units(timeline, block);
    seed_witness(timeline, block, width);
    std::vector<double>& norms = direct ? result.log_direct : result.log_whole;
    for (std::size_t t = steps; t-- > 0;) {
      require_apart(timeline, block, width, t);
      std::vector<double> rows;
      for (std::size_t i = 0; i < width; ++i)
        for (const std::size_t b : samples) {
          const std::span<const double> row = block.at(timeline.hidden()[t], i);
          if (!row.empty())
            rows.push_back(
                log_norm(row.subspan(b * width, width), block.exponent(timeline.hidden()[t], i)));
        }
      if (t < timeline.longest()) norms.push_back(log_norm_of_parts(rows) - 0.5 * units);
      if (t > 0) block.pull(t);
    }
  }
  return result;
}

PathSplit path_split(const Tape& tape, std::span<const Var> states, const Tensor& mask) {
  return path_split_of(Timeline(tape, states, {}, mask));
}

}  // namespace wengert::gradflow
