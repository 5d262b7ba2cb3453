// SPDX-License-Identifier: MIT
// The generated parts of docs/gradcheck.md: who catches what, the accuracy of every method, and ten
// failures as they are printed. Written by `WENGERT_UPDATE_DOCS=1 wengert_tests
// "docs/gradcheck.md*"`. Numbers differ in their last digits from processor to processor, so digits
// are not compared.
#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <string>

#include <fmt/format.h>

#include <wengert/wengert.h>

#include "catch.h"
#include "folder.h"
#include "gradcheck/figures.h"
#include "gradcheck/matrix.h"

using namespace wengert;
using namespace wengert::mutants;

namespace {

const std::string path = WENGERT_SOURCE_DIR "/docs/gradcheck.md";

std::string replaced(std::string page, const std::string& name, const std::string& text) {
  const std::string begin = "<!-- generated: " + name + " -->\n";
  const std::size_t from = page.find(begin);
  REQUIRE(from != std::string::npos);
  const std::size_t start = from + begin.size();
  return page.replace(start, page.find("<!-- end -->", start) - start, text);
}

std::string gallery() {
  std::string text;
  for (const char* name :
       {"sign of cos", "dropout unscaled", "softmax, diagonal", "layer norm without mean",
        "bias of one row", "index repeated", "h_t for h_{t-1}", "LSTM: i for g", "state cut loose",
        "cancellation in float32"}) {
    const auto mutant = std::ranges::find(mutants::mutants(), name, &Mutant::name);
    REQUIRE(mutant != mutants::mutants().end());
    CheckReport report = checked(*mutant);
    report.seconds = 0;  // the only number that no two runs share
    text +=
        fmt::format("**{}**: {}.\n```\n{}\n```\n\n", mutant->name, mutant->what, to_string(report));
  }
  return text;
}

std::string figures() {
  std::string text = "| method | error |\n|---|---|\n";
  for (const Accuracy& accuracy : accuracies())
    text += fmt::format("| {} | {:.1e} |\n", accuracy.method, accuracy.error);
  return text;
}

/// Words only: a number, wherever its line is wrapped because of its length, is the same.
std::string without_numbers(const std::string& text) {
  std::string result;
  bool blank = false;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '+' || c == '.') continue;
    const bool space = std::isspace(static_cast<unsigned char>(c));
    if (!(space && blank)) result += space ? ' ' : c;
    blank = space;
  }
  return result;
}

}  // namespace

TEST_CASE("docs/gradcheck.md shows what is caught and printed as it is") {
  const Matrix all = matrix();
  for (const Matrix::Row& row : all.rows) {
    INFO(row.mutant->name);
    CHECK((row.ours == Outcome::caught));
  }
  CHECK(all.false_alarms == 0);
  const std::string was = text_of(path);
  std::string page = replaced(was, "matrix", markdown(all));
  page = replaced(page, "figures", figures());
  page = replaced(page, "gallery", gallery());
  if (std::getenv("WENGERT_UPDATE_DOCS")) std::ofstream(path) << page;
  INFO("to write it anew: WENGERT_UPDATE_DOCS=1 wengert_tests \"docs/gradcheck.md*\"");
  CHECK((without_numbers(text_of(path)) == without_numbers(page)));
  CHECK(page.find("| sign of cos |") != std::string::npos);
}

TEST_CASE("README shows the report of the program above it") {
  const auto cube = custom_op<1>(
      "cube", [](const Var& x) { return x * x * x; },
      [](const Var& x, const Var&, const Var& g) { return 2 * g * square(x); });
  Rng rng{1};
  const Linear layer{2, 2, rng};
  const auto model = [&](const Var& x) { return sum(cube(wengert::tanh(layer(x)))); };
  CheckReport report = gradcheck(model, rng.normal({3, 2}));
  report.seconds = 0.016;  // as there
  const std::string shown = without_numbers(text_of(WENGERT_SOURCE_DIR "/README.md"));
  CHECK(shown.find(without_numbers(to_string(report))) != std::string::npos);
}
