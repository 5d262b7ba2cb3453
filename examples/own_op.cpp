// SPDX-License-Identifier: MIT
// An op of one's own with its pullback: the logarithm of the Bessel function I0, whose derivative
// is I1 / I0. It is checked like the library's, and a wrong pullback is caught.
#include <cmath>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/wengert.h>
namespace wg = wengert;

// Applies a function of one number to every element, in float or double.
wg::Tensor each(const wg::Tensor& x, double (*f)(double)) {
  wg::Tensor y = x.to(wg::f64);
  for (double& value : y.mutable_data<double>()) value = f(value);
  return y.to(x.dtype());
}
double log_i0(double x) { return std::log(std::cyl_bessel_i(0.0, std::abs(x))); }
double ratio(double x) {
  const double size = std::abs(x);
  return std::copysign(std::cyl_bessel_i(1.0, size) / std::cyl_bessel_i(0.0, size), x);
}

int main() {
  const auto log_bessel = wg::custom_op<1>(
      "log_bessel", [](const wg::Var& x) { return wg::Var(each(x.value(), log_i0)); },
      [](const wg::Var& x, const wg::Var&, const wg::Var& g) {
        return g * wg::Var(each(x.value(), ratio));
      });
  const auto wrong = wg::custom_op<1>(
      "wrong", [](const wg::Var& x) { return wg::Var(each(x.value(), log_i0)); },
      [](const wg::Var& x, const wg::Var&, const wg::Var& g) {
        return 2 * g * wg::Var(each(x.value(), ratio));
      });

  wg::Rng rng{1};
  const wg::Tensor x = rng.normal({4, 3});
  const wg::CheckReport right = wg::gradcheck(log_bessel, x);
  const wg::CheckReport caught = wg::gradcheck(wrong, x);
  wg::print("{}\n\nand with a factor 2 too much:\n{}", right, caught);
  return right.agrees() && !caught.agrees() ? 0 : 1;
}
