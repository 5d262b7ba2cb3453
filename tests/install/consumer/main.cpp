// SPDX-License-Identifier: MIT
// A user's program: fits a line to noisy points and says whether it found it.
#include <cmath>

#include <wengert/wengert.h>
namespace wg = wengert;

int main() {
  wg::Rng rng{1};
  auto x = wg::linspace(-1, 1, 100).reshape({100, 1});
  auto y = 2 * x + 1 + 0.1 * rng.normal({100, 1});
  wg::Linear line{1, 1, rng};
  wg::Sgd sgd{{.rate = 0.1}};
  for (int step = 0; step < 200; ++step) {
    wg::Tape tape;
    auto loss = wg::mse(line(tape.input(x)), y);
    sgd.update(line, tape.backward(loss));
  }
  wg::print("y = {:.3f} x + {:.3f}", line.weight, line.bias);
  const double slope = line.weight.value().item();
  const double offset = line.bias.value().item();
  return std::abs(slope - 2) < 0.1 && std::abs(offset - 1) < 0.1 ? 0 : 1;
}
