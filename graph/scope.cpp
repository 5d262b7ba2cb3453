// SPDX-License-Identifier: MIT
#include "scope.h"

#include <fmt/format.h>

#include "recording.h"

namespace wengert {

std::string to_string(const Place& place) {
  if (!place.step) return place.path;
  if (place.path.empty()) return fmt::format("step {}", *place.step);
  return fmt::format("{} at step {}", place.path, *place.step);
}

namespace detail {

std::size_t PlaceTable::Hash::operator()(const Place& place) const {
  const auto step = static_cast<std::size_t>(place.step.value_or(-1));
  return std::hash<std::string>{}(place.path) ^ (step * 0x9E3779B97F4A7C15ULL);
}

PlaceTable::PlaceTable() { id_of({}); }

std::uint32_t PlaceTable::id_of(const Place& place) {
  const auto [entry, fresh] = ids_.try_emplace(place, static_cast<std::uint32_t>(places_.size()));
  if (fresh) places_.push_back(place);
  return entry->second;
}

std::uint32_t PlaceTable::with_path(std::uint32_t id, std::string_view path) {
  return id_of({std::string(path), places_[id].step});
}

void PlaceTable::clear() {
  // The next recording is likely to meet the same places: keep them, within a bound.
  constexpr std::size_t most = 1 << 14;
  if (places_.size() <= most) return;
  places_.clear();
  ids_.clear();
  id_of({});
}

}  // namespace detail

Scope::Scope(const Var& on, std::string_view name) : recording_(detail::Recording::of(on)) {
  if (!recording_) return;
  generation_ = recording_->generation();
  outer_ = recording_->place;
  const std::string& outer = recording_->places[outer_].path;
  recording_->place = outer.empty()
                          ? recording_->places.with_path(outer_, name)
                          : recording_->places.with_path(outer_, fmt::format("{}.{}", outer, name));
}

Scope::Scope(const Var& on, Step step) : recording_(detail::Recording::of(on)) {
  if (!recording_) return;
  generation_ = recording_->generation();
  outer_ = recording_->place;
  recording_->place = recording_->places.id_of({recording_->places[outer_].path, step.value});
}

Scope::Scope(const Var& on, std::string_view path, Absolute)
    : recording_(detail::Recording::of(on)) {
  if (!recording_) return;
  generation_ = recording_->generation();
  outer_ = recording_->place;
  recording_->place = recording_->places.with_path(outer_, path);
}

Scope::~Scope() {
  if (recording_ && recording_->generation() == generation_) recording_->place = outer_;
}

}  // namespace wengert
