// SPDX-License-Identifier: MIT
#include "ema.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/denormals.h"
#include "../graph/error.h"
#include "option_checks.h"
#include "recurrence.h"

namespace wengert {

using namespace detail;

Ema::Ema(const Options& options) : options_(options) {
  require_fraction("ema", "decay", options.decay);
}

void Ema::update(Parameters parameters) {
  if (swapped())
    throw ValueError("ema: the model holds the averages; swap back before training goes on");
  const std::vector<std::string> keys = keys_of(parameters);
  if (updates_ > 0) require_known(parameters, keys);

  const FlushDenormals flush;
  const bool starts = updates_++ == 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor weight = parameters[i]->value();
    if (starts) sums_[keys[i]] = options_.corrected ? zeros_like(weight) : weight;
    Tensor& sum = sums_.at(keys[i]);
    dispatch_float(weight.dtype(), [&]<class T>(T) {
      const ToLanes<T> lanes;
      T* own = sum.mutable_data<T>().data();
      transform_many<T, 1, 2>(weight.size(), {own}, {own, weight.data<T>().data()},
                              [decay = lanes(options_.decay), rest = lanes(1.0 - options_.decay)](
                                  auto s, auto w) { return std::array{decay * s + rest * w}; });
    });
  }
}

void Ema::swap(Parameters parameters) {
  const std::vector<std::string> keys = keys_of(parameters);
  if (updates_ == 0) throw ValueError("ema: there is no average before the first update");
  require_known(parameters, keys);
  if (swapped()) {
    for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i]->set(weights_.at(keys[i]));
    weights_.clear();
    return;
  }
  std::vector<Tensor> averages;
  for (const std::string& key : keys) averages.push_back(average(sums_.at(key)));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    weights_[keys[i]] = parameters[i]->value();
    parameters[i]->set(std::move(averages[i]));
  }
}

Tensor Ema::average(const Tensor& sum) const {
  if (!options_.corrected) return sum;
  const double weight = 1.0 - std::pow(options_.decay, static_cast<double>(updates_));
  Tensor result = Tensor::empty(sum.shape(), sum.dtype());
  dispatch_float(sum.dtype(), [&]<class T>(T) {
    transform_many<T, 1, 1>(
        sum.size(), {result.mutable_data<T>().data()}, {sum.data<T>().data()},
        [by = ToLanes<T>{}(1.0 / weight)](auto s) { return std::array{by * s}; });
  });
  return result;
}

void Ema::restore(const State& state) {
  if (swapped()) throw ValueError("ema: the model holds the averages; swap back before restoring");
  if (state.updates < 0)
    throw ValueError(fmt::format("ema: the state says {} updates", state.updates));
  updates_ = state.updates;
  sums_ = state.sums;
}

std::vector<std::string> Ema::keys_of(Parameters parameters) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    keys.push_back(parameters[i]->name().empty() ? std::to_string(i) : parameters[i]->name());
  return keys;
}

void Ema::require_known(Parameters parameters, const std::vector<std::string>& keys) const {
  for (const auto& [key, sum] : sums_)
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      throw ValueError(
          fmt::format("ema: there is an average of '{}', which the model does not "
                      "have; there are {}",
                      key, fmt::join(keys, ", ")));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto known = sums_.find(keys[i]);
    if (known == sums_.end())
      throw ValueError(
          fmt::format("ema: there is no average of '{}'; was it added, or the state saved with "
                      "another model?",
                      keys[i]));
    const Tensor& sum = known->second;
    if (sum.dtype() != parameters[i]->dtype())
      throw DTypeError(fmt::format("ema: '{}' is {}, but its average {}", keys[i],
                                   to_string(parameters[i]->dtype()), to_string(sum.dtype())));
    if (sum.shape() != parameters[i]->shape())
      throw ShapeError(fmt::format("ema: '{}' is {}, but its average {}", keys[i],
                                   to_string(parameters[i]->shape()), to_string(sum.shape())));
  }
}

Ema::Scope::Scope(Ema& ema, std::vector<Parameter*> parameters)
    : ema_(ema), parameters_(std::move(parameters)) {
  ema_.swap(parameters_);
}

Ema::Scope::~Scope() {
  if (ema_.swapped()) ema_.swap(parameters_);
}

}  // namespace wengert
