// SPDX-License-Identifier: MIT
#include "state.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

bool same_elements(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         (a.size() == 0 ||
          std::memcmp(a.address(), b.address(), a.size() * size_of(a.dtype())) == 0);
}

// Without loss. Masks and counts are often stored as integers or bools.
bool converts(const Tensor& from, DType to) {
  if (from.dtype() == to || (from.dtype() == f32 && to == f64)) return true;
  if (from.dtype() != i64) return false;
  const std::int64_t most = std::int64_t{1} << (to == f32 ? 24 : 53);
  const auto values = from.data<std::int64_t>();
  return std::all_of(values.begin(), values.end(),
                     [=](std::int64_t value) { return -most <= value && value <= most; });
}

}  // namespace

void two_members_called(const std::string& path) {
  throw ValueError(fmt::format(
      "state: two members are called '{}', and a state knows values by their names; give the "
      "members different names",
      path));
}

void load_state(std::span<const StateSlot> slots, const std::map<std::string, Tensor>& values,
                const std::string& from, std::vector<std::string> problems) {
  std::set<std::string> known;
  std::vector<std::pair<const StateSlot*, Tensor>> fitting;
  for (const StateSlot& slot : slots) {
    const Tensor& ours = slot.value();
    const Tensor* chosen = nullptr;
    for (const std::string& name : slot.names) {
      known.insert(name);
      const auto found = values.find(name);
      if (found == values.end()) continue;
      const Tensor& theirs = found->second;
      if (theirs.shape() != ours.shape()) {
        problems.push_back(fmt::format("'{}' is {} in {} but {} in the model", name,
                                       to_string(theirs.shape()), from, to_string(ours.shape())));
      } else if (!converts(theirs, ours.dtype())) {
        problems.push_back(fmt::format("'{}' is {} in {} but {} in the model", name,
                                       to_string(theirs.dtype()), from, to_string(ours.dtype())));
      } else if (chosen && !same_elements(*chosen, theirs)) {
        problems.push_back(fmt::format("'{}' is not the same as '{}' in {} but is in the model",
                                       name, slot.names[0], from));
      }
      if (!chosen) chosen = &theirs;
    }
    if (!chosen) {
      problems.push_back(
          fmt::format("'{}' {} is missing in {}", slot.names[0], to_string(ours.shape()), from));
    } else if (problems.empty()) {
      fitting.emplace_back(&slot, chosen->to(ours.dtype()));
    }
  }
  for (const auto& [path, tensor] : values)
    if (!known.contains(path))
      problems.push_back(fmt::format("'{}' {} is in {} but not in the model", path,
                                     to_string(tensor.shape()), from));

  if (!problems.empty()) {
    std::string text = fmt::format("load: {}", problems[0]);
    for (std::size_t i = 1; i < problems.size(); ++i)
      text += fmt::format("\n      {}", problems[i]);
    throw ValueError(text);
  }
  for (auto& [slot, value] : fitting) {
    if (slot->parameter) slot->parameter->set(std::move(value));
    else slot->buffer->set(std::move(value));
  }
}

}  // namespace wengert::detail
