// SPDX-License-Identifier: MIT
// docs/ops.md is the table of ops as a page: written by `WENGERT_UPDATE_DOCS=1 wengert_tests
// "docs/ops.md shows the table of ops as it is"`.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "catch.h"
#include "ops/table.h"

namespace {

std::string cell(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string page() {
  std::string text =
      "# Ops\n\n"
      "Every op, from the table that the tests and the benchmark go through "
      "(`tests/ops/table_*.cpp`).\n"
      "All take and return `Var`; plain tensors convert. Derivatives exist to every order where "
      "the\n"
      "column says yes, and are checked in float64 to second order. At points without a derivative "
      "the\n"
      "last column says what the op gives.\n";
  for (const std::string& family : wengert::op_table::families()) {
    text += fmt::format("\n## {}\n\n`<wengert/ops/{}.h>`\n\n", family, family);
    text += "| op | is | derivative | by convention |\n|---|---|---|---|\n";
    for (const wengert::op_table::Row& row : wengert::op_table::rows()) {
      if (row.family != family) continue;
      std::string conventions;
      for (const wengert::op_table::Convention& convention : row.conventions)
        conventions += (conventions.empty() ? "" : "; ") + convention.text;
      text += fmt::format("| `{}` | {} | {} | {} |\n", row.name, cell(row.formula),
                          row.differentiable ? "yes" : "none", cell(conventions));
    }
  }
  return text;
}

}  // namespace

TEST_CASE("docs/ops.md shows the table of ops as it is", "[ops]") {
  const std::string path = WENGERT_SOURCE_DIR "/docs/ops.md";
  if (std::getenv("WENGERT_UPDATE_DOCS")) std::ofstream(path) << page();
  std::ifstream file(path);
  const std::string there{std::istreambuf_iterator<char>(file), {}};
  INFO("to write it anew: WENGERT_UPDATE_DOCS=1 build/dev/wengert_tests \"docs/ops.md*\"");
  CHECK((there == page()));
}
