// SPDX-License-Identifier: MIT
// Each rule of an op's contract has an op here that breaks it, and right ops break none.
#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <wengert/gradcheck/contract.h>
#include <wengert/graph/custom_op.h>
#include <wengert/graph/error.h>
#include <wengert/graph/pool.h>
#include <wengert/graph/rng.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/broadcast.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/reduce.h>

#include "catch.h"
#include "ops/table.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

Tensor some() { return Rng(5).uniform({3, 2}, 0.5, 1.5, f64); }

/// The names of the rules it breaks.
std::set<std::string> broken(const ContractReport& report) {
  std::set<std::string> names;
  for (const ContractRule& rule : report.rules)
    if (!rule.kept) names.insert(rule.name);
  return names;
}
using Names = std::set<std::string>;

// The square with this pullback, or with this forward.
const auto right_forward = [](const Var& x) { return x * x; };
const auto right_pullback = [](const Var& x, const Var&, const Var& g) { return 2 * g * x; };
template <class F>
auto square_back(F pullback) {
  return custom_op<1>("my_square", right_forward, pullback);
}
template <class F>
auto square_by(F forward) {
  return custom_op<1>("my_square", forward, right_pullback);
}

/// f of each element, in loops over memory of its own; all but the last `left_out`.
template <class F>
Tensor by_element(const Tensor& x, F f, std::size_t left_out = 0) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  dispatch_float(x.dtype(), [&]<class T>(T) {
    const std::span<const T> in = x.data<T>();
    const std::span<T> out = y.mutable_data<T>();
    for (std::size_t i = 0; i + left_out < in.size(); ++i) out[i] = static_cast<T>(f(in[i]));
  });
  return y;
}

/// What no op may do: writes past the tensor's constness.
void scribble(const Tensor& tensor, double value) {
  if (tensor.size() == 0) return;
  dispatch_float(tensor.dtype(), [&]<class T>(T) {
    const_cast<T*>(tensor.data<T>().data())[0] = static_cast<T>(value);
  });
}

}  // namespace

TEST_CASE("a right op keeps its contract, of any shape", "[contract]") {
  const auto cube = custom_op<1>(
      "cube", [](const Var& x) { return x * x * x; },
      [](const Var& x, const Var&, const Var& g) { return 3 * g * wengert::square(x); });
  for (const Shape& shape : {Shape{3, 2}, Shape{}, Shape{1}, Shape{0, 3}, Shape{1, 1, 1}}) {
    const ContractReport report = check_op(cube, {Rng(5).normal(shape)});
    INFO(to_string(report));
    CHECK(report.kept());
    CHECK(report.op == "cube");
    CHECK(report.rules.size() == 16);
    CHECK(report["second order"].detail.empty());
  }
}

TEST_CASE("ops of several inputs and of integers keep theirs", "[contract]") {
  const auto product = custom_op<2>(
      "product", [](const Var& a, const Var& b) { return a * b; },
      [](const Var& a, const Var& b, const Var&, const Var& g) {
        return std::vector<Var>{sum_to(g * b, a.shape()), sum_to(g * a, b.shape())};
      });
  Rng rng(5);
  const ContractReport stretched = check_op(product, {rng.normal({3, 2}), rng.normal({2})});
  INFO(to_string(stretched));
  CHECK(stretched.kept());
  CHECK(check_op(product, {rng.normal({0, 2}), rng.normal({2})}).kept());

  const ContractReport chosen = check_op(
      [](const Var& condition, const Var& a, const Var& b) { return where(condition, a, b); },
      {labels({1, 0, 1}), rng.normal({3}), rng.normal({3})});
  INFO(to_string(chosen));
  CHECK(chosen.kept());
  CHECK(check_op([](std::span<const Var> xs) { return concat(xs, 0); },
                 {rng.normal({3}), rng.normal({2}), rng.normal({1}), rng.normal({2})})
            .kept());
}

TEST_CASE("every op of the library keeps the contract", "[contract]") {
  for (const op_table::Row& row : op_table::rows()) {
    if (!row.differentiable || row.name == "cast") continue;  // cast is there for other dtypes
    Rng rng(5);
    for (const op_table::Variant& variant : row.variants)
      for (const op_table::Sample& sample : samples_of(variant)) {
        const std::vector<Tensor> operands = drawn(sample, rng);
        const ContractReport report = check_op(variant.call, operands);
        INFO(row.name << ", " << variant.text << " on " << to_string(operands.front().shape())
                      << "\n"
                      << to_string(report));
        CHECK(report.kept());
      }
  }
}

TEST_CASE("an op of the first order only keeps its contract if it says so", "[contract]") {
  const auto looped = custom_op<1>(
      "looped",
      [](const Var& x) { return Var(by_element(x.value(), [](auto v) { return v * v; })); },
      [](const Var& x, const Var&, const Var& g) {
        const Tensor twice = by_element(x.value(), [](auto v) { return 2 * v; });
        return Var((Var(twice) * Var(g.value())).value());
      });
  const ContractReport report = check_op(looped, {some()});
  INFO(to_string(report));
  CHECK(report.kept());
  CHECK(report["second order"].detail == "first order only, and says so");
}

TEST_CASE("a result in another dtype than the input's breaks the contract", "[contract]") {
  const auto in_f32 =
      square_by([](const Var& x) { return cast(cast(x, f32) * cast(x, f32), f32); });
  const ContractReport report = check_op(in_f32, {some()});
  INFO(to_string(report));
  CHECK(broken(report) == Names{"result"});
  CHECK(report["result"].detail ==
        "in f64: inputs of f64 give f32; gradients are checked in f64 and have to keep its digits");
  CHECK(report.not_tried.size() == 15);
  CHECK_THROWS_WITH(report["gradient"], "contract: 'gradient' was not tried");
}

TEST_CASE("a forward that knows one dtype only breaks the contract", "[contract]") {
  const auto only_f64 = square_by([](const Var& x) {
    const std::span<const double> in = x.value().data<double>();
    return Var(Tensor::from<double>(in, x.shape())) * x;
  });
  const ContractReport report = check_op(only_f64, {some()});
  CHECK(broken(report) == Names{"result"});
  CHECK_THAT(report["result"].detail, ContainsSubstring("in f32: my_square: data: asked for f64"));
}

TEST_CASE("a gradient of another shape breaks the contract", "[contract]") {
  const auto report = check_op(
      square_back([](const Var& x, const Var&, const Var& g) { return sum(2 * g * x); }), {some()});
  INFO(to_string(report));
  CHECK(broken(report) == Names{"gradients fit"});
  CHECK_THAT(report["gradients fit"].detail,
             ContainsSubstring("its pullback returned shape [] for input 0 of shape [3, 2]"));
  CHECK_FALSE(report.kept());
}

TEST_CASE("whoever writes to an input is named", "[contract]") {
  const auto by_forward = square_by([](const Var& x) {
    const Var y = x * x;
    scribble(x.value(), 7);
    return y;
  });
  const ContractReport report = check_op(by_forward, {some()});
  INFO(to_string(report));
  CHECK(broken(report).contains("inputs left alone"));
  CHECK_THAT(report["inputs left alone"].detail,
             ContainsSubstring("the forward wrote to input 0: element [0, 0] is 7 instead of "));

  const auto detail_of = [](auto pullback) {
    return check_op(square_back(pullback), {some()})["inputs left alone"].detail;
  };
  CHECK_THAT(detail_of([](const Var& x, const Var&, const Var& g) {
               const Var gradient = 2 * g * x;
               scribble(x.value(), 7);
               return gradient;
             }),
             ContainsSubstring("the pullback wrote to input 0"));
  CHECK_THAT(detail_of([](const Var& x, const Var& y, const Var& g) {
               scribble(y.value(), 7);
               return 2 * g * x;
             }),
             ContainsSubstring("the pullback wrote to the output"));
  CHECK_THAT(detail_of([](const Var& x, const Var&, const Var& g) {
               const Var gradient = 2 * g * x;
               scribble(g.value(), 7);
               return gradient;
             }),
             ContainsSubstring("the pullback wrote to its cotangent"));
}

TEST_CASE("a result may share an input's memory if it counts on it, and not otherwise",
          "[contract]") {
  const auto identity = custom_op<1>(
      "identity", [](const Var& x) { return x; },
      [](const Var&, const Var&, const Var& g) { return g; });
  const ContractReport shared = check_op(identity, {some()});
  INFO(to_string(shared));
  CHECK(shared.kept());
  CHECK_THAT(shared["result of its own"].detail, ContainsSubstring("memory of input 0, counted"));

  const auto uncounted = custom_op<1>(
      "uncounted",
      [](const Var& x) {
        Tensor y = Tensor::empty({0}, x.dtype());
        // Its first and only member: a block that shows memory it does not own.
        detail::Block* block = reinterpret_cast<detail::Block*&>(y);
        block->data = const_cast<void*>(x.value().address());
        block->shape = x.shape();
        block->size = x.size();
        return Var(y);
      },
      [](const Var&, const Var&, const Var& g) { return g; });
  const ContractReport report = check_op(uncounted, {some()});
  CHECK(broken(report) == Names{"result of its own"});
  CHECK(report.not_tried.size() == 14);
  CHECK_THAT(to_string(report), ContainsSubstring("lies in the memory of input 0"));
}

TEST_CASE("an op that writes to what it returned before breaks the contract", "[contract]") {
  const auto last = std::make_shared<Tensor>();
  const auto report = check_op(square_by([last](const Var& x) {
                                 if (last->defined()) scribble(*last, 7);
                                 *last = (x * x).value();
                                 return Var(*last);
                               }),
                               {some()});
  INFO(to_string(report));
  CHECK(broken(report).contains("earlier results stay"));
}

TEST_CASE("an op with a memory of its own does not repeat", "[contract]") {
  const auto calls = std::make_shared<int>(0);
  const auto forward =
      check_op(square_by([calls](const Var& x) { return x * x + 1e-12 * ++*calls; }), {some()});
  INFO(to_string(forward));
  CHECK(broken(forward).contains("forward repeats"));
  const auto back = check_op(square_back([calls](const Var& x, const Var&, const Var& g) {
                               return (2 + 1e-15 * (++*calls % 3)) * g * x;
                             }),
                             {some()});
  INFO(to_string(back));
  CHECK(broken(back).contains("pullback repeats"));
  CHECK_FALSE(broken(back).contains("forward repeats"));
}

// Under the address sanitizer no memory is handed out twice; there the wrong values show elsewhere.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool memory_is_reused = false;
#else
constexpr bool memory_is_reused = true;
#endif

TEST_CASE("elements that a forward or a pullback leaves out are found", "[contract]") {
  const auto forward = check_op(square_by([](const Var& x) {
                                  return Var(by_element(
                                      x.value(), [](auto v) { return v * v; }, 1));
                                }),
                                {some()});
  INFO(to_string(forward));
  CHECK_FALSE(forward.kept());
  const auto back =
      check_op(square_back([](const Var& x, const Var&, const Var& g) {
                 return Var(by_element((g * x).value(), [](auto v) { return 2 * v; }, 2));
               }),
               {some()});
  INFO(to_string(back));
  CHECK_FALSE(back.kept());
  const auto added = check_op(square_back([](const Var& x, const Var&, const Var& g) {
                                Tensor sum = Tensor::empty(x.shape(), x.dtype());
                                const Tensor term = (2 * g * x).value();
                                dispatch_float(x.dtype(), [&]<class T>(T) {
                                  for (std::size_t i = 0; i < sum.size(); ++i)
                                    sum.mutable_data<T>()[i] += term.data<T>()[i];
                                });
                                return Var(sum);
                              }),
                              {some()});
  CHECK_FALSE(added.kept());
  if (!memory_is_reused) return;
  CHECK(broken(forward).contains("result written"));
  CHECK(broken(back).contains("gradients written"));
  CHECK_THAT(back["gradients written"].detail,
             ContainsSubstring("element [2, 0] is ") && ContainsSubstring("2 elements in all"));
  CHECK(broken(added).contains("gradients written"));
}

TEST_CASE("a function that looks whether it is on a tape breaks the contract", "[contract]") {
  const auto report =
      check_op([](const Var& x) { return x.on_tape() ? 2 * x : x * 2.0000001; }, {some()});
  INFO(to_string(report));
  CHECK(broken(report).contains("off the tape"));
}

TEST_CASE("what changes after it was recorded is not replayed", "[contract]") {
  const auto report = check_op(
      [](const Var& x) {
        const Tensor scale = full({1}, 2, x.dtype());
        const Var y = x * Var(scale);
        scribble(scale, 3);
        return y;
      },
      {some()});
  INFO(to_string(report));
  CHECK(broken(report).contains("replay"));
}

TEST_CASE("what was computed from .value() is cut loose, and named", "[contract]") {
  const auto report = check_op(
      [](const Var& x) {
        return x * (1 / x.value().at({0, 0}));
      },
      {some()});
  INFO(to_string(report));
  CHECK(broken(report).contains("replay at other inputs"));
  CHECK_THAT(report["replay at other inputs"].detail, ContainsSubstring("from .value()"));
}

TEST_CASE("a pullback that is not linear in the cotangent breaks the contract", "[contract]") {
  const auto added = check_op(
      square_back([](const Var& x, const Var&, const Var& g) { return 2 * g * x + 1e-30; }),
      {some()});
  INFO(to_string(added));
  CHECK(broken(added) == Names{"zero cotangent"});

  // Right for a cotangent of ones, which is all that a scalar loss ever shows it.
  const auto used_twice = square_back(
      [](const Var& x, const Var&, const Var& g) { return 2 * wengert::square(g) * x; });
  const ContractReport twice = check_op(used_twice, {scalar(1.5)});
  INFO(to_string(twice));
  CHECK(broken(twice).contains("linear in the cotangent"));
}

TEST_CASE("a wrong gradient breaks the contract, and the check's report is shown", "[contract]") {
  const auto report = check_op(
      square_back([](const Var& x, const Var&, const Var& g) { return -2 * g * x; }), {some()});
  CHECK(broken(report).contains("gradient"));
  CHECK_THAT(to_string(report), ContainsSubstring("op contract: BROKEN   'my_square'") &&
                                    ContainsSubstring("  kept    result\n") &&
                                    ContainsSubstring("  BROKEN  gradient\n") &&
                                    ContainsSubstring("DISAGREE"));
}

TEST_CASE("a second derivative that is wrong breaks the contract", "[contract]") {
  // On the tape through the cotangent, cut loose from x.
  const auto report = check_op(
      square_back([](const Var& x, const Var&, const Var& g) { return 2 * g * Var(x.value()); }),
      {some()});
  INFO(to_string(report));
  CHECK(broken(report) == Names{"second order"});
  CHECK_THAT(report["second order"].detail, ContainsSubstring("from .value()"));

  const auto wrong_square =
      square_back([](const Var& x, const Var&, const Var& g) { return g * x; });
  const auto half_right = custom_op<1>(
      "cube", [](const Var& x) { return x * x * x; },
      [=](const Var& x, const Var&, const Var& g) { return 3 * g * wrong_square(x); });
  const ContractReport cube = check_op(half_right, {some()});
  CHECK(broken(cube) == Names{"second order"});
  CHECK_THAT(cube["second order"].detail, ContainsSubstring("DISAGREE"));
}

TEST_CASE("a check of an op without an input to differentiate by says so", "[contract]") {
  const ContractReport report =
      check_op([](const Var& i) { return cast(i, f64); }, {labels({1, 2})});
  CHECK_THAT(report["result"].detail, ContainsSubstring("no input is f32 or f64"));
}
