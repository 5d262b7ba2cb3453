// SPDX-License-Identifier: MIT
#include "accuracy.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wengert::op_tests {

namespace {

struct Bound {
  const char* op;
  double (*ulp)(double x, bool single);
  const char* why;
};
const Bound looser[] = {
    {"gelu", [](double x, bool single) { return single && x < 0 ? 6 + 2 * x * x : 4.0; },
     "xsimd's f32 erfc takes e to the power of a rounded square: x^2/2 roundings in the exponent"},
    {"gelu_tanh",
     [](double x, bool) { return x < 0 ? 6 + 5 * std::abs(x + 0.044715 * x * x * x) : 4.0; },
     "sigmoid(2u) is e^(2u) for u << 0: the rounding of the cubic 2u is 2|u| roundings of the "
     "value"},
};

template <class T>
Long unit_in_last_place(Long value) {
  const auto size = std::max(std::abs(value), static_cast<Long>(std::numeric_limits<T>::min()));
  int exponent = 0;
  std::frexp(size, &exponent);
  return std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
}

}  // namespace

double allowed_ulp(const std::string& op, double x, bool single) {
  for (const Bound& bound : looser)
    if (op == bound.op) return bound.ulp(x, single);
  return 4;
}

Long unit_in_last_place(Long value, bool single) {
  return single ? unit_in_last_place<float>(value) : unit_in_last_place<double>(value);
}

Long logistic(Long x) { return 1 / (1 + std::exp(-x)); }
Long normal_cdf(Long x) { return std::erfc(-x * std::sqrt(0.5L)) / 2; }
Long normal_density(Long x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0L)); }
Long gelu_tanh_exponent(Long x) {
  return std::sqrt(8 / std::acos(-1.0L)) * (x + 0.044715L * x * x * x);
}
Long gelu_tanh_bend(Long x) {
  return x * logistic(-gelu_tanh_exponent(x)) * std::sqrt(8 / std::acos(-1.0L)) *
         (1 + 3 * 0.044715L * x * x);
}

}  // namespace wengert::op_tests
