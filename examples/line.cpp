// SPDX-License-Identifier: MIT
// The lecture's first model: a line fitted to noisy points.
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
}
