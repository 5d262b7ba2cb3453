// SPDX-License-Identifier: MIT
// The tape: a local variable on which a computation is recorded, and what can be done with the
// recording: run it backward, run it again, look at it. Its data structure is in recording.h.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "gradients.h"
#include "mode.h"
#include "parameter.h"
#include "var.h"

namespace wengert {

/// What to differentiate by: values of a tape, parameters, or both. A backward pass that is given
/// one does no work that these do not need.
class Wrt {
 public:
  Wrt() = default;
  Wrt(const Parameter& parameter) : parameters_{&parameter} {}         // NOLINT
  Wrt(const std::vector<Parameter*>& parameters) { add(parameters); }  // NOLINT
  void add(const Var& x) { vars_.push_back(x); }
  void add(const std::vector<Parameter*>& list) {
    parameters_.insert(parameters_.end(), list.begin(), list.end());
  }
  void add(const Parameter& parameter) { parameters_.push_back(&parameter); }
  void add(std::span<const Var> list) { vars_.insert(vars_.end(), list.begin(), list.end()); }
  const std::vector<Var>& vars() const { return vars_; }
  const std::vector<const Parameter*>& parameters() const { return parameters_; }

 private:
  std::vector<Var> vars_;
  std::vector<const Parameter*> parameters_;
};

/// `tape.backward(loss, wrt(h, weight))`; takes Vars, lists of Vars, and Parameters.
template <class... Targets>
Wrt wrt(const Targets&... targets) {
  Wrt result;
  (result.add(targets), ...);
  return result;
}

/// A leaf of a tape and the value it has when the tape is run again.
struct Binding {
  Binding(const Var& leaf, Tensor its_value) : var(leaf), value(std::move(its_value)) {}
  Binding(const Parameter& leaf, Tensor its_value)
      : parameter(&leaf), value(std::move(its_value)) {}
  Var var;
  const Parameter* parameter = nullptr;
  Tensor value;
};

class Tape {
 public:
  /// With Mode::inference, modules that act differently while training (dropout, batch
  /// normalisation) do what they do afterwards: for gradients of a finished model.
  explicit Tape(Mode mode = Mode::training);
  ~Tape();
  Tape(Tape&& other) noexcept;
  Tape& operator=(Tape&& other) noexcept;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// Data: on the tape, without a gradient. Errors: TapeError if `value` is on a tape already.
  Var input(const Var& value);
  /// A value to differentiate by. Errors: DTypeError for i64; TapeError if it is on a tape already.
  Var variable(const Var& value);

  /// The gradient of a scalar by every variable and parameter on the way to it.
  /// Errors: ShapeError if `loss` has more than one element; TapeError if it is not on this tape or
  /// nothing tracked leads to it.
  Gradients backward(const Var& loss) const;
  Gradients backward(const Var& loss, const Wrt& wrt) const;
  /// The vector-Jacobian product: `cotangent` has y's shape and dtype. If it is on this tape, the
  /// backward pass is recorded and the gradients can be differentiated again.
  Gradients backward(const Var& y, const Var& cotangent) const;
  Gradients backward(const Var& y, const Var& cotangent, const Wrt& wrt) const;
  /// The sum over several outputs, in one pass.
  Gradients backward(std::span<const Var> ys, std::span<const Var> cotangents) const;
  Gradients backward(std::span<const Var> ys, std::span<const Var> cotangents,
                     const Wrt& wrt) const;

  /// Runs the recorded ops again with other values for some leaves and returns `output`'s value,
  /// without recording. Random ops repeat their draws. With `dtype` f64 everything recorded in f32
  /// is computed in f64.
  /// Errors: TapeError if a binding is no leaf of this tape; ShapeError or DTypeError if a value
  /// does not fit.
  Tensor replay(const Var& output, std::span<const Binding> bindings = {},
                std::optional<DType> dtype = {}) const;
  Tensor replay(const Var& output, std::initializer_list<Binding> bindings,
                std::optional<DType> dtype = {}) const;
  std::vector<Tensor> replay(std::span<const Var> outputs, std::span<const Binding> bindings,
                             std::optional<DType> dtype = {}) const;
  /// The same recording as a tape of its own, recomputed with these values and in this dtype, on
  /// which backward can be run.
  Tape replayed(std::span<const Binding> bindings = {}, std::optional<DType> dtype = {}) const;
  /// The value that stands where `original` stands on the tape this one was replayed from (computed
  /// again if the tape did not keep it). Errors: TapeError if there is none.
  Var counterpart(const Var& original) const;

  /// Number of nodes, leaves included.
  std::size_t size() const;
  /// Bytes of the distinct values that the tape keeps for its backward pass; parameters and other
  /// leaves only if asked.
  std::size_t kept_bytes(bool leaves = false) const;

  const detail::Recording& recording() const { return here(); }
  detail::Recording& recording() { return here(); }

 private:
  explicit Tape(detail::Recording* recording) : recording_(recording) {}
  /// Errors: TapeError if this tape was moved from.
  detail::Recording& here() const;
  void require_here(const char* what, const Var& x) const;
  Tensor replay_value(std::uint32_t node) const;

  detail::Recording* recording_;
};

}  // namespace wengert
