// SPDX-License-Identifier: MIT
// Derivatives of any order from one pullback an op: derivative() of derivative() of derivative().
#include <wengert/wengert.h>
namespace wg = wengert;

int main() {
  const auto f = [](const wg::Var& x) { return wg::exp(x) * wg::sin(x); };
  const auto f3 = wg::derivative(wg::derivative(wg::derivative(f)));
  const wg::Var x = wg::linspace(0, 2, 5, wg::f64);
  wg::print("f'''(x)    {}", f3(x));
  wg::print("exactly    {}", 2 * wg::exp(x) * (wg::cos(x) - wg::sin(x)));

  wg::Rng rng{1};
  wg::Sequential net{wg::Linear{1, 16, rng}, wg::tanh, wg::Linear{16, 1, rng}};
  const auto third = wg::derivative(wg::derivative(wg::derivative(net)));
  wg::print("the same of a net with 16 hidden units: {}",
            third(wg::matrix({{-0.5}, {0.0}, {0.5}})));
}
