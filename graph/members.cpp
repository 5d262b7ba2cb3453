// SPDX-License-Identifier: MIT
#include "members.h"

#include <algorithm>

#include <fmt/format.h>

#include "error.h"
#include "recording.h"

namespace wengert::detail {

std::string path_of(const std::string& module, std::string_view member) {
  return module.empty() ? std::string(member) : fmt::format("{}.{}", module, member);
}

void no_value(const std::string& path) {
  throw ValueError(fmt::format(
      "parameters: '{}' has no size yet; run build(model, sample) first, or was it moved from?",
      path));
}

void require_listed(const Tape& tape, const std::vector<std::uint64_t>& listed) {
  std::string missing;
  for (const ParameterLeaf& leaf : tape.recording().parameters) {
    if (std::find(listed.begin(), listed.end(), leaf.id) != listed.end()) continue;
    missing += fmt::format("{}'{}' {}", missing.empty() ? "" : ", ", leaf.name,
                           to_string(tape.recording().shape(leaf.node)));
  }
  if (!missing.empty())
    throw ValueError(
        fmt::format("members: the model uses {}, which its member list leaves out; such "
                    "a parameter is never trained, saved or counted",
                    missing));
}

}  // namespace wengert::detail
