// SPDX-License-Identifier: MIT
// Which way an op went, element by element: what the gradient checker tells kinks by.
#include <algorithm>
#include <set>
#include <string>

#include <wengert/gradcheck/lifted.h>
#include <wengert/wengert.h>

#include "catch.h"
#include "ops/table.h"

using namespace wengert;

namespace {

/// The branches of a function at its inputs.
detail::Branches branches_of(const op_table::Call& f, const std::vector<Tensor>& inputs) {
  Tape tape;
  std::vector<Var> xs;
  for (const Tensor& input : inputs)
    xs.push_back(is_float(input.dtype()) ? tape.variable(input) : tape.input(input));
  const Var y = f(xs);
  detail::Branches result;
  if (!y.tracked()) {  // comparisons: there is nothing to lift
    const detail::Recording& all = tape.recording();
    const std::uint32_t last = all.size() - 1;
    std::vector<const Tensor*> operands;
    for (const Tensor& input : inputs) operands.push_back(&input);
    const Tensor sides = all.nodes[last].op->branches(Operands(operands), y.value());
    if (sides.defined()) result.nodes.push_back({last, sides});
    return result;
  }
  const detail::Lifted lifted(tape, y, 1);
  lifted.value_at(lifted.point(), &result);
  return result;
}

}  // namespace

TEST_CASE("every op that takes branches says so, and no other") {
  std::set<std::string> branching;
  for (const op_table::Row& row : op_table::rows())
    for (const op_table::Variant& variant : row.variants) {
      Rng rng{1};
      const auto sample = op_table::drawn(op_table::samples_of(variant).front(), rng);
      if (branches_of(variant.call, sample).size() > 0) branching.insert(row.name);
    }
  // std guards the root at 0 with where().
  CHECK(branching ==
        std::set<std::string>{"abs",        "argmax",    "argmin",        "clamp",        "elu",
                              "equal",      "greater",   "greater_equal", "leaky_relu",   "less",
                              "less_equal", "max",       "maximum",       "min",          "minimum",
                              "norm",       "not_equal", "relu",          "rnn_sequence", "selu",
                              "sign",       "softsign",  "std",           "where"});
}

TEST_CASE("a branch changes exactly where its op has a kink") {
  const auto sides = [](const op_table::Call& f, std::vector<double> x) {
    return branches_of(f, {Tensor::from<double>(x, {x.size()})});
  };
  const op_table::Call on_relu = op_table::on(relu);
  CHECK(sides(on_relu, {-1, 2}).differences(sides(on_relu, {-3, 1})) == 0);
  CHECK(sides(on_relu, {-1, 2}).differences(sides(on_relu, {1, 2})) == 1);
  CHECK(sides(on_relu, {0, 2}).differences(sides(on_relu, {1e-300, 2})) == 1);
  const op_table::Call largest = [](std::span<const Var> x) { return max(x[0]); };
  CHECK(sides(largest, {1, 3, 2}).differences(sides(largest, {2, 9, 3})) == 0);
  CHECK(sides(largest, {1, 3, 2}).differences(sides(largest, {1, 3, 4})) == 2);
  const op_table::Call between = [](std::span<const Var> x) { return clamp(x[0], -1.0, 1.0); };
  CHECK(sides(between, {-2, 0, 2}).differences(sides(between, {-1.5, 0.9, 5})) == 0);
  CHECK(sides(between, {-2, 0, 2}).differences(sides(between, {-1, 1, 1})) == 3);
}

TEST_CASE("a stencil over a kink is told from a wrong gradient, and a kink from the other side") {
  for (const double distance : {1e-1, 1e-3, 1e-5, 1e-7}) {
    const CheckReport report = gradcheck(relu, tensor({distance, -distance}, f64));
    INFO(distance << "\n" << to_string(report));
    CHECK(report.agrees());
    CHECK(report.kinks == 0);
  }
  const auto two_kinks = [](const Var& x) { return relu(x) - 3.0 * relu(-1.0 * x) + abs(x); };
  const CheckReport at_both = gradcheck(two_kinks, zeros({1}, f64));
  INFO(to_string(at_both));
  CHECK(at_both.verdict <= Verdict::kink);
}
