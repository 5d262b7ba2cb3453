// SPDX-License-Identifier: MIT
// Values and gradients against PyTorch's and the true ones (tests/golden/ops.json, see its README).
// What differs and why is written down here, element by element; no tolerance is wide to hide it.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <wengert/graph/tape.h>

#include "accuracy.h"
#include "catch.h"
#include "golden.h"

namespace wg = wengert;
using namespace wengert::op_tests;
using wg::Tensor;
using wg::Var;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// ---------------------------------------------------------------- what differs on purpose

enum class Of { value, gradient };
enum class In { f32, f64, both };

/// Where our number is not the golden one.
struct Difference {
  Of of;
  const char* op;
  In dtype;
  double at;
  double ours;
  const char* why;
};
const std::vector<Difference>& differences() {
  static const char* flushed = "xsimd's exp gives 0 where the result would be denormal";
  static const char* unsigned_zero = "xsimd's expm1 and log1p lose the sign of zero";
  static const char* limit = "inf times 0, as in PyTorch";
  static const std::vector<Difference> list{
      {Of::value, "exp", In::f32, -88, 0, flushed},
      {Of::value, "sigmoid", In::f32, -88, 0, flushed},
      {Of::value, "softplus", In::f32, -88, 0, flushed},
      {Of::value, "log_sigmoid", In::f32, 88, 0, flushed},
      {Of::value, "silu", In::f32, -88, -0.0, flushed},
      {Of::value, "softsign", In::both, inf, not_a_number, limit},
      {Of::value, "softsign", In::both, -inf, not_a_number, limit},
      {Of::value, "gelu", In::both, -inf, not_a_number, limit},
      {Of::value, "gelu_tanh", In::both, -inf, not_a_number, limit},
      {Of::value, "silu", In::both, -inf, not_a_number, limit},
      {Of::value, "sign", In::both, -0.0, -0.0,
       "sign(x) is x where x is neither above nor below 0"},
      {Of::value, "expm1", In::both, -0.0, 0, unsigned_zero},
      {Of::value, "log1p", In::both, -0.0, 0, unsigned_zero},
      {Of::value, "elu", In::both, -0.0, 0, unsigned_zero},
      {Of::value, "selu", In::both, -0.0, 0, unsigned_zero},
      {Of::gradient, "exp", In::f32, -88, 0, flushed},
      {Of::gradient, "sigmoid", In::f32, -88, 0, flushed},
      {Of::gradient, "softplus", In::f32, -88, 0, flushed},
      {Of::gradient, "log_sigmoid", In::f32, 88, 0, flushed},
      {Of::gradient, "silu", In::f32, -88, 0, flushed},
      {Of::gradient, "elu", In::f32, -88, 0, flushed},
      {Of::gradient, "selu", In::f32, -88, 0, flushed},
      {Of::gradient, "erf", In::f32, 10, 0, flushed},
      {Of::gradient, "erf", In::f32, -10, 0, flushed},
      {Of::gradient, "softsign", In::both, inf, 0, "the limit; PyTorch has nan"},
      {Of::gradient, "softsign", In::both, -inf, 0, "the limit; PyTorch has nan"},
      {Of::gradient, "relu", In::both, not_a_number, 0, "nan is not above 0; PyTorch has 1"},
      {Of::gradient, "clamp", In::both, not_a_number, 1, "nan is on no side; PyTorch has 0"},
      {Of::gradient, "abs", In::both, not_a_number, not_a_number, "sign(nan); PyTorch has 0"},
      {Of::gradient, "pow 0.5", In::both, -inf, 0, "(-inf)^-0.5 as in C; PyTorch has nan"},
      {Of::gradient, "pow 0.5", In::both, -0.0, inf, "(-0)^-0.5 as in C; PyTorch has -inf"},
  };
  return list;
}

bool same_number(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
/// -0 and 0 differ here, NaNs do not.
bool equal_with_sign(double a, double b) {
  return same_number(a, b) && (a != 0 || std::signbit(a) == std::signbit(b));
}

/// Our number where it differs from the golden one.
std::optional<double> ours_instead(Of of, const std::string& op, bool single, double x) {
  for (const Difference& d : differences())
    if (d.of == of && op == d.op && d.dtype != (single ? In::f64 : In::f32) &&
        equal_with_sign(d.at, x))
      return d.ours;
  return {};
}

/// Derivatives for which PyTorch is no oracle: the truth, and the size of the terms it is the sum
/// of, by whose last place it is judged.
struct Derivative {
  const char* op;
  Long (*truth)(Long x);
  Long (*terms)(Long x);
  const char* why;
};

const Derivative true_derivatives[] = {
    {"tanh", [](Long x) { return std::pow(std::cosh(x), -2.0L); }, [](Long) { return 1.0L; },
     "1 - y^2 cancels, in PyTorch as here: the pullback reads the output"},
    {"softsign", [](Long x) { return std::pow(1 + std::abs(x), -2.0L); }, [](Long) { return 0.0L; },
     "PyTorch's is the difference of two terms"},
    {"gelu", [](Long x) { return normal_cdf(x) + x * normal_density(x); },
     [](Long x) { return normal_cdf(x) + std::abs(x) * normal_density(x); },
     "PyTorch's has 1 + erf, which cancels"},
    {"gelu_tanh", [](Long x) { return logistic(gelu_tanh_exponent(x)) * (1 + gelu_tanh_bend(x)); },
     [](Long x) { return logistic(gelu_tanh_exponent(x)) * (1 + std::abs(gelu_tanh_bend(x))); },
     "PyTorch's has 1 + tanh, which cancels"},
};

const Derivative* true_derivative(const std::string& op, double x) {
  if (!std::isfinite(x)) return nullptr;
  for (const Derivative& derivative : true_derivatives)
    if (op == derivative.op) return &derivative;
  return nullptr;
}

struct Result {
  Tensor value;
  std::vector<Tensor> gradients;
};
Result computed(const Case& c) {
  wg::Tape tape;
  std::vector<Var> xs;
  for (const Tensor& input : c.inputs)
    xs.push_back(is_float(input.dtype()) ? tape.variable(input) : tape.input(input));
  const Var y = c.call(xs);
  Result result{y.value(), {}};
  if (!c.cotangent.defined()) return result;
  const wg::Gradients found = tape.backward(y, c.cotangent);
  for (const Var& x : xs)
    result.gradients.push_back(is_float(x.dtype()) ? found[x].value() : Tensor());
  return result;
}

/// Within so many units of the last place of `wanted`, or of `scale` if that is larger.
bool close(double got, Long wanted, double ulp, bool single, double scale = 0) {
  if (std::isnan(wanted) || std::isinf(wanted))
    return same_number(got, static_cast<double>(wanted));
  const Long size = std::max(std::abs(wanted), static_cast<Long>(scale));
  return std::abs(got - wanted) <= ulp * unit_in_last_place(size, single);
}

double largest(const Tensor& tensor) {
  double size = 0;
  for (const double value : tensor.data<double>())
    if (std::isfinite(value)) size = std::max(size, std::abs(value));
  return size;
}

/// Whether nothing is summed up in an op's value, so that each element is judged by itself. (The
/// elements of softmax are quotients of exponentials, the denominator a sum of positive terms.)
bool value_is_no_sum(const Case& c) {
  static const std::set<std::string> ops{
      "add",    "sub",    "mul",    "div",     "maximum", "minimum", "max",
      "min",    "argmax", "argmin", "softmax", "permute", "flip",    "slice",
      "concat", "pad",    "take",   "gather",  "one_hot", "tril",    "triu"};
  return ops.contains(c.op);
}
/// The same of its gradient by operand k: take and gather sum up what an index names twice, binary
/// ops what broadcasting stretched.
bool gradient_is_no_sum(const Case& c, std::size_t k) {
  static const std::set<std::string> moving{"permute", "flip", "slice", "concat", "pad",
                                            "tril",    "triu", "max",   "min"};
  static const std::set<std::string> binary{"add", "sub", "mul", "div", "maximum", "minimum"};
  return moving.contains(c.op) || (binary.contains(c.op) && c.inputs[k].size() == c.output.size());
}

std::string dtype_name(bool single) { return single ? "f32" : "f64"; }

}  // namespace

TEST_CASE("elementwise ops give the true value, at zeros, denormals, infinities and NaN too",
          "[ops]") {
  for (const Case& c : golden_cases(true)) {
    const Tensor got = computed(c).value.to(wg::f64);
    const Tensor theirs = c.output.to(wg::f64);
    const Tensor x = c.inputs[0].to(wg::f64);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double at = x.data<double>()[i];
      const double value = got.data<double>()[i];
      const double wanted = c.reference[i];
      INFO(c.op << c.args << "(" << at << ") in " << dtype_name(c.single) << ": got " << value
                << ", the true value is " << wanted << ", PyTorch's " << theirs.data<double>()[i]);
      if (const auto ours = ours_instead(Of::value, c.label, c.single, at))
        CHECK(equal_with_sign(value, *ours));
      else if (at == 0 && wanted == 0) CHECK(equal_with_sign(value, wanted));
      else CHECK(close(value, wanted, allowed_ulp(c.op, at, c.single), c.single));
    }
  }
}

TEST_CASE("the gradients of elementwise ops are PyTorch's", "[ops]") {
  for (const Case& c : golden_cases(true)) {
    const Tensor got = computed(c).gradients[0].to(wg::f64);
    const Tensor theirs = c.gradients[0].to(wg::f64);
    const Tensor x = c.inputs[0].to(wg::f64);
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double at = x.data<double>()[i];
      const double value = got.data<double>()[i];
      const double wanted = theirs.data<double>()[i];
      INFO("the derivative of " << c.op << c.args << " at " << at << " in " << dtype_name(c.single)
                                << ": got " << value << ", PyTorch's is " << wanted);
      if (const auto ours = ours_instead(Of::gradient, c.label, c.single, at))
        CHECK(same_number(value, *ours));
      else if (const Derivative* truth = true_derivative(c.op, at))
        CHECK(close(value, truth->truth(at), allowed_ulp(c.op, at, c.single), c.single,
                    static_cast<double>(truth->terms(at))));
      else CHECK(close(value, wanted, 4, c.single));
    }
  }
}

TEST_CASE("all other ops give PyTorch's values and gradients", "[ops]") {
  for (const Case& c : golden_cases(false)) {
    const Result result = computed(c);
    INFO(c.op << c.args << " in " << dtype_name(c.single));
    REQUIRE(result.value.shape() == c.output.shape());
    REQUIRE(result.value.dtype() == c.output.dtype());
    const auto compare = [&](const Tensor& got, const Tensor& wanted, double scale) {
      const Tensor a = got.to(wg::f64);
      const Tensor b = wanted.to(wg::f64);
      for (std::size_t i = 0; i < a.size(); ++i) {
        INFO("element " << i << ": got " << a.data<double>()[i] << ", PyTorch's is "
                        << b.data<double>()[i]);
        CHECK(close(a.data<double>()[i], b.data<double>()[i], 4, c.single, scale));
      }
    };
    // A sum's rounding errors are relative to its terms; the largest element stands for those.
    compare(result.value, c.output, value_is_no_sum(c) ? 0 : largest(c.output.to(wg::f64)));
    for (std::size_t k = 0; k < result.gradients.size(); ++k) {
      INFO("gradient by operand " << k);
      if (!c.gradients[k].defined()) continue;
      const double terms =
          std::max(largest(c.gradients[k].to(wg::f64)), largest(c.cotangent.to(wg::f64)));
      compare(result.gradients[k], c.gradients[k], gradient_is_no_sum(c, k) ? 0 : terms);
    }
  }
}

TEST_CASE("the golden file has values for all elementwise ops of one operand", "[ops]") {
  // That it has none for an op would make the tests above pass for nothing.
  CHECK(golden_cases(true).size() == 62);
  CHECK(golden_cases(false).size() > 150);
}
