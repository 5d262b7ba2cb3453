// SPDX-License-Identifier: MIT
#include "jacobians.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

#include "../graph/error.h"
#include "cotangent_block.h"
#include "instruments.h"
#include "quantile.h"

namespace wengert::gradflow {

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();
using Matrix = Eigen::MatrixXd;

/// Row i begins as the i-th element of the last state, in every sample.
void seed_units(const Timeline& timeline, CotangentBlock& block) {
  const std::size_t batch = timeline.batch(), width = timeline.width();
  std::vector<double> unit(batch * width);
  for (std::size_t i = 0; i < width; ++i) {
    std::ranges::fill(unit, 0.0);
    for (std::size_t b = 0; b < batch; ++b) unit[b * width + i] = 1.0;
    block.seed(i, timeline.hidden().back(), unit);
  }
}

void require_two(const Timeline& timeline) {
  if (timeline.steps() < 2)
    throw ValueError("gradflow: a Jacobian between states takes two steps or more, there is 1");
}

/// ln of the singular values of sample b's Jacobian at step t, largest first.
std::vector<double> log_singular(const Timeline& timeline, const CotangentBlock& block,
                                 std::size_t t, std::size_t b) {
  const std::size_t width = timeline.width();
  double scale = none;
  for (std::size_t i = 0; i < width; ++i) scale = std::max(scale, block.log_scale(i));
  Matrix jacobian =
      Matrix::Zero(static_cast<Eigen::Index>(width), static_cast<Eigen::Index>(width));
  for (std::size_t i = 0; i < width; ++i) {
    const std::span<const double> row = block.at(timeline.hidden()[t], i);
    for (std::size_t j = 0; j < width && !row.empty(); ++j)
      jacobian(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          row[b * width + j] * std::exp(block.log_scale(i) - scale);
  }
  const double size = jacobian.cwiseAbs().maxCoeff();
  std::vector<double> result(width, none);
  if (!(size > 0.0)) return result;
  const Eigen::VectorXd sigma = Eigen::BDCSVD<Matrix>(jacobian / size).singularValues();
  for (std::size_t i = 0; i < width; ++i) {
    const double value = sigma(static_cast<Eigen::Index>(i));
    if (value > 1e-14 * sigma(0)) result[i] = std::log(value) + std::log(size) + scale;
  }
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

SingularValues singular_at(const Timeline& timeline, const CotangentBlock& block, std::size_t t) {
  std::vector<double> largest, middle, smallest, ranks;
  for (std::size_t b = 0; b < std::min<std::size_t>(8, timeline.batch()); ++b) {
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
  const std::size_t steps = timeline.steps();
  points = std::clamp<std::size_t>(points, 1, steps - 1);
  std::vector<bool> wanted(steps, false);
  for (std::size_t p = 0; p < points; ++p)
    wanted[points == 1 ? 0 : p * (steps - 2) / (points - 1)] = true;
  CotangentBlock block(timeline, timeline.width(), timeline.hidden());
  seed_units(timeline, block);
  std::vector<SingularValues> result;
  for (std::size_t t = steps - 1; t-- > 0;) {
    block.pull(t + 1);
    if (wanted[t]) result.push_back(singular_at(timeline, block, t));
  }
  std::ranges::reverse(result);
  return result;
}

std::vector<SingularValues> singular_values(const Tape& tape, std::span<const Var> hs,
                                            std::size_t points) {
  return singular_values_of(Timeline(tape, hs, {}), points);
}

LyapunovSpectrum lyapunov_of(const Timeline& timeline) {
  require_two(timeline);
  const std::size_t batch = timeline.batch(), width = timeline.width(), steps = timeline.steps();
  CotangentBlock block(timeline, width, timeline.hidden());
  seed_units(timeline, block);
  Matrix sums = Matrix::Zero(static_cast<Eigen::Index>(batch), static_cast<Eigen::Index>(width));
  for (std::size_t t = steps - 1; t-- > 0;) {
    block.pull(t + 1);
    const std::vector<std::uint32_t> nodes = block.waiting();
    std::size_t total = 0;
    for (const std::uint32_t node : nodes) total += timeline.value(node).size() / batch;
    for (std::size_t b = 0; b < batch; ++b) {
      Matrix columns =
          Matrix::Zero(static_cast<Eigen::Index>(total), static_cast<Eigen::Index>(width));
      for (std::size_t i = 0; i < width; ++i) {
        Eigen::Index place = 0;
        for (const std::uint32_t node : nodes) {
          const std::size_t size = timeline.value(node).size() / batch;
          const std::span<const double> row = std::as_const(block).at(node, i);
          for (std::size_t j = 0; j < size; ++j, ++place)
            if (!row.empty()) columns(place, static_cast<Eigen::Index>(i)) = row[b * size + j];
        }
      }
      const Eigen::HouseholderQR<Matrix> qr(columns);
      const Matrix q = qr.householderQ() * Matrix::Identity(columns.rows(), columns.cols());
      for (std::size_t i = 0; i < width; ++i) {
        const Eigen::Index column = static_cast<Eigen::Index>(i);
        sums(static_cast<Eigen::Index>(b), column) +=
            std::log(std::abs(qr.matrixQR()(column, column)));
        Eigen::Index place = 0;
        for (const std::uint32_t node : nodes) {
          const std::size_t size = timeline.value(node).size() / batch;
          const std::span<double> row = block.at(node, i);
          for (std::size_t j = 0; j < size; ++j, ++place)
            if (!row.empty()) row[b * size + j] = q(place, column);
        }
      }
    }
  }
  LyapunovSpectrum result;
  result.steps = steps - 1;
  const double n = static_cast<double>(batch), T = static_cast<double>(result.steps);
  for (std::size_t i = 0; i < width; ++i) {
    const Eigen::ArrayXd own = sums.col(static_cast<Eigen::Index>(i)).array() / T;
    result.exponents.push_back(own.mean());
    result.errors.push_back(batch > 1 ? std::sqrt((own - own.mean()).square().sum() / (n - 1) / n)
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

LyapunovSpectrum lyapunov(const Tape& tape, std::span<const Var> states) {
  return lyapunov_of(Timeline(tape, states, {}));
}

PathSplit path_split_of(const Timeline& timeline) {
  require_two(timeline);
  const std::size_t width = timeline.width(), steps = timeline.steps();
  const double units = std::log(static_cast<double>(width * timeline.batch()));
  PathSplit result;
  for (const bool direct : {false, true}) {
    CotangentBlock block(timeline, width, timeline.hidden(), direct);
    seed_units(timeline, block);
    std::vector<double>& norms = direct ? result.log_direct : result.log_whole;
    for (std::size_t t = steps; t-- > 0;) {
      std::vector<double> rows;
      for (std::size_t i = 0; i < width; ++i)
        rows.push_back(block.log_norm(timeline.hidden()[t], i));
      const double largest = *std::ranges::max_element(rows);
      double squares = 0.0;
      for (const double row : rows)
        squares += std::isfinite(row) ? std::exp(2.0 * (row - largest)) : 0.0;
      norms.push_back(std::isfinite(largest) ? largest + 0.5 * (std::log(squares) - units) : none);
      if (t > 0) block.pull(t);
    }
  }
  return result;
}

PathSplit path_split(const Tape& tape, std::span<const Var> states) {
  return path_split_of(Timeline(tape, states, {}));
}

}  // namespace wengert::gradflow
