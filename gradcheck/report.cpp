// SPDX-License-Identifier: MIT
#include "report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace wengert {
namespace {

constexpr std::size_t width = 80;
constexpr std::size_t margin = 17;  ///< where the right column begins

/// "  name           text", wrapped at spaces to 80 columns.
std::string row(std::string_view name, const std::string& text) {
  std::string lines = fmt::format("  {:<{}}", name, margin - 2);
  std::size_t column = margin;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t end = text.find(' ', at);
    while (end != std::string::npos && end + 1 < text.size() && text[end + 1] == ' ') ++end;
    if (end == std::string::npos) end = text.size();
    std::string_view word = std::string_view(text).substr(at, end - at);
    const std::string_view shown = word.substr(0, word.find_last_not_of(' ') + 1);
    if (column > margin && column + 1 + shown.size() > width) {
      lines.erase(lines.find_last_not_of(' ') + 1);
      lines += '\n' + std::string(margin, ' ');
      column = margin;
    } else if (column > margin) {
      lines += ' ';
      ++column;
    }
    const bool last = end == text.size();
    lines += last ? shown : word;
    column += last ? shown.size() : word.size();
    at = end + 1;
  }
  return lines + '\n';
}

std::string_view colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::agree: return "\x1b[32m";
    case Verdict::unresolved:
    case Verdict::kink: return "\x1b[33m";
    default: return "\x1b[31m";
  }
}

bool not_defined_beside(const CheckReport& report) {
  return report.shown != Tier::precision && !report.leaf.empty() &&
         std::isfinite(report.analytic) && !std::isfinite(report.numeric);
}

/// Whether the hint and the pattern come from the culprit's own Jacobian: ratios there need not be
/// those of the worst element.
bool speaks_of_op(const CheckReport& report) {
  constexpr std::array others{Hint::none,      Hint::off_tape,         Hint::nonfinite,
                              Hint::precision, Hint::nondeterministic, Hint::first_order};
  return report.culprit.found && !report.culprit.value && report.verdict == Verdict::disagree &&
         std::ranges::find(others, report.hint) == others.end();
}

std::string advice_of(const CheckReport& report) {
  if (report.hint == Hint::first_order) return {};
  if (report.verdict == Verdict::unresolved && not_defined_beside(report))
    return "the function is not defined, or infinite, at points beside this one, the edge of its "
           "domain: move the inputs inside";
  if (report.verdict == Verdict::unresolved && report.leaf.empty()) return {};
  if (report.verdict == Verdict::unresolved)
    return "the differences are too rough here to decide: try other inputs, or smaller numbers";
  if (report.verdict == Verdict::kink)
    return "the point stands on a kink, where more than one value may be right: move it a little";
  return {};
}

std::string short_name(Tier tier) { return fmt::format("T{}", static_cast<int>(tier)); }

}  // namespace

std::string_view to_string(Verdict verdict) {
  constexpr std::array<std::string_view, 6> names{"AGREE",    "UNRESOLVED",       "KINK",
                                                  "DISAGREE", "NONDETERMINISTIC", "NONFINITE"};
  return names.at(static_cast<std::size_t>(verdict));
}
std::string_view to_string(Tier tier) {
  constexpr std::array<std::string_view, 8> names{"repeatability", "adjoint",     "linearity",
                                                  "directions",    "coordinates", "nodes",
                                                  "second order",  "precision"};
  return names.at(static_cast<std::size_t>(tier));
}
std::string_view to_string(Hint hint) {
  constexpr std::array<std::string_view, 27> names{"none",
                                                   "sign",
                                                   "factor",
                                                   "mean for sum",
                                                   "detached",
                                                   "unused",
                                                   "transposed",
                                                   "shifted",
                                                   "other elements",
                                                   "slice",
                                                   "first or last step",
                                                   "broadcast sum",
                                                   "cross term",
                                                   "missing mean",
                                                   "wrong axis",
                                                   "repeated index",
                                                   "at output",
                                                   "swapped inputs",
                                                   "shifted input",
                                                   "transposed input",
                                                   "flat region",
                                                   "off tape",
                                                   "nondeterministic",
                                                   "precision",
                                                   "not finite",
                                                   "first order",
                                                   "formula"};
  return names.at(static_cast<std::size_t>(hint));
}

const TierResult* CheckReport::find(Tier wanted) const {
  for (const TierResult& result : tiers)
    if (result.tier == wanted) return &result;
  return nullptr;
}

std::string to_string(const CheckReport& report, bool colour) {
  const std::string verdict =
      colour ? fmt::format("{}{}\x1b[0m", colour_of(report.verdict), to_string(report.verdict))
             : std::string(to_string(report.verdict));
  std::string text = fmt::format("gradient check: {}   value {:.7g}\n", verdict, report.value);
  text += row("compared",
              fmt::format("{} elements, {} nodes: {} directions + {} coordinates{}",
                          report.elements, report.nodes, report.directions, report.coordinates,
                          report.seconds > 0 ? fmt::format(", {:.2g} s", report.seconds) : ""));
  const bool bad = report.verdict != Verdict::agree;
  if (!report.leaf.empty()) {
    // What was compared: an element of a leaf, or a slope along many at once.
    const bool element = !report.index.empty();
    const bool narrow = report.shown == Tier::precision;
    const TierResult* tier = report.find(report.shown);
    const std::string judged = tier && tier->tolerance > 0
                                   ? fmt::format("tolerance {:.0e}", tier->tolerance)
                                   : std::string();
    const std::string known = narrow || report.oracle_error == 0
                                  ? std::string()
                                  : fmt::format("oracle good to {:.0e}", report.oracle_error);
    const std::string both = judged + (judged.empty() || known.empty() ? "" : ", ") + known;
    text += row(element || report.shown != Tier::nodes ? "worst tensor" : "worst input",
                fmt::format("{}{}{}", report.leaf,
                            element ? fmt::format(" {}", to_string(report.leaf_shape)) : "",
                            not_defined_beside(report)
                                ? std::string()
                                : fmt::format("   relative error {:.1e}{}", report.error,
                                              both.empty() ? "" : fmt::format("   ({})", both))));
    const std::string ratio = report.numeric != 0 && bad && std::isfinite(report.analytic) &&
                                      std::isfinite(report.numeric)
                                  ? fmt::format("   ratio {:.5g}", report.analytic / report.numeric)
                                  : "";
    text += row(
        element ? "worst element" : "slope",
        fmt::format("{}{} {:.4e}   {}{}",
                    element ? fmt::format("[{}]   ", fmt::join(report.index, ", ")) : "",
                    narrow ? "float32" : "analytic", report.analytic,
                    not_defined_beside(report)
                        ? std::string("not defined beside it")
                        : fmt::format("{} {:.4e}", narrow ? "float64" : "numeric", report.numeric),
                    ratio));
  }
  if (report.culprit.found) {
    const Culprit& c = report.culprit;
    const std::string whose =
        c.value ? std::string("its value") : fmt::format("input {}: local pullback", c.input);
    const std::string how = report.verdict == Verdict::nonfinite
                                ? std::string("not finite")
                                : fmt::format("off by {:.1e}", c.error);
    const std::string others = c.wrong > 1
                                   ? fmt::format("{} nodes are wrong, {} agree", c.wrong, c.right)
                                   : fmt::format("the other {} nodes agree", c.right);
    text += row("culprit op", fmt::format("node {} '{}'{}: {} {}; {}", c.node, c.op,
                                          c.place.empty() ? "" : fmt::format(" in {}", c.place),
                                          whose, how, others));
  }
  if (!report.pattern.empty()) text += row("pattern", report.pattern);
  if (!report.hint_text.empty())
    text += row("hint", (speaks_of_op(report) ? "at the op: " : "") + report.hint_text);
  if (report.kinks > 0)
    text += row("kinks", fmt::format("{} at a point without a derivative, judged by both sides",
                                     report.kinks));
  std::string tiers;
  for (const TierResult& tier : report.tiers) {
    if (!tiers.empty()) tiers += "   ";
    tiers += short_name(tier.tier) + '\u0020' +
             (tier.ran ? tier.verdict == Verdict::agree ? fmt::format("{:.0e}", tier.error)
                                                        : std::string(to_string(tier.verdict))
                       : std::string("-"));
  }
  if (!tiers.empty()) text += row("tiers", tiers);
  for (const TierResult& tier : report.tiers)
    if (!tier.note.empty()) text += row(short_name(tier.tier) + " note", tier.note);
  if (const std::string advice = advice_of(report); !advice.empty()) text += row("advice", advice);
  text += row("reproduce", fmt::format("seed {:#x}", report.seed));
  text.pop_back();
  return text;
}

std::string to_json(const CheckReport& report) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) -> Json {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
  };
  Json tiers = Json::array();
  for (const TierResult& tier : report.tiers)
    tiers.push_back({{"tier", to_string(tier.tier)},
                     {"ran", tier.ran},
                     {"verdict", to_string(tier.verdict)},
                     {"error", number(tier.error)},
                     {"tolerance", number(tier.tolerance)},
                     {"oracle_error", number(tier.oracle_error)},
                     {"comparisons", tier.comparisons},
                     {"note", tier.note}});
  Json culprit = nullptr;
  if (report.culprit.found)
    culprit = {{"node", report.culprit.node},
               {"op", report.culprit.op},
               {"place", report.culprit.place},
               {"input", report.culprit.input},
               {"what", report.culprit.value ? "value" : "pullback"},
               {"error", number(report.culprit.error)},
               {"wrong", report.culprit.wrong},
               {"right", report.culprit.right}};
  const Json all = {
      {"verdict", to_string(report.verdict)},
      {"tier", report.verdict == Verdict::agree ? Json(nullptr) : Json(to_string(report.tier))},
      {"hint", to_string(report.hint)},
      {"hint_text", report.hint_text},
      {"pattern", report.pattern},
      {"value", number(report.value)},
      {"shown", to_string(report.shown)},
      {"leaf", report.leaf},
      {"leaf_shape", std::vector<std::size_t>(report.leaf_shape.begin(), report.leaf_shape.end())},
      {"index", report.index},
      {"analytic", number(report.analytic)},
      {"numeric", number(report.numeric)},
      {"error", number(report.error)},
      {"oracle_error", number(report.oracle_error)},
      {"culprit", culprit},
      {"tiers", tiers},
      {"elements", report.elements},
      {"nodes", report.nodes},
      {"directions", report.directions},
      {"coordinates", report.coordinates},
      {"kinks", report.kinks},
      {"seconds", number(report.seconds)},
      {"seed", report.seed}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace);
}

void print(const CheckReport& report) {
  std::puts(to_string(report, isatty(STDOUT_FILENO) != 0).c_str());
}

}  // namespace wengert
