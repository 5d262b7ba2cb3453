// SPDX-License-Identifier: MIT
// Elementwise functions against long double all over their range.
#include "accuracy.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <wengert/graph/rng.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/elementwise.h>

#include "catch.h"

namespace wg = wengert;
using namespace wengert::op_tests;

TEST_CASE("elementwise functions are within their bound all over their range", "[ops]") {
  struct Function {
    const char* op;
    wg::Var (*ours)(const wg::Var&);
    Long (*truth)(Long x);
    std::vector<std::pair<double, double>> ranges;
  };
  const std::vector<Function> functions{
      {"exp", wg::exp, [](Long x) { return std::exp(x); }, {{-87, 88}, {-1, 1}}},
      {"expm1", wg::expm1, [](Long x) { return std::expm1(x); }, {{-20, 20}, {-1e-3, 1e-3}}},
      {"log", wg::log, [](Long x) { return std::log(x); }, {{1e-30, 10}, {0.9, 1.1}}},
      {"log1p", wg::log1p, [](Long x) { return std::log1p(x); }, {{-0.99, 10}, {-1e-3, 1e-3}}},
      {"sqrt", wg::sqrt, [](Long x) { return std::sqrt(x); }, {{1e-9, 100}}},
      {"rsqrt", wg::rsqrt, [](Long x) { return 1 / std::sqrt(x); }, {{1e-9, 100}}},
      {"sin", wg::sin, [](Long x) { return std::sin(x); }, {{-4, 4}, {-100, 100}, {-1e6, 1e6}}},
      {"cos", wg::cos, [](Long x) { return std::cos(x); }, {{-4, 4}, {-100, 100}, {-1e6, 1e6}}},
      {"erf", wg::erf, [](Long x) { return std::erf(x); }, {{-4, 4}, {-1e-3, 1e-3}}},
      {"tanh", wg::tanh, [](Long x) { return std::tanh(x); }, {{-10, 10}, {-1e-3, 1e-3}}},
      {"sigmoid", wg::sigmoid, logistic, {{-80, 80}, {-3, 3}}},
      {"softplus",
       wg::softplus,
       [](Long x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::abs(x))); },
       {{-80, 80}, {-3, 3}}},
      {"log_sigmoid",
       wg::log_sigmoid,
       [](Long x) { return std::min(x, 0.0L) - std::log1p(std::exp(-std::abs(x))); },
       {{-80, 80}, {-3, 3}}},
      {"selu",
       wg::selu,
       [](Long x) {
         return 1.0507009873554804934L * (x > 0 ? x : 1.6732632423543772848L * std::expm1(x));
       },
       {{-10, 10}, {-1e-3, 1e-3}}},
      {"silu", wg::silu, [](Long x) { return x * logistic(x); }, {{-80, 80}, {-3, 3}}},
      {"gelu", wg::gelu, [](Long x) { return x * normal_cdf(x); }, {{-12, 12}, {-2, 2}}},
      {"gelu_tanh",
       wg::gelu_tanh,
       [](Long x) { return x * logistic(gelu_tanh_exponent(x)); },
       {{-9, 9}, {-2, 2}}},
  };
  wg::Rng rng(1964);
  for (const Function& f : functions)
    for (const bool single : {true, false}) {
      if (!single && std::numeric_limits<Long>::digits < 64) continue;  // no truth to compare with
      for (const auto& [low, high] : f.ranges) {
        const wg::DType dtype = single ? wg::f32 : wg::f64;
        const wg::Tensor x = rng.uniform({10000}, low, high, dtype);
        const wg::Tensor y = f.ours(wg::Var(x)).value().to(wg::f64);
        const wg::Tensor points = x.to(wg::f64);
        double worst = 0;
        double at = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
          const double point = points.data<double>()[i];
          const Long truth = f.truth(point);
          const double error = static_cast<double>(std::abs(y.data<double>()[i] - truth) /
                                                   unit_in_last_place(truth, single)) /
                               allowed_ulp(f.op, point, single);
          if (error <= worst) continue;
          worst = error;
          at = point;
        }
        INFO(f.op << " in " << to_string(dtype) << ", worst at " << at);
        CHECK(worst <= 1);
      }
    }
}
