// SPDX-License-Identifier: MIT
#include "state_watch.h"

#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"

namespace wengert::detail {
namespace {

thread_local StateWatch* current = nullptr;

}  // namespace

StateWatch::StateWatch(const Tape& tape) : tape_(tape), outer_(std::exchange(current, this)) {}
StateWatch::~StateWatch() { current = outer_; }

void StateWatch::note(const char* module, const void* state, const Shape& output) {
  if (current)
    current->calls_.push_back({module, state, output, current->tape_.recording().size()});
}

void StateWatch::require_listed(const std::vector<Buffer*>& buffers,
                                const std::vector<std::pair<std::string, Rng*>>& generators) const {
  for (const Call& call : calls_) {
    const bool listed =
        std::ranges::any_of(buffers, [&](const Buffer* one) { return one == call.state; }) ||
        std::ranges::any_of(generators, [&](const auto& one) { return one.second == call.state; });
    if (!listed)
      throw ValueError(fmt::format(
          "members: the model uses a {} for {}, which its member list leaves out; what it "
          "remembers is never saved, so that a loaded model or a resumed training is another",
          call.module, to_string(call.output)));
  }
}

}  // namespace wengert::detail
