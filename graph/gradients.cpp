// SPDX-License-Identifier: MIT
#include "gradients.h"

#include <algorithm>

#include <fmt/format.h>

#include "error.h"
#include "recording.h"

namespace wengert {

const Var* Gradients::find(const Var& x) const {
  const detail::Recording* recording =
      detail::Recording::alive(x) ? detail::Recording::of(x) : nullptr;
  if (!recording || recording != recording_ || recording->generation() != generation_)
    return nullptr;
  const std::uint32_t node = detail::Recording::index_of(x);
  const auto entry = std::lower_bound(
      entries_.begin(), entries_.end(), node,
      [](const Entry& candidate, std::uint32_t wanted) { return candidate.node < wanted; });
  return entry != entries_.end() && entry->node == node ? &entry->gradient : nullptr;
}

const Var* Gradients::find(const Parameter& parameter) const {
  for (const Entry& entry : entries_)
    if (entry.parameter == parameter.id() && parameter.id() != 0) return &entry.gradient;
  return nullptr;
}

const Var& Gradients::operator[](const Var& x) const {
  if (const Var* gradient = find(x)) return *gradient;
  if (!x.on_tape())
    throw TapeError(
        "gradients: the value asked for is on no tape; was it made with tape.variable(...)?");
  const detail::Recording* recording = detail::Recording::of(x);
  if (recording != recording_ || recording->generation() != generation_)
    throw TapeError("gradients: the value asked for is on another tape than these gradients");
  const std::string what = recording->described(detail::Recording::index_of(x));
  if (!x.tracked())
    throw TapeError(fmt::format(
        "gradients: {} is not tracked; use tape.variable(...) instead of tape.input(...)", what));
  if (recording->nodes[detail::Recording::index_of(x)].op)
    throw TapeError(fmt::format(
        "gradients: {} was not asked for, or no path leads to it from the loss; gradients of "
        "intermediate values are kept on request: tape.backward(loss, wrt(h))",
        what));
  throw TapeError(fmt::format("gradients: {} got none: no path leads to it from the loss", what));
}

const Var& Gradients::operator[](const Parameter& parameter) const {
  if (const Var* gradient = find(parameter)) return *gradient;
  throw TapeError(fmt::format("gradients: '{}' got no gradient: {}",
                              parameter.name().empty() ? "parameter" : parameter.name(),
                              why_missing(parameter)));
}

std::string Gradients::why_missing(const Parameter& parameter) const {
  if (!parameter.trainable()) return "it is frozen";
  for (const Known& known : known_) {
    if (known.parameter != parameter.id()) continue;
    if (!known.asked) return "backward was not asked for it";
    return "no path leads to it from the loss";
  }
  return "it is not on the loss's tape: the forward pass never used it, or used a copy of its "
         "module "
         "(a copy has parameters of its own)";
}

}  // namespace wengert
