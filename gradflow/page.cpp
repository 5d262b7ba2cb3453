// SPDX-License-Identifier: MIT
// A study as one page: the verdict first, then what it rests on.
#include "../figures/page.h"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "../figures/markup.h"
#include "study.h"
#include "study_figures.h"

namespace wengert::gradflow {

namespace {

using wengert::detail::escaped;
using wengert::detail::section;

std::string verdict_section(const Study& study) {
  std::string items, cures;
  for (const Finding& finding : study.findings())
    (finding.kind == Finding::Kind::cure ? cures : items) +=
        fmt::format("<li>{}</li>\n", escaped(finding.text));
  std::string text = fmt::format("<ul>\n{}</ul>\n", items);
  if (!cures.empty()) text += fmt::format("<p>What may help:</p>\n<ul>\n{}</ul>\n", cures);
  return section("Verdict", text);
}

std::string row(const std::string& name, std::string_view cells) {
  return fmt::format("<tr><th>{}</th>{}</tr>\n", escaped(name), cells);
}

std::string parameter_section(const Study& study) {
  std::string rows;
  for (const LedgerRow& ledger : study.ledger.rows)
    rows += row(ledger.parameter,
                fmt::format("<td>{}</td><td>{:.3g}</td><td>{:.3g}</td><td>{:.1f} %</td><td>{:.1f} "
                            "%</td><td>{}</td>",
                            ledger.total.size(), ledger.weight_norm, ledger.gradient_norm,
                            100.0 * ledger.zero, 100.0 * ledger.below_float32, ledger.uses));
  return section(
      "Parameters",
      fmt::format("<div "
                  "class=\"wide\"><table><thead><tr><th>parameter</th><th>elements</th><th>|W|</"
                  "th><th>|dL/dW|</th><th>zero</th><th>below "
                  "float32</th><th>uses</th></tr></thead>\n<tbody>{}</tbody></table></div>\n",
                  rows));
}

std::string matrix_section(const Study& study) {
  if (study.matrices.empty())
    return section(
        "Recurrent matrices",
        "<p>None: states are multiplied by no matrix [n, n] in two steps or more.</p>\n");
  std::string rows;
  for (const RecurrentMatrix& W : study.matrices)
    rows += row(
        W.parameter,
        fmt::format("<td>{:.4g}</td><td>{:.4g}</td><td>{:.4g}</td><td>{:.4g}</td><td>{:.3g}</td>",
                    W.spectral_radius, W.largest_singular, W.smallest_singular, W.gain,
                    W.non_normality));
  return section(
      "Recurrent matrices",
      fmt::format(
          "<div class=\"wide\"><table><thead><tr><th>matrix</th><th>spectral "
          "radius</th><th>largest singular "
          "value</th><th>smallest</th><th>|W|/sqrt(n)</th><th>non-normality</th></tr></"
          "thead>\n<tbody>{}</tbody></table></div>\n<p class=\"small\">The rate of a "
          "linear net is its spectral radius, the bound its largest singular value; the "
          "further from normal (0), the longer it takes until the rate is seen.{}</p>\n",
          rows,
          study.matrices.front().whole_step
              ? ""
              : " None of these is the whole way from a state to the next, so that none has "
                "a bound or a rate to give."));
}

}  // namespace

void Study::report(const std::string& path) const {
  wengert::detail::Page page("gradflow", path);
  std::string body = fmt::format(
      "<h1>{}</h1>\n<p class=\"small\">{} steps, {} samples, {} hidden elements a sample, {}; "
      "computed in float64.</p>\n",
      escaped(title), steps, batch, width,
      credit.losses == 1 ? "one loss" : fmt::format("{} losses", credit.losses));
  body += verdict_section(*this);
  for (const NamedFigure& figure : figures_of(*this))
    body += section(figure.heading, page.figure(figure.figure, figure.name, figure.caption));
  body += matrix_section(*this);
  body += parameter_section(*this);
  page.write(title, body);
}

}  // namespace wengert::gradflow
