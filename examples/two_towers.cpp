// SPDX-License-Identifier: MIT
// A model of one's own: a struct with a call and a member list. Its gradient is checked, it is
// summarised, and it learns a product that no single layer can represent.
#include <wengert/gradcheck/gradcheck.h>
#include <wengert/wengert.h>
namespace wg = wengert;

struct TwoTowers {
  wg::Linear left, right;
  wg::Var operator()(const wg::Var& x) const { return wg::tanh(left(x)) * wg::sigmoid(right(x)); }
  static void members(auto& self, auto&& visit) {
    visit("left", self.left);
    visit("right", self.right);
  }
};

int main() {
  wg::Rng rng{1};
  TwoTowers model{{5, 3, rng}, {5, 3, rng}};
  wg::print("{}", wg::summary(model, wg::zeros({1, 5})));
  wg::print("{}", wg::gradcheck(model, rng.normal({4, 5})));

  const TwoTowers truth{{5, 3, rng}, {5, 3, rng}};
  const auto x = rng.normal({256, 5});
  const auto y = truth(x);
  wg::Adam adam{{.rate = 0.02}};
  for (int step = 0; step <= 400; ++step) {
    wg::Tape tape;
    const auto loss = wg::mse(model(tape.input(x)), y);
    adam.update(model, tape.backward(loss));
    if (step % 100 == 0) wg::print("step {:3}  loss {:.2e}", step, loss);
  }
}
