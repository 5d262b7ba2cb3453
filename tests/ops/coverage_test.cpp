// SPDX-License-Identifier: MIT
// Every exported op has a row in the table, and every row an op: read from the headers themselves,
// so that a new op without a row fails here by name.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include "catch.h"
#include "table.h"

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The function that an operator stands for; an unknown one stands for itself, and is then missed.
std::string named(const std::string& name, const std::string& parameters) {
  static const std::map<std::string, std::string> functions{
      {"operator+", "add"},     {"operator-", "sub"},           {"operator*", "mul"},
      {"operator/", "div"},     {"operator<", "less"},          {"operator<=", "less_equal"},
      {"operator>", "greater"}, {"operator>=", "greater_equal"}};
  if (name == "operator-" && parameters.find(',') == std::string::npos) return "neg";
  const auto found = functions.find(name);
  return found == functions.end() ? name : found->second;
}

/// Functions at namespace level that return a Var, several or a struct of them; overloads count
/// once.
Names ops_declared_in(const std::string& header) {
  static const std::regex declaration(
      R"(^(?:\[\[nodiscard\]\] )?(?:inline )?(?:Var|HiddenAndCell|std::\w+<Var\b[^>]*>) +(operator[^\s(]+|\w+)\((.*))");
  Names names;
  std::istringstream lines(header);
  for (std::string line; std::getline(lines, line);)
    if (std::smatch found; std::regex_search(line, found, declaration))
      names.insert(named(found[1], found[2]));
  return names;
}

bool is_internal(const std::string& path) {
  std::istringstream lines(text_of(fs::path(WENGERT_SOURCE_DIR) / "cmake/internal_headers.txt"));
  for (std::string pattern; std::getline(lines, pattern);) {
    if (pattern.empty() || pattern[0] == '#') continue;
    pattern = std::regex_replace(pattern, std::regex(R"(\.)"), R"(\.)");
    pattern = std::regex_replace(pattern, std::regex(R"(\*)"), "[^/]*");
    if (std::regex_match(path, std::regex(pattern))) return true;
  }
  return false;
}

/// Family -> its ops. graph/var.h declares those that the engine itself needs.
std::map<std::string, Names> exported_ops() {
  const fs::path top = WENGERT_SOURCE_DIR;
  std::map<std::string, Names> ops{{"graph", ops_declared_in(text_of(top / "graph/var.h"))}};
  for (const auto& entry : fs::directory_iterator(top / "ops"))
    if (entry.path().extension() == ".h" && !is_internal("ops/" + entry.path().filename().string()))
      ops[entry.path().stem().string()] = ops_declared_in(text_of(entry.path()));
  return ops;
}

Names all_of(const std::map<std::string, Names>& families) {
  Names names;
  for (const auto& [family, ops] : families) names.insert(ops.begin(), ops.end());
  return names;
}

Names named_in_table() {
  Names names;
  for (const wengert::op_table::Row& row : wengert::op_table::rows()) names.insert(row.name);
  return names;
}

/// Those of `a` that `b` lacks.
Names missing(const Names& a, const Names& b) {
  Names result;
  std::ranges::set_difference(a, b, std::inserter(result, result.end()));
  return result;
}

}  // namespace

TEST_CASE("every exported op has a row in the table", "[ops]") {
  CHECK(missing(all_of(exported_ops()), named_in_table()) == Names{});
}

TEST_CASE("every row of the table is an exported op, in the family of its header", "[ops]") {
  const std::map<std::string, Names> exported = exported_ops();
  CHECK(missing(named_in_table(), all_of(exported)) == Names{});
  for (const wengert::op_table::Row& row : wengert::op_table::rows()) {
    INFO("op " << row.name << " in the table's family " << row.family);
    REQUIRE(exported.contains(row.family));
    CHECK((exported.at(row.family).contains(row.name) || exported.at("graph").contains(row.name)));
  }
}

TEST_CASE("no op has two rows", "[ops]") {
  CHECK(named_in_table().size() == wengert::op_table::rows().size());
}

TEST_CASE("the search for exported ops finds what a header declares and nothing else", "[ops]") {
  const std::string header = R"(
#pragma once
namespace wengert {
/// Var mentioned(const Var& x) is no declaration.
class Axes { Var member(const Var& x); };
struct Options {
  Var indented(const Var& x);
};
Var conv(const Var& x, const Var& kernel);
Var conv(const Var& x, const Var& kernel,
         int stride);
std::vector<Var> chunk(const Var& x, std::size_t parts);
std::array<Var, 2> qr(const Var& x);
HiddenAndCell cell(const Var& x);
[[nodiscard]] Var kept(const Var& x);
Var operator-(const Var& x);
Var operator-(const Var& a, const Var& b);
Var operator<=(const Var& a, double b);
Var operator%(const Var& a, const Var& b);
Tensor plain(const Tensor& x);
std::uint32_t mask(const char* op);
}
)";
  const Names found = ops_declared_in(header);
  CHECK(found ==
        Names{"conv", "chunk", "qr", "cell", "kept", "neg", "sub", "less_equal", "operator%"});
  CHECK(missing(found, named_in_table()) ==
        Names{"conv", "chunk", "qr", "cell", "kept", "operator%"});
  CHECK(missing({"relu", "invented"}, found).contains("invented"));
}
