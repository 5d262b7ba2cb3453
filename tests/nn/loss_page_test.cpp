// SPDX-License-Identifier: MIT
// The tables of docs/losses.md: written by `WENGERT_UPDATE_DOCS=1 wengert_tests "docs/losses.md*"`.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include <wengert/nn/loss_floor.h>

#include "catch.h"
#include "nn/loss_table.h"

namespace {

const std::string path = WENGERT_SOURCE_DIR "/docs/losses.md";

struct Words {
  std::string formula;
  std::string floor = "0";
};
const std::map<std::string, Words> words{
    {"mse", {"(y - t)^2"}},
    {"mae", {"\\|y - t\\|"}},
    {"huber",
     {"(y - t)^2 / 2 where \\|y - t\\| <= 1, else \\|y - t\\| - 1/2; `huber_with(delta)`"}},
    {"msle", {"(ln(1 + y) - ln(1 + t))^2"}},
    {"bce", {"-t ln y - (1 - t) ln(1 - y)", "mean binary entropy of the targets"}},
    {"bce_from_logits", {"ln(1 + e^z) - t z", "the same"}},
    {"cross_entropy",
     {"-ln softmax(z)[label], or -sum_k t_k ln softmax(z)_k",
      "0 for labels, else the rows' mean entropy"}},
    {"cross_entropy_from_probabilities", {"-ln y[label], or -sum_k t_k ln y_k", "the same"}},
    {"kl_divergence", {"sum_k t_k ln(t_k / y_k)"}},
    {"kl_divergence_from_logits", {"sum_k t_k ln(t_k / softmax(z)_k)"}},
    {"poisson_nll", {"y - t ln y", "mean t - t ln t"}},
    {"poisson_nll_from_log", {"e^z - t z", "the same"}},
    {"gaussian_nll", {"(s + (t - m)^2 e^-s) / 2, the prediction being means m, then s", "none"}},
    {"hinge", {"max(0, 1 - t y)"}},
    {"categorical_hinge", {"max(0, 1 + max_k y_k - y[label]), k not the label"}},
};

std::string combinations() {
  std::string text = "| targets | last activation | loss |\n|---|---|---|\n";
  std::string last;
  for (const loss_table::Combination& row : loss_table::combinations()) {
    if (!row.in_docs) continue;
    text += fmt::format("| {} | {} | `{}` |\n", row.targets == last ? "" : row.targets,
                        row.activation, row.loss.name());
    last = row.targets;
  }
  return text;
}

std::string losses() {
  std::string text = "| loss | is | floor |\n|---|---|---|\n";
  for (const wengert::Loss& loss : wengert::all_losses())
    text += fmt::format("| `{}` | {} | {} |\n", loss.name(), words.at(loss.name()).formula,
                        words.at(loss.name()).floor);
  return text;
}

std::string replaced(std::string page, const std::string& table, const std::string& text) {
  const std::string begin = "<!-- generated: " + table + " -->\n";
  const std::size_t from = page.find(begin);
  if (from == std::string::npos) return page;
  const std::size_t start = from + begin.size();
  return page.replace(start, page.find("<!-- end -->", start) - start, text);
}

std::string read() {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("docs/losses.md shows the losses and what goes with them as it is") {
  const std::string page =
      replaced(replaced(read(), "combinations", combinations()), "losses", losses());
  if (std::getenv("WENGERT_UPDATE_DOCS")) std::ofstream(path) << page;
  INFO("to write it anew: WENGERT_UPDATE_DOCS=1 build/dev/wengert_tests \"docs/losses.md*\"");
  CHECK((read() == page));
  CHECK(page.find("| `mse` | (y - t)^2 | 0 |") != std::string::npos);
  CHECK(page.find("| counts | none (linear) | `poisson_nll_from_log` |") != std::string::npos);
}

TEST_CASE("the floors in the table are those of loss_floor, and every loss has a combination") {
  std::set<std::string> combined;
  for (const loss_table::Combination& row : loss_table::combinations()) {
    combined.insert(row.loss.name());
    INFO(row.targets << " " << row.loss.name());
    const std::string& floor = words.at(row.loss.name()).floor;
    const auto found = wengert::loss_floor(row.loss, row.example);
    CHECK(found.has_value() == (floor != "none"));
    if (floor == "0") CHECK(found == 0.0);
  }
  for (const wengert::Loss& loss : wengert::all_losses()) {
    INFO(loss.name());
    CHECK(combined.count(loss.name()) == 1);
  }
}
