// SPDX-License-Identifier: MIT
// Every op of the library, one row each: how it is called, on what operands, and what is claimed of
// it. The tests of ops/, the benchmark and the page of ops in the docs go through this table. A new
// op is one row in the table_*.cpp named after its header.
#pragma once

#include <concepts>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <wengert/graph/rng.h>
#include <wengert/graph/var.h>

namespace wengert::op_table {

using Call = std::function<Var(std::span<const Var>)>;

/// Draws an operand of a shape from where the op is smooth: f64, or i64 for indices and conditions.
using Domain = std::function<Tensor(const Shape&, Rng&)>;

struct Argument {
  Shape shape;
  Domain domain;
};
/// The operands of one call.
using Sample = std::vector<Argument>;

/// One way to call an op: an overload, or a choice of its options.
struct Variant {
  std::string text = {};  ///< as in a program: "pow(x, 2.5)"
  Call call = {};
  std::vector<Domain> operands = {};  ///< elementwise ops: of any shapes that broadcast
  std::vector<Sample> samples = {};   ///< ops that are particular about shapes
};

/// A point without a derivative, and what the op gives there for a cotangent of ones.
struct Convention {
  std::string text = {};  ///< "the derivative at 0 is 0"
  std::size_t variant = 0;
  std::vector<Tensor> at = {};
  std::vector<Tensor> gradients = {};  ///< of the f32 and f64 operands, in order
};

struct Row {
  std::string name = {};  ///< the C++ function; operators go by their function's name
  std::string formula = {};
  bool differentiable = true;
  bool twice_differentiable = true;
  std::size_t reads = 0;  ///< values that the first variant's pullback reads
  std::vector<Variant> variants = {};
  std::vector<Convention> conventions = {};
  std::string family = {};  ///< the header it is declared in; set by rows()
};

/// The whole table, family by family.
const std::vector<Row>& rows();
/// "activation", "arithmetic", ...
const std::vector<std::string>& families();

/// True if the variant takes operands of any shapes that broadcast.
inline bool is_elementwise(const Variant& variant) { return !variant.operands.empty(); }
/// The variant's samples; an elementwise one gets broadcasting, one-element and empty shapes.
std::vector<Sample> samples_of(const Variant& variant);
/// The operands themselves; f64 becomes `dtype`, i64 stays.
std::vector<Tensor> drawn(const Sample& sample, Rng& rng, DType dtype = f64);

/// The call behind a function of one to three Vars.
template <class F>
Call on(F f) {
  return [f](std::span<const Var> x) -> Var {
    if constexpr (std::invocable<const F&, const Var&>) return f(x[0]);
    else if constexpr (std::invocable<const F&, const Var&, const Var&>) return f(x[0], x[1]);
    else return f(x[0], x[1], x[2]);
  };
}
// One of several overloads.
inline Call on(Var (*f)(const Var&)) { return on<>(f); }
inline Call on(Var (*f)(const Var&, const Var&)) { return on<>(f); }
inline Call on(Var (*f)(const Var&, const Var&, const Var&)) { return on<>(f); }

/// low <= x < high
Domain reals(double low, double high);
/// The same, but at least 0.1 away from each kink.
Domain reals_apart(double low, double high, std::vector<double> kinks);
/// Multiples of 0.5 in [-2, 2] plus `offset` and up to 0.05: two such operands with offsets 0 and
/// 0.25 are nowhere equal.
Domain stairs(double offset);
/// No two elements closer than 0.2; in random order.
Domain distinct();
/// Integers in [0, n).
Domain indices(std::int64_t n);
/// These integers, in order.
Domain exactly(std::vector<std::int64_t> values);
/// Positive, and the last axis sums to 1.
Domain distributions();

}  // namespace wengert::op_table
