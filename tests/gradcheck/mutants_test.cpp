// SPDX-License-Identifier: MIT
// The mutation suite: every wrong gradient is caught, by the tier and under the hint that its row
// names; every right twin passes. The table of who catches what is in page_test.cpp.
#include <algorithm>
#include <set>
#include <string>

#include "catch.h"
#include "gradcheck/figures.h"
#include "gradcheck/matrix.h"
#include "gradcheck/rivals.h"

using namespace wengert;
using namespace wengert::mutants;

namespace {

const Mutant& named(const std::string& name) {
  return *std::ranges::find(mutants::mutants(), name, &Mutant::name);
}

}  // namespace

TEST_CASE("every wrong gradient is caught by its tier and under its hint") {
  for (const Mutant& mutant : mutants::mutants()) {
    const CheckReport report = checked(mutant);
    INFO(mutant.name << ": " << mutant.what << "\n" << to_string(report));
    CHECK_FALSE(report.agrees());
    CHECK(wengert::to_string(report.tier) == wengert::to_string(mutant.tier));
    CHECK(wengert::to_string(report.hint) == wengert::to_string(mutant.hint));
    if (!mutant.culprit.empty() && mutant.tier != Tier::repeatability)
      CHECK(report.culprit.op == mutant.culprit);
  }
}

TEST_CASE("no right twin of a wrong gradient is blamed") {
  for (const Mutant& mutant : mutants::mutants()) {
    if (!mutant.right) continue;
    const CheckReport report = checked_right(mutant);
    INFO("the right twin of " << mutant.name << "\n" << to_string(report));
    CHECK(report.agrees());
  }
}

TEST_CASE("a mutant has the values of its right twin") {
  for (const Mutant& mutant : mutants::mutants()) {
    const std::set<std::string> other{"number on the host", "a counter"};  // other functions
    if (!mutant.right || other.count(mutant.name)) continue;
    INFO(mutant.name);
    const std::vector<Var> xs(mutant.inputs.begin(), mutant.inputs.end());
    const Tensor wrong = mutant.f(xs).value();
    const Tensor right = mutant.right(xs).value();
    REQUIRE(wrong.shape() == right.shape());
    CHECK(std::ranges::equal(wrong.data<float>(), right.data<float>()));
  }
}

TEST_CASE("what is wrong only in the second derivative passes the first-order check") {
  for (const Mutant& mutant : mutants::mutants())
    if (mutant.second_order) {
      INFO(mutant.name);
      CHECK(gradcheck(mutant.f, mutant.inputs).agrees());
    }
}

TEST_CASE("the suite is as large as is said of it, and its names are its own") {
  std::set<std::string> names;
  std::size_t shipped = 0;
  for (const Mutant& mutant : mutants::mutants()) {
    INFO(mutant.name);
    CHECK(names.insert(mutant.name).second);
    shipped += !mutant.origin.empty();
  }
  CHECK(names.size() >= 44);
  CHECK(shipped >= 10);
}

TEST_CASE("checkers of other libraries do what they document") {
  const Mutant& sign = named("sign of cos");
  for (const rivals::Rival& rival : rivals::rivals()) {
    INFO(rival.name);
    CHECK(rival.passes(sign.right, sign.inputs));
    // KANN compares magnitudes.
    CHECK(rival.passes(sign.f, sign.inputs) == (rival.name == "KANN-style"));
  }
  const Mutant& small = named("3e-6 of cube");
  for (const rivals::Rival& rival : rivals::rivals()) {
    INFO(rival.name);
    CHECK(rival.passes(small.f, small.inputs));
  }
}

TEST_CASE(
    "backward in float64 is right to the last bits, and no difference in float32 to five digits") {
  for (const Accuracy& accuracy : accuracies()) {
    INFO(accuracy.method << ": " << accuracy.error);
    const bool narrow = accuracy.method.find("float32") != std::string::npos;
    if (accuracy.method == "backward, float64") CHECK(accuracy.error < 1e-15);
    else if (accuracy.method == "backward, float32") CHECK(accuracy.error < 1e-6);
    else if (narrow) CHECK(accuracy.error > 1e-5);
    else if (accuracy.method.starts_with("six")) CHECK(accuracy.error < 1e-10);
  }
}
