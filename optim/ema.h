// SPDX-License-Identifier: MIT
// Averages of a model's weights over its last steps, which are often better than the weights
// themselves.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "../graph/parameter.h"
#include "../graph/tensor.h"
#include "parameter_list.h"

namespace wengert {

/// The exponential moving average of weights (Polyak and Juditsky 1992 in spirit), t the number of
/// the update from 1:
///     s <- decay s + (1 - decay) w, from s = 0;   average = s / (1 - decay^t)
/// so that the average of the first t weights is a mean of these alone (the correction of Kingma
/// and Ba 2015). Without correction s starts at the first weights and is the average. Frozen
/// parameters are averaged like others; buffers are left as they are.
class Ema {
 public:
  struct Options {
    double decay = 0.999;
    bool corrected = true;
  };
  Ema() = default;
  /// Errors: ValueError for a decay outside [0, 1).
  explicit Ema(const Options& options);

  /// Once after every step of the optimizer. Errors, before anything is changed: ValueError while
  /// the averages are swapped in, or if the parameters are not those of the updates before;
  /// ShapeError or DTypeError if one has changed.
  template <Trainable Model>
  void update(Model& model) {
    update(std::span<Parameter* const>(parameters(model)));
  }
  void update(std::span<Parameter* const> parameters);

  /// Exchanges the model's weights for the averages; the second time, to the last bit, the averages
  /// for the weights. Errors: as for `update`, and ValueError before the first one.
  template <Trainable Model>
  void swap(Model& model) {
    swap(std::span<Parameter* const>(parameters(model)));
  }
  void swap(std::span<Parameter* const> parameters);

  /// Swaps back at its end.
  class [[nodiscard]] Scope {
   public:
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    friend class Ema;
    Scope(Ema& ema, std::vector<Parameter*> parameters);
    Ema& ema_;
    std::vector<Parameter*> parameters_;
  };
  /// `{ const auto averaged = ema.use(model); evaluate(model, ...); }`. The model has to outlive
  /// it.
  template <Trainable Model>
  Scope use(Model& model) {
    return use(std::span<Parameter* const>(parameters(model)));
  }
  Scope use(std::span<Parameter* const> parameters) {
    return Scope(*this, {parameters.begin(), parameters.end()});
  }

  std::int64_t updates() const { return updates_; }
  bool swapped() const { return !weights_.empty(); }

  struct State {
    std::int64_t updates = 0;
    std::map<std::string, Tensor> sums;  ///< by path
  };
  State state() const { return {updates_, sums_}; }
  /// Compared with the model at the next update or swap. Errors: ValueError while the averages are
  /// swapped in, or for a negative number of updates.
  void restore(const State& state);

 private:
  using Parameters = std::span<Parameter* const>;
  static std::vector<std::string> keys_of(Parameters parameters);
  void require_known(Parameters parameters, const std::vector<std::string>& keys) const;
  Tensor average(const Tensor& sum) const;

  Options options_;
  std::int64_t updates_ = 0;
  std::map<std::string, Tensor> sums_;
  std::map<std::string, Tensor> weights_;  ///< while the model holds the averages
};

}  // namespace wengert
