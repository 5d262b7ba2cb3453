// SPDX-License-Identifier: MIT
// What a check of an op's contract found, as text.
#include <algorithm>

#include <fmt/format.h>

#include "../graph/error.h"
#include "contract.h"

namespace wengert {
namespace {

/// The text with its further lines under the first.
std::string indented(const std::string& text, std::size_t by) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result.append(by, ' ');
  }
  return result;
}

}  // namespace

bool ContractReport::kept() const {
  return not_tried.empty() && std::ranges::all_of(rules, &ContractRule::kept);
}

const ContractRule& ContractReport::operator[](std::string_view name) const {
  for (const ContractRule& rule : rules)
    if (rule.name == name) return rule;
  throw ValueError(fmt::format("contract: '{}' was not tried", name));
}

std::string to_string(const ContractReport& report) {
  const auto broken =
      std::ranges::count_if(report.rules, [](const ContractRule& rule) { return !rule.kept; });
  std::string text = fmt::format("op contract: {}   '{}'   {} rules",
                                 report.kept() ? "KEPT" : "BROKEN", report.op, report.rules.size());
  if (broken > 0) text += fmt::format(", {} broken", broken);
  for (const ContractRule& rule : report.rules) {
    text += fmt::format("\n  {:6}  {}", rule.kept ? "kept" : "BROKEN", rule.name);
    if (!rule.detail.empty()) text += "\n            " + indented(rule.detail, 12);
  }
  for (const std::string& name : report.not_tried) text += "\n  not tried  " + name;
  return text;
}

}  // namespace wengert
