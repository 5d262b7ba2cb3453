// SPDX-License-Identifier: MIT
// The shape of the source tree: who may include whom, and what an installed header may reach. Each
// rule is a function of a tree (path -> text), so that it can be shown a bad one as well as ours.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

namespace {

namespace fs = std::filesystem;

/// Path relative to the top -> text.
using Tree = std::map<std::string, std::string>;
/// "path:line: what is wrong"
using Findings = std::set<std::string>;
using Names = std::vector<std::string>;

/// What each folder of the library may include: whole folders, or single headers (* within a name).
const std::map<std::string, Names> may_include{
    {"graph", {"graph/"}},
    {"ops", {"graph/", "ops/"}},
    {"nn", {"graph/", "ops/", "nn/", "data/npz.h", "data/file_replacement.h"}},
    {"optim", {"graph/", "ops/lanes.h", "ops/*kernels*.h", "optim/"}},
    {"gradcheck", {"graph/", "ops/", "gradcheck/"}},
    {"gradflow", {"graph/", "ops/", "nn/", "figures/", "gradflow/"}},
    {"data", {"graph/", "data/"}},
    {"figures", {"graph/error.h", "graph/tensor.h", "data/file_replacement.h", "figures/"}},
    {"train",
     {"graph/", "ops/", "nn/", "optim/", "gradcheck/", "gradflow/", "data/", "figures/", "train/"}},
};

/// data/ makes tensors and knows nothing of recording.
const Names recording{"graph/var.h", "graph/op.h", "graph/recording.h", "graph/tape.h"};

/// Other people's headers, and the installed headers that say in their name or folder that they
/// bring them along.
struct ThirdParty {
  std::string prefix;
  Names brought_by;
};
const std::vector<ThirdParty> third_parties{
    {"fmt/", {"graph/format.h"}},
    {"boost/", {"graph/boost_graph.h", "graph/boost_mask.h"}},
    {"catch2/", {"gradcheck/"}},
    {"cblas.h", {}},
    {"libxsmm", {}},
    {"xsimd/", {}},
    {"Random123/", {}},
    {"nlohmann/", {}},
    {"CLI/", {}},
    {"zlib.h", {}},
    {"zip.h", {}},
    {"google/protobuf", {}},
    {"tensorboard.pb.h", {}},
};

/// Where in the library's own sources a third party may be used at all.
const std::map<std::string, Names> used_by{
    {"cblas.h", {"ops/gemm*.cpp"}},
    {"libxsmm", {"ops/gemm*.cpp"}},
    {"boost/", {"graph/", "train/"}},
    {"xsimd/", {"ops/"}},
    {"CLI/", {}},
    {"google/protobuf", {}},
    {"tensorboard.pb.h", {"train/tensorboard.cpp"}},
};

bool matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern == "/") return path.starts_with('/');  // a folder: whatever is in it
  if (pattern[0] == '*') {
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
      if (matches(pattern.substr(1), path.substr(skipped))) return true;
      if (skipped < path.size() && path[skipped] == '/') return false;
    }
    return false;
  }
  return !path.empty() && path[0] == pattern[0] && matches(pattern.substr(1), path.substr(1));
}

bool any_matches(const Names& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, path); });
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

bool in_library(const std::string& path) {
  return path == "wengert.h" || may_include.contains(folder_of(path));
}

Names lines_of(const std::string& text) {
  Names lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Include {
  std::string where;   ///< "path:line"
  std::string target;  ///< between the quotes or brackets
  bool quoted;
};

std::vector<Include> includes_of(const std::string& path, const std::string& text) {
  std::vector<Include> includes;
  const Names lines = lines_of(text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view rest = lines[i];
    const auto skip = [&](std::string_view word) {
      rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
      if (!rest.starts_with(word)) return false;
      rest.remove_prefix(word.size());
      return true;
    };
    if (!skip("#") || !skip("include") || !skip("") || rest.empty()) continue;
    const bool quoted = rest[0] == '"';
    if (!quoted && rest[0] != '<') continue;
    rest.remove_prefix(1);
    includes.push_back({path + ":" + std::to_string(i + 1),
                        std::string(rest.substr(0, rest.find(quoted ? '"' : '>'))), quoted});
  }
  return includes;
}

std::string resolved(const std::string& path, const std::string& target) {
  return (fs::path(path).parent_path() / target).lexically_normal().generic_string();
}

/// Every file of the tree that `start` includes, itself first, however indirectly.
Names reached_from(const Tree& tree, const std::string& start) {
  Names reached{start};
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const std::string path = reached[next];
    for (const Include& include : includes_of(path, tree.at(path))) {
      const std::string target = resolved(path, include.target);
      const bool known = std::find(reached.begin(), reached.end(), target) != reached.end();
      if (include.quoted && tree.contains(target) && !known) reached.push_back(target);
    }
  }
  return reached;
}

Findings upward_or_absolute_includes(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!may_include.contains(folder_of(path))) continue;
    for (const auto& [where, target, quoted] : includes_of(path, text)) {
      if (!quoted) {
        if (target.starts_with("wengert/"))
          findings.insert(where + ": <" + target +
                          ">, but includes within the library are relative");
        continue;
      }
      const std::string file = resolved(path, target);
      if (!tree.contains(file))
        findings.insert(where + ": \"" + target + "\" is no file relative to this one");
      else if (!any_matches(may_include.at(folder_of(path)), file))
        findings.insert(where + ": " + folder_of(path) + " may not include " + file);
    }
  }
  return findings;
}

Findings umbrella_includes_from_outside(const Tree& tree) {
  Findings findings;
  if (!tree.contains("wengert.h")) return {"wengert.h:1: there is no such file"};
  for (const auto& [where, target, quoted] : includes_of("wengert.h", tree.at("wengert.h")))
    if (!quoted || !tree.contains(target) || !in_library(target))
      findings.insert(where + ": " + target + " is no header of the library");
  return findings;
}

Findings recording_seen_by_data(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (folder_of(path) != "data") continue;
    for (const Include& include : includes_of(path, text)) {
      const std::string target = resolved(path, include.target);
      if (!include.quoted || !tree.contains(target)) continue;
      for (const std::string& file : reached_from(tree, target))
        if (any_matches(recording, file)) findings.insert(include.where + ": reaches " + file);
    }
  }
  return findings;
}

bool is_installed(const std::string& path, const Names& internal) {
  return in_library(path) && path.ends_with(".h") && !any_matches(internal, path);
}

Findings third_parties_in_installed_headers(const Tree& tree, const Names& internal) {
  Findings findings;
  for (const auto& [header, text] : tree) {
    if (!is_installed(header, internal)) continue;
    for (const std::string& file : reached_from(tree, header))
      for (const auto& [where, target, quoted] : includes_of(file, tree.at(file)))
        for (const auto& [prefix, brought_by] : third_parties)
          if (target.starts_with(prefix) && !any_matches(brought_by, header))
            findings.insert(where + ": " + target + " is reached from " + header);
  }
  return findings;
}

Findings internal_headers_in_installed_ones(const Tree& tree, const Names& internal) {
  Findings findings;
  for (const auto& [header, text] : tree) {
    if (!is_installed(header, internal)) continue;
    for (const auto& [where, target, quoted] : includes_of(header, text))
      if (quoted && any_matches(internal, resolved(header, target)))
        findings.insert(where + ": " + resolved(header, target) + " is not installed");
  }
  return findings;
}

Findings third_parties_out_of_place(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    if (!in_library(path)) continue;
    for (const auto& [where, target, quoted] : includes_of(path, text))
      for (const auto& [prefix, users] : used_by)
        if (target.starts_with(prefix) && !any_matches(users, path))
          findings.insert(where + ": " + target + " does not belong here");
  }
  return findings;
}

Findings files_without_licence(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree)
    if (!text.starts_with("// SPDX-License-Identifier: MIT\n"))
      findings.insert(path + ":1: the first line is not the SPDX line");
  return findings;
}

Findings files_named_for_nothing(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree)
    for (const char* name : {"util", "utils", "common", "misc"})
      if (fs::path(path).stem() == name)
        findings.insert(path + ":1: says nothing of what is in it");
  return findings;
}

Findings headers_without_pragma_once(const Tree& tree) {
  Findings findings;
  for (const auto& [path, text] : tree) {
    const Names lines = lines_of(text);
    if (path.ends_with(".h") &&
        std::find(lines.begin(), lines.end(), "#pragma once") == lines.end())
      findings.insert(path + ":1: no #pragma once");
  }
  return findings;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

const Tree& our_tree() {
  static const Tree tree = [] {
    Tree result;
    const fs::path top = WENGERT_SOURCE_DIR;
    const auto add = [&](const fs::path& path) {
      if (path.extension() == ".h" || path.extension() == ".cpp")
        result[path.lexically_relative(top).generic_string()] = text_of(path);
    };
    for (const auto& entry : fs::directory_iterator(top))
      if (entry.is_regular_file()) add(entry.path());
    Names folders{"tests", "examples", "bench"};
    for (const auto& [folder, allowed] : may_include) folders.push_back(folder);
    for (const std::string& folder : folders)
      if (fs::exists(top / folder))
        for (const auto& entry : fs::recursive_directory_iterator(top / folder))
          if (entry.is_regular_file()) add(entry.path());
    return result;
  }();
  return tree;
}

Names internal_headers() {
  Names patterns;
  for (const std::string& line :
       lines_of(text_of(fs::path(WENGERT_SOURCE_DIR) / "cmake" / "internal_headers.txt")))
    if (!line.empty() && line[0] != '#') patterns.push_back(line);
  return patterns;
}

/// One a line, so that a failure reads like a compiler's output.
std::string listed(const Findings& findings) {
  std::string text;
  for (const std::string& finding : findings) text += "\n" + finding;
  return text;
}

const std::string spdx = "// SPDX-License-Identifier: MIT\n#pragma once\n";

}  // namespace

TEST_CASE("the rules on the source tree see the source tree", "[structure]") {
  REQUIRE(our_tree().contains("graph/shape.h"));
  REQUIRE(our_tree().contains("tests/structure_test.cpp"));
  REQUIRE(!internal_headers().empty());
}

TEST_CASE("includes inside the library are relative and point down", "[structure]") {
  CHECK(listed(upward_or_absolute_includes(our_tree())) == "");
}

TEST_CASE("the umbrella header includes headers of the library and nothing else", "[structure]") {
  CHECK(listed(umbrella_includes_from_outside(our_tree())) == "");
}

TEST_CASE("data sees tensors and nothing of recording", "[structure]") {
  CHECK(listed(recording_seen_by_data(our_tree())) == "");
}

TEST_CASE("no installed header reaches a third party's", "[structure]") {
  CHECK(listed(third_parties_in_installed_headers(our_tree(), internal_headers())) == "");
}

TEST_CASE("no installed header includes one that is not installed", "[structure]") {
  CHECK(listed(internal_headers_in_installed_ones(our_tree(), internal_headers())) == "");
}

TEST_CASE("only gemm knows a BLAS, only graph and train know Boost, only ops knows xsimd",
          "[structure]") {
  CHECK(listed(third_parties_out_of_place(our_tree())) == "");
}

TEST_CASE("every source names its licence in the first line", "[structure]") {
  CHECK(listed(files_without_licence(our_tree())) == "");
}

TEST_CASE("no file is named utils, common or misc", "[structure]") {
  CHECK(listed(files_named_for_nothing(our_tree())) == "");
}

TEST_CASE("every header has a pragma once", "[structure]") {
  CHECK(listed(headers_without_pragma_once(our_tree())) == "");
}

TEST_CASE("a star matches within a name and a slash at the end matches a folder", "[structure]") {
  CHECK(matches("ops/kernels*.h", "ops/kernels.h"));
  CHECK(matches("ops/kernels*.h", "ops/kernels_reduce.h"));
  CHECK(!matches("ops/kernels*.h", "ops/kernels/reduce.h"));
  CHECK(!matches("ops/kernels*.h", "ops/kernels.cpp"));
  CHECK(matches("ops/", "ops/kernels/reduce.h"));
  CHECK(!matches("ops/", "optim/adam.h"));
}

TEST_CASE("the include rule finds upward, absolute and dangling includes", "[structure]") {
  const Tree bad{
      {"graph/tape.h", spdx + "#include \"../nn/linear.h\"\n"},
      {"nn/linear.h", spdx + "#include <wengert/graph/tape.h>\n  #  include \"graph/tape.h\"\n"},
      {"ops/lanes.h", spdx},
      {"ops/softmax.h", spdx},
      {"optim/adam.cpp", spdx + "#include \"../ops/lanes.h\"\n#include \"../ops/softmax.h\"\n"},
      {"ops/table.cpp", "#include \"../tests/catch.h\"\n"},
      {"tests/catch.h", spdx},
      {"tests/tape_test.cpp", "#include <wengert/graph/tape.h>\n#include \"catch.h\"\n"},
  };
  CHECK(upward_or_absolute_includes(bad) ==
        Findings{
            "graph/tape.h:3: graph may not include nn/linear.h",
            "nn/linear.h:3: <wengert/graph/tape.h>, but includes within the library are relative",
            "nn/linear.h:4: \"graph/tape.h\" is no file relative to this one",
            "ops/table.cpp:1: ops may not include tests/catch.h",
            "optim/adam.cpp:4: optim may not include ops/softmax.h"});
}

TEST_CASE("the umbrella rule finds what is missing, absolute or outside", "[structure]") {
  CHECK(umbrella_includes_from_outside({}) == Findings{"wengert.h:1: there is no such file"});
  const Tree bad{
      {"graph/tape.h", spdx},
      {"tests/catch.h", spdx},
      {"wengert.h", "#include \"graph/tape.h\"\n#include <vector>\n#include \"tests/catch.h\"\n"}};
  CHECK(umbrella_includes_from_outside(bad) ==
        Findings{"wengert.h:2: vector is no header of the library",
                 "wengert.h:3: tests/catch.h is no header of the library"});
}

TEST_CASE("the rule on data follows includes to the tape", "[structure]") {
  const Tree bad{
      {"graph/tape.h", spdx},
      {"graph/tensor.h", spdx},
      {"graph/replay.h", spdx + "#include \"tape.h\"\n"},
      {"data/idx.cpp", "#include \"../graph/tensor.h\"\n#include \"../graph/replay.h\"\n"},
  };
  CHECK(recording_seen_by_data(bad) == Findings{"data/idx.cpp:2: reaches graph/tape.h"});
}

TEST_CASE("the rules on installed headers follow includes and know the exceptions", "[structure]") {
  const Tree bad{
      {"graph/error.h", spdx + "#include <fmt/core.h>\n"},
      {"graph/tape.h", spdx + "#include \"error.h\"\n"},
      {"graph/format.h", spdx + "#include <fmt/format.h>\n"},
      {"graph/boost_graph.h", spdx + "#include <boost/graph/graph_traits.hpp>\n"},
      {"gradcheck/matchers.h", spdx + "#include <catch2/catch.hpp>\n"},
      {"ops/lanes.h", spdx + "#include <xsimd/xsimd.hpp>\n"},
      {"ops/softmax.cpp", "#include \"lanes.h\"\n#include <fmt/core.h>\n"},
      {"train/log.h", spdx + "#include \"../graph/format.h\"\n"},
      {"wengert.h", spdx + "#include \"ops/lanes.h\"\n"},
  };
  const Names internal{"ops/lanes.h"};
  Findings expected{"graph/error.h:3: fmt/core.h is reached from graph/error.h",
                    "graph/error.h:3: fmt/core.h is reached from graph/tape.h",
                    "graph/format.h:3: fmt/format.h is reached from train/log.h",
                    "ops/lanes.h:3: xsimd/xsimd.hpp is reached from wengert.h"};
  CHECK(third_parties_in_installed_headers(bad, internal) == expected);
  CHECK(internal_headers_in_installed_ones(bad, internal) ==
        Findings{"wengert.h:3: ops/lanes.h is not installed"});
}

TEST_CASE("the rule on third parties finds them outside their folder", "[structure]") {
  const Tree bad{
      {"ops/gemm.cpp", "#include <cblas.h>\n#include <libxsmm.h>\n"},
      {"ops/linalg.cpp", "#include <cblas.h>\n"},
      {"nn/rnn.cpp", "#include <boost/graph/dominator_tree.hpp>\n#include <xsimd/xsimd.hpp>\n"},
      {"graph/cuts.cpp", "#include <boost/graph/dominator_tree.hpp>\n"},
      {"bench/main.cpp", "#include <CLI/CLI.hpp>\n#include <cblas.h>\n"},
  };
  CHECK(third_parties_out_of_place(bad) ==
        Findings{"nn/rnn.cpp:1: boost/graph/dominator_tree.hpp does not belong here",
                 "nn/rnn.cpp:2: xsimd/xsimd.hpp does not belong here",
                 "ops/linalg.cpp:1: cblas.h does not belong here"});
}

TEST_CASE("the rules on a single file find the file that breaks them", "[structure]") {
  const Tree bad{{"graph/utils.h", "// utilities\n"}, {"graph/tape.h", spdx}};
  CHECK(files_without_licence(bad).size() == 1);
  CHECK(files_named_for_nothing(bad).size() == 1);
  CHECK(headers_without_pragma_once(bad) == Findings{"graph/utils.h:1: no #pragma once"});
}
