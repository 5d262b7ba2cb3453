// SPDX-License-Identifier: MIT
// Every op of the table on generated shapes, axes, broadcast patterns and values. rapidcheck draws
// the cases and makes a failing one as small as it goes. Left out where rapidcheck is missing.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <rapidcheck.h>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/graph/custom_op.h>
#include <wengert/graph/error.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/reduce.h>

#include "catch.h"
#include "generated_ops.h"
#include "same_bits.h"

namespace wg = wengert;
using wg::Tensor;
using wg::Var;
using wg::generated::Case;
using wg::op_table::Row;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Tally {
  std::size_t cases = 0;
  std::size_t second_order = 0;
  std::size_t empty = 0;       ///< of no element
  std::size_t unresolved = 0;  ///< the checker could not decide
};
std::string to_string(const Tally& tally) {
  std::ostringstream text;
  text << tally.cases << " cases (" << tally.second_order << " of them second derivatives, "
       << tally.empty << " with an empty operand), " << tally.unresolved << " unresolved";
  return text.str();
}

wg::CheckReport checked(const Case& one) {
  const std::span<const Tensor> operands(one.operands);
  wg::CheckOptions options;
  options.coordinates = 24;
  if (!one.second_order) return gradcheck(one.call, operands, options);
  // The checker contracts gradient and value in one dtype; only cast changes it.
  return gradcheck_second_order(
      [&](std::span<const Var> xs) { return wg::cast(one.call(xs), wg::f64); }, operands, options);
}

/// What is wrong with a value that should carry no gradient, if anything.
std::optional<std::string> of_a_constant(const Case& one) {
  wg::Tape tape;
  std::vector<Var> xs;
  for (const Tensor& x : one.operands)
    xs.push_back(is_float(x.dtype()) ? tape.variable(x) : tape.input(x));
  const Var y = one.call(xs);
  if (y.tracked()) return "has no derivative and is tracked";
  const Var alone = one.call(std::vector<Var>(one.operands.begin(), one.operands.end()));
  if (!same_bits(y.value(), alone.value())) return "gives other bits on a tape than off it";
  return {};
}

/// What is wrong with the gradient, if anything.
std::optional<std::string> complaint(const Row& row, const Case& one, Tally& tally) {
  ++tally.cases;
  tally.second_order += one.second_order;
  tally.empty += std::ranges::any_of(one.operands, [](const Tensor& x) { return x.size() == 0; });
  try {
    if (!row.differentiable) return of_a_constant(one);
    const wg::CheckReport report = checked(one);
    if (report.agrees()) return {};
    if (report.verdict != wg::Verdict::unresolved) return to_string(report);
    ++tally.unresolved;
    return {};
  } catch (const wg::Error& error) {
    return error.what();
  }
}

/// Bytes of which each is as likely as any other, from the first case on; fewer and smaller ones to
/// shrink them.
const rc::Gen<Bytes> bytes = [](const rc::Random& random, int) {
  rc::Random numbers = random;
  Bytes drawn(wg::generated::bytes_of_a_case);
  for (std::uint8_t& byte : drawn) byte = static_cast<std::uint8_t>(numbers.next());
  return rc::shrinkable::shrinkRecur(drawn, [](const Bytes& larger) {
    return rc::seq::concat(rc::shrink::removeChunks(larger),
                           rc::shrink::eachElement(larger, [](std::uint8_t byte) {
                             return rc::shrink::towards(byte, std::uint8_t{0});
                           }));
  });
};

struct Silent : rc::detail::TestListener {
  void onTestCaseFinished(const rc::detail::CaseDescription&) override {}
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
  void onTestFinished(const rc::detail::TestMetadata&, const rc::detail::TestResult&) override {}
};

/// The same cases in every run, unless RC_PARAMS="seed=..." asks for others.
std::uint64_t seed() {
  static const std::uint64_t value =
      std::getenv("RC_PARAMS") ? rc::detail::configuration().testParams.seed : 1964;
  return value;
}

/// Checks so many cases of one op. If one fails: the smallest that does, in words.
std::optional<std::string> smallest_failure(const Row& row, std::size_t cases, Tally& tally,
                                            std::optional<wg::DType> dtype = {},
                                            std::uint64_t first_seed = seed()) {
  rc::detail::TestParams params;
  // Of its own for every op, or all would get the same few shapes.
  params.seed = first_seed + std::hash<std::string>{}(row.name) + (dtype == wg::f32 ? 1 : 0);
  params.maxSuccess = static_cast<int>(cases);
  using Result = rc::detail::CaseResult;
  bool failed = false;
  const auto property = [&] {
    const std::optional<Case> one = wg::generated::case_of(row, *bytes, dtype);
    if (!one) throw Result(Result::Type::Discard);
    Tally of_shrinking;
    const auto wrong = complaint(row, *one, failed ? of_shrinking : tally);
    if (!wrong) return;
    failed = true;
    throw Result(Result::Type::Failure, to_string(*one) + "\n" + *wrong);
  };
  Silent listener;
  const rc::detail::TestResult result = rc::detail::checkProperty(
      rc::detail::toProperty(property), {row.name, row.name}, params, listener, {});
  if (result.is<rc::detail::SuccessResult>()) return {};
  std::ostringstream text;
  text << "op " << row.name << ", seed " << first_seed << ": ";
  if (result.is<rc::detail::FailureResult>()) {
    const auto& failure = result.get<rc::detail::FailureResult>();
    text << "the smallest of the cases found that fail, after " << failure.numSuccess
         << " that do not:\n"
         << failure.description;
  } else {
    printResultMessage(result, text);
  }
  return text.str();
}

std::vector<const Row*> rows_of(const std::string& family) {
  std::vector<const Row*> rows;
  for (const Row& row : wg::op_table::rows())
    if (row.family == family) rows.push_back(&row);
  return rows;
}

/// At least so many cases of the family, the same number of each of its ops.
void check_family(const std::string& family, std::size_t cases) {
  const std::vector<const Row*> rows = rows_of(family);
  Tally tally;
  for (const Row* row : rows)
    if (const auto failure = smallest_failure(*row, (cases + rows.size() - 1) / rows.size(), tally))
      FAIL_CHECK(*failure);
  INFO(family << ": " << to_string(tally));
  CHECK(tally.cases >= cases);
  CHECK(100 * tally.unresolved <= tally.cases);
}

/// An elementwise op of one operand with this pullback, as a row of the table.
template <class Forward, class PullbackFunction>
Row row_of(const std::string& name, Forward forward, PullbackFunction pullback) {
  const auto op = wg::custom_op<1>(name, forward, pullback);
  return {.name = name,
          .variants = {{.text = name + "(x)",
                        .call = [op](std::span<const Var> xs) { return op(xs[0]); },
                        .operands = {wg::op_table::reals(-2, 2)}}}};
}

}  // namespace

TEST_CASE("no generated case of an op has a wrong gradient", "[generated]") {
  check_family(GENERATE(from_range(wg::op_table::families())), 200);
}

TEST_CASE("no generated case of many has a wrong gradient", "[generated][.long]") {
  check_family(GENERATE(from_range(wg::op_table::families())), 2000);
}

TEST_CASE("500 generated cases of every op in each precision give no false alarm, at five seeds",
          "[generated][.long]") {
  const std::uint64_t first_seed = seed() + 1000 * GENERATE(range(0U, 5U));
  Tally tally;
  std::size_t ops = 0;
  for (const Row& row : wg::op_table::rows()) {
    ++ops;
    for (const wg::DType dtype : {wg::f64, wg::f32})
      if (const auto failure = smallest_failure(row, 500, tally, dtype, first_seed))
        FAIL_CHECK(*failure);
  }
  WARN(ops << " ops x 2 dtypes x 500 at seed " << first_seed << ": " << to_string(tally));
  CHECK(tally.cases >= ops * 2 * 500);
  CHECK(1000 * tally.unresolved <= tally.cases);
}

TEST_CASE("the smallest failing case of an op that is always wrong is one number", "[generated]") {
  const Row row = row_of(
      "square_with_a_wrong_sign", [](const Var& x) { return x * x; },
      [](const Var& x, const Var&, const Var& g) { return -2 * g * x; });
  Tally tally;
  const auto failure = smallest_failure(row, 200, tally);
  REQUIRE(failure);
  INFO(*failure);
  CHECK_THAT(*failure,
             Catch::Matchers::ContainsSubstring("square_with_a_wrong_sign(x) on f64 []\n"));
  CHECK_THAT(*failure, Catch::Matchers::ContainsSubstring("seed 1964"));
  CHECK_THAT(*failure, Catch::Matchers::ContainsSubstring("DISAGREE"));
}

TEST_CASE("the smallest failing case of an op that forgets the third element has three",
          "[generated]") {
  const Row row = row_of(
      "third_left_out", [](const Var& x) { return x * x; },
      [](const Var& x, const Var&, const Var& g) {
        const Var gradient = 2 * g * x;
        if (x.size() < 3) return gradient;
        Tensor mask = ones_like(x.value());
        wg::dispatch_float(x.dtype(), [&]<class T>(T) { mask.mutable_data<T>()[2] = 0; });
        return gradient * Var(mask);
      });
  Tally tally;
  const auto failure = smallest_failure(row, 200, tally);
  REQUIRE(failure);
  INFO(*failure);
  CHECK_THAT(*failure, Catch::Matchers::ContainsSubstring("third_left_out(x) on f64 [3]\n"));
}

TEST_CASE("the smallest failing case of a sum wrong along a stretched axis has that axis",
          "[generated]") {
  const auto product = wg::custom_op<2>(
      "product", [](const Var& a, const Var& b) { return a * b; },
      [](const Var& a, const Var& b, const Var& y, const Var& g) {
        // Instead of the sum over the stretched axes, half of it.
        const double factor = b.shape() == y.shape() ? 1.0 : 0.5;
        return std::vector<Var>{sum_to(g * b, a.shape()), factor * sum_to(g * a, b.shape())};
      });
  const Row row{
      .name = "product",
      .variants = {{.text = "product(a, b)",
                    .call = [=](std::span<const Var> xs) { return product(xs[0], xs[1]); },
                    .operands = {wg::op_table::reals(-2, 2), wg::op_table::reals(-2, 2)}}}};
  Tally tally;
  const auto failure = smallest_failure(row, 200, tally);
  REQUIRE(failure);
  INFO(*failure);
  CHECK_THAT(*failure,
             Catch::Matchers::ContainsSubstring("product(a, b) on f64 [1] f64 []\n") ||
                 Catch::Matchers::ContainsSubstring("product(a, b) on f64 [2] f64 [1]\n"));
}

TEST_CASE("a wrong second derivative is found by generated cases too", "[generated]") {
  const auto wrong_square = wg::custom_op<1>(
      "wrong_square", [](const Var& x) { return x * x; },
      [](const Var& x, const Var&, const Var& g) { return g * x; });
  const Row row = row_of(
      "cube", [](const Var& x) { return x * x * x; },
      [wrong_square](const Var& x, const Var&, const Var& g) { return 3 * g * wrong_square(x); });
  Tally tally;
  const auto failure = smallest_failure(row, 200, tally);
  REQUIRE(failure);
  INFO(*failure);
  CHECK_THAT(*failure,
             Catch::Matchers::ContainsSubstring("cube(x) on f64 [], second derivative\n"));
}

TEST_CASE("the same seed generates the same cases", "[generated]") {
  const Row& row = *rows_of("linalg").front();
  const auto cases = [&] {
    std::string text;
    for (std::uint8_t i = 0; i < 50; ++i) {
      const Bytes of_this(wg::generated::bytes_of_a_case, static_cast<std::uint8_t>(37 * i));
      if (const auto one = wg::generated::case_of(row, of_this)) text += to_string(*one) + "\n";
    }
    return text;
  };
  CHECK(cases() == cases());
  Tally first, second;
  CHECK_FALSE(smallest_failure(row, 20, first));
  CHECK_FALSE(smallest_failure(row, 20, second));
  CHECK(to_string(first) == to_string(second));
}
