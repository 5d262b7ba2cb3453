// SPDX-License-Identifier: MIT
// What every op of the table has to satisfy: right derivatives of first and second order, and the
// laws of a tape (the same value on it and off it, linear and repeatable pullbacks, replay).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <wengert/graph/error.h>
#include <wengert/graph/op.h>
#include <wengert/graph/recording.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/arithmetic.h>

#include "catch.h"
#include "table.h"

// After Catch2.
#include <wengert/gradcheck/matchers.h>

namespace wg = wengert;
using wg::Tensor;
using wg::Var;
using wg::op_table::Call;
using wg::op_table::Row;
using wg::op_table::Sample;
using wg::op_table::Variant;

namespace {

/// An op applied on a tape of its own; operands that can have a gradient are variables.
struct Recorded {
  wg::Tape tape;
  std::vector<Var> xs;
  Var y;

  Recorded(const Call& call, std::span<const Tensor> operands) {
    for (const Tensor& operand : operands)
      xs.push_back(is_float(operand.dtype()) ? tape.variable(operand) : tape.input(operand));
    y = call(xs);
  }

  /// By every f32 and f64 operand; zeros where no path leads.
  std::vector<Tensor> gradients(const Tensor& cotangent) const {
    const wg::Gradients found = tape.backward(y, cotangent);
    std::vector<Tensor> result;
    for (const Var& x : xs)
      if (is_float(x.dtype()))
        result.push_back(found.find(x) ? found[x].value() : zeros_like(x.value()));
    return result;
  }
};

template <class T>
bool same_bits(const Tensor& a, const Tensor& b) {
  return std::memcmp(a.data<T>().data(), b.data<T>().data(), a.data<T>().size_bytes()) == 0;
}
bool same(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return wg::dispatch(a.dtype(), [&]<class T>(T) { return same_bits<T>(a, b); });
}
bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::ranges::equal(a, b, [](const Tensor& x, const Tensor& y) { return same(x, y); });
}

/// |a - b| / |b| in the 2-norm, in f64; 0 if both are 0.
double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const Tensor x = a.to(wg::f64);
  const Tensor y = b.to(wg::f64);
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += std::pow(x.data<double>()[i] - y.data<double>()[i], 2);
    size += std::pow(y.data<double>()[i], 2);
  }
  return difference == 0 ? 0 : std::sqrt(difference / size);
}

/// Memory of its own, so that a write through a shared buffer would not reach it.
Tensor deep_copy(const Tensor& tensor) {
  return wg::dispatch(tensor.dtype(), [&]<class T>(T) {
    return Tensor::from<T>(tensor.data<T>(), tensor.shape());
  });
}

std::vector<Tensor> in(wg::DType dtype, const std::vector<Tensor>& operands) {
  std::vector<Tensor> result;
  for (const Tensor& operand : operands)
    result.push_back(is_float(operand.dtype()) ? operand.to(dtype) : operand);
  return result;
}
std::vector<Var> off_tape(const std::vector<Tensor>& operands) {
  return {operands.begin(), operands.end()};
}

/// Every f64 or f32 operand drawn anew for every row, so that a row does not depend on others.
wg::Rng rng_of(const Row& row) { return wg::Rng(1964, std::hash<std::string>{}(row.name)); }

std::string described(const Variant& variant, const std::vector<Tensor>& operands) {
  std::string text = variant.text + " on";
  for (const Tensor& operand : operands) text += " " + to_string(operand.shape());
  return text;
}

/// f(row, variant, operands) for each sample of each variant of the family's rows; the name of the
/// op is a section of its own.
template <class F>
void for_each_sample(const std::string& family, F f) {
  for (const Row& row : wg::op_table::rows()) {
    if (row.family != family) continue;
    DYNAMIC_SECTION(row.name) {
      wg::Rng rng = rng_of(row);
      for (const Variant& variant : row.variants)
        for (const Sample& sample : samples_of(variant)) {
          const std::vector<Tensor> operands = drawn(sample, rng);
          INFO("op " << row.name << ": " << described(variant, operands));
          f(row, variant, operands);
        }
    }
  }
}

/// Of the values that the tape's pullbacks read, each once.
std::size_t values_read(const wg::Tape& tape) {
  const wg::detail::Recording& recording = tape.recording();
  std::set<std::uint32_t> read;
  for (std::uint32_t node = 0; node < recording.size(); ++node) {
    const wg::detail::Node& what = recording.nodes[node];
    if (!what.op || !what.tracked) continue;
    const auto inputs = recording.inputs(node);
    wg::Operand needed;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (recording.nodes[inputs[k]].tracked) needed = needed | wg::Operand::input(k);
    const wg::Operand reads = what.op->reads(needed);
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (reads.has_input(k)) read.insert(inputs[k]);
    if (reads.has_output()) read.insert(node);
  }
  return read.size();
}

/// What holds of an op at one set of operands, whether or not it has a gradient.
void check_values(const Variant& variant, const std::vector<Tensor>& operands) {
  std::vector<Tensor> before;
  for (const Tensor& operand : operands) before.push_back(deep_copy(operand));
  const Recorded recorded(variant.call, operands);
  CHECK(same(recorded.y.value(), variant.call(off_tape(operands)).value()));
  if (recorded.y.on_tape()) CHECK(same(recorded.tape.replay(recorded.y), recorded.y.value()));
  CHECK(same(operands, before));
}

/// A tape recorded in f32 and run again in f64 computes what f64 would have computed.
void check_lifted_value(const Variant& variant, const std::vector<Tensor>& operands) {
  const std::vector<Tensor> rounded = in(wg::f32, operands);
  const Recorded recorded(variant.call, rounded);
  if (!recorded.y.on_tape() || !is_float(recorded.y.dtype())) return;
  const Tensor lifted = recorded.tape.replay(recorded.y, {}, wg::f64);
  const Tensor direct = variant.call(off_tape(in(wg::f64, rounded))).value();
  CHECK(lifted.dtype() == wg::f64);
  CHECK(distance(lifted, direct) <= (direct.dtype() == wg::f64 ? 1e-15 : 1e-7));
  CHECK(distance(recorded.y.value(), lifted) <= 1e-6);
}

/// The pullback is a linear map, and the same one every time.
void check_pullback(const Variant& variant, const std::vector<Tensor>& operands, wg::Rng& rng) {
  const Recorded recorded(variant.call, operands);
  const wg::Shape& shape = recorded.y.shape();
  const wg::DType dtype = recorded.y.dtype();
  const Tensor u = rng.normal(shape, dtype);
  const Tensor v = rng.normal(shape, dtype);
  const std::vector<Tensor> by_u = recorded.gradients(u);
  const std::vector<Tensor> by_v = recorded.gradients(v);
  CHECK(same(recorded.gradients(u), by_u));
  for (const Tensor& gradient : recorded.gradients(zeros(shape, dtype)))
    CHECK(distance(gradient, zeros_like(gradient)) == 0);
  const Var both = wg::add(Var(u), wg::mul(Var(v), Var(wg::scalar(-1.75, dtype))));
  const std::vector<Tensor> by_both = recorded.gradients(both.value());
  for (std::size_t k = 0; k < by_both.size(); ++k) {
    const Var expected =
        wg::add(Var(by_u[k]), wg::mul(Var(by_v[k]), Var(wg::scalar(-1.75, by_v[k].dtype()))));
    CHECK(distance(by_both[k], expected.value()) <= (dtype == wg::f64 ? 1e-13 : 1e-5));
  }
}

/// In f32 the gradient is that of f64, rounded.
void check_single_precision(const Variant& variant, const std::vector<Tensor>& operands,
                            wg::Rng& rng) {
  const std::vector<Tensor> rounded = in(wg::f32, operands);
  const Recorded single(variant.call, rounded);
  const Recorded twice(variant.call, in(wg::f64, rounded));
  const Tensor cotangent = rng.normal(single.y.shape());
  const std::vector<Tensor> got = single.gradients(cotangent.to(single.y.dtype()));
  const std::vector<Tensor> wanted = twice.gradients(cotangent.to(twice.y.dtype()));
  for (std::size_t k = 0; k < got.size(); ++k) {
    CHECK(got[k].dtype() == wg::f32);
    CHECK(distance(got[k], wanted[k]) <= 1e-4);
  }
}

/// f(x, x) has the sum of the gradients of f(a, b) at a = b = x.
void check_aliased(const Variant& variant, const std::vector<Tensor>& operands, wg::Rng& rng) {
  const bool two_alike = operands.size() == 2 && operands[0].shape() == operands[1].shape() &&
                         operands[0].dtype() == operands[1].dtype();
  if (!two_alike || !is_float(operands[0].dtype())) return;
  const Tensor& x = operands[0];
  const Recorded apart(variant.call, std::vector<Tensor>{x, deep_copy(x)});
  const Recorded one(
      [&](std::span<const Var> xs) {
        return variant.call(std::vector<Var>{xs[0], xs[0]});
      },
      std::span(&x, 1));
  CHECK(same(one.y.value(), apart.y.value()));
  const Tensor cotangent = rng.normal(one.y.shape(), one.y.dtype());
  const std::vector<Tensor> two = apart.gradients(cotangent);
  const Tensor sum = wg::add(Var(two[0]), Var(two[1])).value();
  // A product adds its second part in place, before rounding.
  CHECK(distance(one.gradients(cotangent)[0], sum) <= 1e-14);
}

}  // namespace

TEST_CASE("the gradient of every op is right", "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  for_each_sample(family, [](const Row& row, const Variant& variant, const auto& operands) {
    if (!row.differentiable) return;
    CHECK_THAT(variant.call, wg::GradientsMatch(operands));
  });
}

TEST_CASE("the check of an op recorded in f32 gives the same verdict", "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  for_each_sample(family, [](const Row& row, const Variant& variant, const auto& operands) {
    if (!row.differentiable) return;
    CHECK_THAT(variant.call, wg::GradientsMatch(in(wg::f32, operands), {.coordinates = 0}));
  });
}

TEST_CASE("the second derivative of every op is right", "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  for_each_sample(family, [](const Row& row, const Variant& variant, const auto& operands) {
    if (!row.twice_differentiable || !row.differentiable) return;
    // The checker contracts gradient and value in one dtype; only cast changes it.
    const auto in_one_dtype = [&](std::span<const Var> xs) {
      return wg::cast(variant.call(xs), wg::f64);
    };
    CHECK_THAT(in_one_dtype, wg::SecondOrderMatches(operands));
  });
}

TEST_CASE(
    "an op gives the same bits on a tape, off it and run again, and leaves its operands alone",
    "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  for_each_sample(family, [](const Row&, const Variant& variant, const auto& operands) {
    check_values(variant, operands);
    check_values(variant, in(wg::f32, operands));
    check_lifted_value(variant, operands);
  });
}

TEST_CASE("a pullback is linear, repeatable and as good in f32 as rounding allows", "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  wg::Rng rng(1965);
  for_each_sample(family, [&](const Row& row, const Variant& variant, const auto& operands) {
    if (!row.differentiable) return;
    std::vector<Tensor> before;
    for (const Tensor& operand : operands) before.push_back(deep_copy(operand));
    check_pullback(variant, operands, rng);
    check_single_precision(variant, operands, rng);
    check_aliased(variant, operands, rng);
    CHECK(same(operands, before));
  });
}

TEST_CASE("an op that is not differentiable gives values without a gradient", "[ops]") {
  const std::string family = GENERATE(from_range(wg::op_table::families()));
  for_each_sample(family, [](const Row& row, const Variant& variant, const auto& operands) {
    if (row.differentiable) return;
    const Recorded recorded(variant.call, operands);
    CHECK(recorded.y.on_tape());
    CHECK_FALSE(recorded.y.tracked());
  });
}

TEST_CASE("a pullback reads as many values as the op's row says", "[ops]") {
  for (const Row& row : wg::op_table::rows()) {
    INFO("op " << row.name);
    wg::Rng rng = rng_of(row);
    const Variant& variant = row.variants.front();
    const Recorded recorded(variant.call, drawn(samples_of(variant).front(), rng));
    CHECK(values_read(recorded.tape) == row.reads);
  }
}

TEST_CASE("where an op has no derivative it gives the one that its row names", "[ops]") {
  for (const Row& row : wg::op_table::rows())
    for (const wg::op_table::Convention& convention : row.conventions)
      for (const wg::DType dtype : {wg::f64, wg::f32}) {
        INFO("op " << row.name << ": " << convention.text << ", in " << to_string(dtype));
        const Recorded recorded(row.variants[convention.variant].call, in(dtype, convention.at));
        const std::vector<Tensor> got = recorded.gradients(ones_like(recorded.y.value()));
        REQUIRE(got.size() == convention.gradients.size());
        for (std::size_t k = 0; k < got.size(); ++k) {
          REQUIRE(got[k].shape() == convention.gradients[k].shape());
          const Tensor wide = got[k].to(wg::f64);
          for (std::size_t i = 0; i < got[k].size(); ++i) {
            INFO("operand " << k << ", element " << i);
            const double wanted = convention.gradients[k].data<double>()[i];
            const double value = wide.data<double>()[i];
            CHECK((value == wanted || std::abs(value - wanted) <=
                                          (dtype == wg::f64 ? 1e-15 : 2e-7) * std::abs(wanted)));
          }
        }
      }
}

TEST_CASE("the table is filled in", "[ops]") {
  for (const Row& row : wg::op_table::rows()) {
    INFO("op " << row.name);
    CHECK_FALSE(row.formula.empty());
    CHECK_FALSE(row.variants.empty());
    for (const Variant& variant : row.variants) CHECK_FALSE(samples_of(variant).empty());
  }
}
