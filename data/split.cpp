// SPDX-License-Identifier: MIT
#include "split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"
#include "split_sizes.h"

namespace wengert::data {
namespace {

using Indices = std::vector<std::int64_t>;
constexpr std::size_t parts = 3;

Indices shuffled(std::size_t n, Rng& rng) {
  const Tensor order = rng.permutation(n);
  const std::span<const std::int64_t> values = order.data<std::int64_t>();
  return {values.begin(), values.end()};
}

/// The samples of each class, in the given order.
std::map<std::int64_t, Indices> by_class(const char* op, const Tensor& targets,
                                         const Indices& order) {
  if (targets.dtype() != i64)
    throw DTypeError(fmt::format("{}: takes class labels i64 [n] as targets, got {}", op,
                                 to_string(targets.dtype())));
  if (targets.rank() != 1)
    throw ShapeError(fmt::format("{}: takes class labels i64 [n] as targets, got {}", op,
                                 to_string(targets.shape())));
  const std::span<const std::int64_t> labels = targets.data<std::int64_t>();
  std::map<std::int64_t, Indices> classes;
  for (const std::int64_t sample : order)
    classes[labels[static_cast<std::size_t>(sample)]].push_back(sample);
  return classes;
}

/// How many of `count` samples go to each part: its share rounded up or down. What is left after
/// rounding down goes to parts with a remainder, those first that so far had least of what is
/// theirs (`owed`, which is updated).
std::array<std::size_t, parts> apportioned(std::size_t count,
                                           const std::array<double, parts>& shares,
                                           std::array<double, parts>& owed) {
  std::array<std::size_t, parts> sizes{};
  std::array<bool, parts> may_round_up{};
  std::size_t left = count;
  for (std::size_t part = 0; part < parts; ++part) {
    // 0.1 * 30 is 3, whatever the last bit says.
    const double exact = shares[part] * static_cast<double>(count);
    const double whole = std::floor(exact + 1e-9);
    sizes[part] = std::min(static_cast<std::size_t>(whole), left);
    may_round_up[part] = exact - whole > 1e-9;
    owed[part] += exact - static_cast<double>(sizes[part]);
    left -= sizes[part];
  }
  for (; left != 0; --left) {
    std::size_t next = 0;
    for (std::size_t part = 1; part < parts; ++part)
      if (may_round_up[part] && (!may_round_up[next] || owed[part] > owed[next])) next = part;
    ++sizes[next];
    may_round_up[next] = false;
    owed[next] -= 1.0;
  }
  return sizes;
}

/// The samples that `belongs` chooses, in the order given.
template <class F>
Tensor chosen(const Indices& order, F belongs) {
  Indices result;
  std::ranges::copy_if(order, std::back_inserter(result), belongs);
  return labels(result);
}

}  // namespace

Split split(const Dataset& dataset, const SplitOptions& options, Rng& rng) {
  const detail::PartSizes sizes = detail::part_sizes("split", dataset.size(), options);
  const Tensor order = rng.permutation(dataset.size());
  const std::size_t judged = sizes.validation + sizes.test;
  return {.train = dataset.take(order.rows(judged, dataset.size())),
          .validation = dataset.take(order.rows(0, sizes.validation)),
          .test = dataset.take(order.rows(sizes.validation, judged))};
}

Split stratified_split(const Dataset& dataset, const SplitOptions& options, Rng& rng) {
  const char* op = "stratified_split";
  detail::part_sizes(op, dataset.size(), options);
  const Indices order = shuffled(dataset.size(), rng);
  const std::array<double, parts> shares{1.0 - options.validation - options.test,
                                         options.validation, options.test};
  std::array<double, parts> owed{};
  std::array<std::size_t, parts> sizes{};
  std::vector<std::size_t> part_of(dataset.size());
  for (const auto& [label, samples] : by_class(op, dataset.targets, order)) {
    std::size_t at = 0;
    const std::array<std::size_t, parts> counts = apportioned(samples.size(), shares, owed);
    for (std::size_t part = 0; part < parts; ++part) {
      sizes[part] += counts[part];
      for (std::size_t i = 0; i < counts[part]; ++i)
        part_of[static_cast<std::size_t>(samples[at++])] = part;
    }
  }
  detail::require_parts(op, dataset.size(), options, {sizes[0], sizes[1], sizes[2]});
  const auto take = [&](std::size_t part) {
    return dataset.take(chosen(order, [&](std::int64_t sample) {
      return part_of[static_cast<std::size_t>(sample)] == part;
    }));
  };
  return {.train = take(0), .validation = take(1), .test = take(2)};
}

Folds::Folds(Dataset dataset, std::vector<Tensor> validation)
    : dataset_(std::move(dataset)), validation_(std::move(validation)) {}

const Tensor& Folds::validation_indices(std::size_t number) const {
  if (number >= size())
    throw ValueError(fmt::format("k_fold: fold {} is outside [0, {})", number, size()));
  return validation_[number];
}

Fold Folds::operator[](std::size_t number) const {
  const Tensor& validation = validation_indices(number);
  Indices train;
  for (std::size_t fold = 0; fold < size(); ++fold) {
    const std::span<const std::int64_t> samples = validation_[fold].data<std::int64_t>();
    if (fold != number) train.insert(train.end(), samples.begin(), samples.end());
  }
  return {.train = dataset_.take(labels(train)), .validation = dataset_.take(validation)};
}

Folds k_fold(const Dataset& dataset, std::size_t k, Rng& rng, const FoldOptions& options) {
  if (k < 2 || k > dataset.size())
    throw ValueError(fmt::format(
        "k_fold: k must be at least 2 and at most the number of samples: k {}, samples {}", k,
        dataset.size()));
  Indices order = shuffled(dataset.size(), rng);
  if (options.stratified) {
    const std::map<std::int64_t, Indices> classes = by_class("k_fold", dataset.targets, order);
    order.clear();
    for (const auto& [label, samples] : classes)
      order.insert(order.end(), samples.begin(), samples.end());
  }
  // Dealt like cards: each class, being contiguous, and the whole are shared out within one sample.
  std::vector<Indices> hands(k);
  for (std::size_t i = 0; i < order.size(); ++i) hands[i % k].push_back(order[i]);
  std::vector<Tensor> validation;
  for (const Indices& hand : hands) validation.push_back(labels(hand));
  return {dataset, std::move(validation)};
}

}  // namespace wengert::data
