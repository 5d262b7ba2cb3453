// SPDX-License-Identifier: MIT
// A metric as a value, for options such as `{.metrics = {wg::accuracy, wg::top_k_accuracy(5)}}`.
// The metrics are in metrics.h.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "metrics.h"

namespace wengert {

class Metric;

/// Takes (prediction, target) and returns an Estimate, or a number, which has no error.
template <class F>
concept MetricLike = !std::same_as<F, Metric> &&
                     (std::is_invocable_r_v<Estimate, const F&, const Var&, const Var&> ||
                      std::is_invocable_r_v<double, const F&, const Var&, const Var&>);

/// A function of all predictions and targets of a set. On a whole set (validation) it is called
/// once, with everything; while training it is called batch by batch, and an epoch's value is the
/// mean of the batches' values, each counting by its samples: that of all samples for means over
/// samples, a running mean for r2 and auc. It has no error, because the weights change from batch
/// to batch.
class Metric {
 public:
  using Function = Estimate(const Var& prediction, const Var& target);

  Metric(Function* function);  // NOLINT(google-explicit-constructor)
  template <MetricLike F>
  Metric(F f) : Metric("custom", std::move(f)) {}  // NOLINT(google-explicit-constructor)
  /// Errors: ValueError if the name is empty: histories and files know a metric by it.
  template <MetricLike F>
  Metric(std::string name, F f) : name_(checked(std::move(name))) {
    if constexpr (std::is_invocable_r_v<Estimate, const F&, const Var&, const Var&>) {
      call_ = std::move(f);
    } else {
      call_ = [given = std::move(f)](const Var& prediction, const Var& target) {
        return Estimate{.value = given(prediction, target), .n = samples(prediction)};
      };
    }
  }

  Estimate operator()(const Var& prediction, const Var& target) const {
    return call_(prediction, target);
  }
  const std::string& name() const { return name_; }

 private:
  static std::string checked(std::string name);
  static std::size_t samples(const Var& prediction) {
    return prediction.rank() == 0 ? 1 : prediction.shape()[0];
  }

  std::string name_;
  std::function<Function> call_;
};

/// "top_5_accuracy": share of rows whose label is among the k largest entries; of equal ones the
/// first is larger, so that k = 1 is `accuracy`. Labels i64 [...] for predictions [..., classes].
/// Errors: ValueError unless 1 <= k; when called, as accuracy.
Metric top_k_accuracy(std::size_t k);

}  // namespace wengert
