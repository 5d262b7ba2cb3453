// SPDX-License-Identifier: MIT
#include "tape.h"

#include <unordered_set>

#include <fmt/format.h>

#include "backward.h"
#include "error.h"
#include "recording.h"

namespace wengert {

using detail::Leaf;
using detail::Recording;

Tape::Tape(Mode mode) : recording_(Recording::begin()) { recording_->mode = mode; }
Tape::~Tape() {
  if (recording_) Recording::end(recording_);
}
Tape::Tape(Tape&& other) noexcept : recording_(std::exchange(other.recording_, nullptr)) {}
Tape& Tape::operator=(Tape&& other) noexcept {
  if (this != &other) {
    if (recording_) Recording::end(recording_);
    recording_ = std::exchange(other.recording_, nullptr);
  }
  return *this;
}

namespace {

Var leaf(const char* what, Recording& recording, const Var& value, Leaf kind) {
  if (Recording::of(value))
    throw TapeError(
        fmt::format("{}: the value is on a tape already; to cut it loose from what made "
                    "it, pass its .value()",
                    what));
  return recording.leaf(value.value(), kind);
}

}  // namespace

Var Tape::input(const Var& value) { return leaf("input", here(), value, Leaf::input); }
Var Tape::variable(const Var& value) { return leaf("variable", here(), value, Leaf::variable); }

Recording& Tape::here() const {
  if (!recording_) throw TapeError("tape: it was moved from; use the one it was moved to");
  return *recording_;
}

void Tape::require_here(const char* what, const Var& x) const {
  here();
  const Recording* recording = Recording::of(x);
  if (!recording)
    throw TapeError(
        fmt::format("{}: this value is on no tape; was the model's input made with "
                    "tape.input(...)?",
                    what));
  if (recording != recording_)
    throw TapeError(fmt::format("{}: this value is on another tape", what));
}

namespace {

Tensor unit_cotangent(const Var& loss) {
  if (loss.size() != 1)
    throw ShapeError(
        fmt::format("backward: the loss has shape {}; reduce it first, e.g. mean(loss)",
                    to_string(loss.shape())));
  return ones_like(loss.value());
}

}  // namespace

Gradients Tape::backward(const Var& loss) const {
  require_here("backward", loss);
  return backward(loss, Var(unit_cotangent(loss)));
}
Gradients Tape::backward(const Var& loss, const Wrt& wrt) const {
  require_here("backward", loss);
  return backward(loss, Var(unit_cotangent(loss)), wrt);
}
Gradients Tape::backward(const Var& y, const Var& cotangent) const {
  return backward(std::span(&y, 1), std::span(&cotangent, 1));
}
Gradients Tape::backward(const Var& y, const Var& cotangent, const Wrt& wrt) const {
  return backward(std::span(&y, 1), std::span(&cotangent, 1), wrt);
}

namespace {

void check_cotangents(const Recording* recording, std::span<const Var> ys,
                      std::span<const Var> cotangents) {
  if (ys.empty()) throw ValueError("backward: there is no output to start from");
  if (ys.size() != cotangents.size())
    throw ValueError(
        fmt::format("backward: {} outputs but {} cotangents", ys.size(), cotangents.size()));
  for (std::size_t i = 0; i < ys.size(); ++i) {
    if (ys[i].shape() != cotangents[i].shape())
      throw ShapeError(fmt::format("backward: the output has shape {} and its cotangent {}",
                                   to_string(ys[i].shape()), to_string(cotangents[i].shape())));
    if (ys[i].dtype() != cotangents[i].dtype())
      throw DTypeError(fmt::format("backward: the output is {} and its cotangent {}",
                                   to_string(ys[i].dtype()), to_string(cotangents[i].dtype())));
    if (!ys[i].tracked())
      throw TapeError(fmt::format(
          "backward: nothing that leads to {} is tracked; make the values to differentiate by with "
          "tape.variable(...), or put parameters on the tape with .on(x)",
          recording->described(Recording::index_of(ys[i]))));
    const Recording* of_cotangent = Recording::of(cotangents[i]);
    if (of_cotangent && of_cotangent != recording)
      throw TapeError("backward: the cotangent is on another tape than the output");
  }
}

}  // namespace

Gradients Tape::backward(std::span<const Var> ys, std::span<const Var> cotangents) const {
  for (const Var& y : ys) require_here("backward", y);
  check_cotangents(recording_, ys, cotangents);
  return detail::Sweep(*recording_, ys, cotangents, nullptr).run();
}

Gradients Tape::backward(std::span<const Var> ys, std::span<const Var> cotangents,
                         const Wrt& wrt) const {
  for (const Var& y : ys) require_here("backward", y);
  for (const Var& x : wrt.vars()) {
    require_here("backward", x);
    if (!x.tracked())
      throw TapeError(fmt::format(
          "backward: {} is not tracked; use tape.variable(...) instead of tape.input(...)",
          recording_->described(Recording::index_of(x))));
  }
  check_cotangents(recording_, ys, cotangents);
  return detail::Sweep(*recording_, ys, cotangents, &wrt).run();
}

std::size_t Tape::size() const { return here().size(); }

std::size_t Tape::kept_bytes(bool leaves) const {
  here();
  std::unordered_set<const void*> seen;
  if (!leaves)
    for (const detail::Node& node : recording_->nodes)
      if (node.leaf != Leaf::no) seen.insert(node.value.address());
  std::size_t bytes = 0;
  for (const detail::Node& node : recording_->nodes)
    if (node.value.defined() && seen.insert(node.value.address()).second)
      bytes += node.value.size() * size_of(node.value.dtype());
  return bytes;
}

}  // namespace wengert
