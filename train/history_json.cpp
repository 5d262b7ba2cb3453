// SPDX-License-Identifier: MIT
// Each record's fields are listed once; a writer and a reader go through the same list.
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "../graph/error.h"
#include "history.h"

namespace wengert {
namespace {

using Json = nlohmann::json;
constexpr const char* format_name = "wengert history 1";
// What the first files do not have.
constexpr std::array<std::string_view, 3> later_fields{"shuffle", "drop_last", "has_augmentation"};

void fields(auto&& field, auto& estimate) requires std::same_as<decltype(estimate.error), double> {
  field("value", estimate.value);
  field("error", estimate.error);
  field("n", estimate.n);
}
void fields(auto&& field, auto& group) requires requires { group.denormal; }
{
  field("name", group.name);
  field("gradient_norm", group.gradient_norm);
  field("weight_norm", group.weight_norm);
  field("update_ratio", group.update_ratio);
  field("zero", group.zero);
  field("denormal", group.denormal);
  field("nonfinite", group.nonfinite);
}
void fields(auto&& field, auto& step) requires requires { step.clip_factor; }
{
  field("step", step.step);
  field("epoch", step.epoch);
  field("samples", step.samples);
  field("loss", step.loss);
  field("metrics", step.metrics);
  field("rate", step.rate);
  field("gradient_norm", step.gradient_norm);
  field("clip_factor", step.clip_factor);
  field("seconds", step.seconds);
  field("groups", step.groups);
  field("counted", step.counted);
}
void fields(auto&& field, auto& epoch) requires requires { epoch.settled_loss; }
{
  field("epoch", epoch.epoch);
  field("loss", epoch.loss);
  field("validation_loss", epoch.validation_loss);
  field("settled_loss", epoch.settled_loss);
  field("metrics", epoch.metrics);
  field("validation_metrics", epoch.validation_metrics);
  field("rate", epoch.rate);
  field("gradient_norm", epoch.gradient_norm);
  field("seconds", epoch.seconds);
  field("validation_seconds", epoch.validation_seconds);
  field("samples", epoch.samples);
  field("groups", epoch.groups);
}
void fields(auto&& field, auto& data) requires requires { data.dtype; }
{
  field("name", data.name);
  field("shape", data.shape);
  field("dtype", data.dtype);
  field("sum", data.sum);
}
void fields(auto&& field, auto& history) requires requires { history.epochs; }
{
  field("loss_name", history.loss_name);
  field("floor", history.floor);
  field("optimizer", history.optimizer);
  field("stopped", history.stopped);
  field("seed", history.seed);
  field("batch", history.batch);
  field("shuffle", history.shuffle);
  field("drop_last", history.drop_last);
  field("samples", history.samples);
  field("validation_samples", history.validation_samples);
  field("has_dropout", history.has_dropout);
  field("has_augmentation", history.has_augmentation);
  field("data", history.data);
  field("epochs", history.epochs);
  field("steps", history.steps);
}

// A null would lose which of the three it was.
Json written(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}
Json written(bool value) { return value; }
Json written(const std::string& value) { return value; }
template <std::integral T>
Json written(T value) {
  return value;
}
Json written(const Shape& shape) {
  Json list = Json::array();
  for (const std::size_t extent : shape) list.push_back(extent);
  return list;
}
template <class T>
Json written(const std::vector<T>& list);
template <class T>
Json written(const std::optional<T>& value);
template <class T>
Json written(const std::map<std::string, T>& table);
template <class Record>
requires std::is_aggregate_v<Record> Json written(const Record& record) {
  Json object = Json::object();
  fields([&](const char* name, const auto& value) { object[name] = written(value); }, record);
  return object;
}
template <class T>
Json written(const std::vector<T>& list) {
  Json array = Json::array();
  for (const T& value : list) array.push_back(written(value));
  return array;
}
template <class T>
Json written(const std::optional<T>& value) {
  return value ? written(*value) : Json();
}
template <class T>
Json written(const std::map<std::string, T>& table) {
  Json object = Json::object();
  for (const auto& [name, value] : table) object[name] = written(value);
  return object;
}

[[noreturn]] void wrong(const std::string& where, const char* expected, const Json& found) {
  throw ValueError(
      fmt::format("history_from_json: '{}' is not {}: {} found; is this the text that "
                  "to_json wrote?",
                  where, expected, found.type_name()));
}

void read(const Json& json, const std::string& where, double& value) {
  if (json.is_number()) value = json.get<double>();
  else if (json == "nan") value = not_measured;
  else if (json == "inf") value = std::numeric_limits<double>::infinity();
  else if (json == "-inf") value = -std::numeric_limits<double>::infinity();
  else wrong(where, "a number", json);
}
void read(const Json& json, const std::string& where, bool& value) {
  if (!json.is_boolean()) wrong(where, "true or false", json);
  value = json.get<bool>();
}
void read(const Json& json, const std::string& where, std::string& value) {
  if (!json.is_string()) wrong(where, "a string", json);
  value = json.get<std::string>();
}
template <std::integral T>
void read(const Json& json, const std::string& where, T& value) {
  if (!json.is_number_integer() || (std::unsigned_integral<T> && !json.is_number_unsigned()))
    wrong(where, std::unsigned_integral<T> ? "a whole number from 0" : "a whole number", json);
  value = json.get<T>();
}
template <class T>
void read(const Json& json, const std::string& where, std::vector<T>& list);
template <class T>
void read(const Json& json, const std::string& where, std::optional<T>& value);
template <class T>
void read(const Json& json, const std::string& where, std::map<std::string, T>& table);
void read(const Json& json, const std::string& where, Shape& shape) {
  std::vector<std::size_t> extents;
  read(json, where, extents);
  shape = Shape(std::span<const std::size_t>(extents));
}
template <class Record>
requires std::is_aggregate_v<Record>
void read(const Json& json, const std::string& where, Record& record) {
  if (!json.is_object()) wrong(where, "an object", json);
  fields(
      [&](const char* name, auto& value) {
        const std::string path = where.empty() ? name : fmt::format("{}.{}", where, name);
        const auto found = json.find(name);
        if (found == json.end() && std::ranges::count(later_fields, path) > 0) return;
        if (found == json.end())
          throw ValueError(fmt::format(
              "history_from_json: there is no '{}'; is this the text that to_json wrote?", path));
        read(*found, path, value);
      },
      record);
}
template <class T>
void read(const Json& json, const std::string& where, std::vector<T>& list) {
  if (!json.is_array()) wrong(where, "a list", json);
  list.assign(json.size(), T{});
  for (std::size_t i = 0; i < list.size(); ++i)
    read(json[i], fmt::format("{}[{}]", where, i), list[i]);
}
template <class T>
void read(const Json& json, const std::string& where, std::optional<T>& value) {
  value.reset();
  if (!json.is_null()) read(json, where, value.emplace());
}
template <class T>
void read(const Json& json, const std::string& where, std::map<std::string, T>& table) {
  if (!json.is_object()) wrong(where, "an object", json);
  table.clear();
  for (const auto& [name, value] : json.items())
    read(value, fmt::format("{}.{}", where, name), table[name]);
}

}  // namespace

std::string to_json(const History& history) {
  Json json = written(history);
  json["format"] = format_name;
  // Names are the user's: bytes that are no UTF-8 are replaced, not refused.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

History history_from_json(std::string_view text) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw ValueError(
        fmt::format("history_from_json: the text is no JSON from byte {} on; was the "
                    "file cut short?",
                    error.byte));
  } catch (const Json::exception& error) {
    throw ValueError(fmt::format(
        "history_from_json: a number in the text is none that a double can hold: {}; to_json "
        "writes infinities as \"inf\"",
        error.what()));
  }
  if (!json.is_object() || json.value("format", Json()) != format_name)
    throw ValueError(
        fmt::format("history_from_json: '{}' is not the format of this text", format_name));
  History history;
  read(json, "", history);
  return history;
}

}  // namespace wengert
