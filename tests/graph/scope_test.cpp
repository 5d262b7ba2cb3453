// SPDX-License-Identifier: MIT
// Nodes know the module and the time step they were made under.
#include <wengert/graph/recording.h>
#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

namespace {
std::string place(const Tape& tape, const Var& x) {
  const detail::Recording& recording = tape.recording();
  return to_string(recording.places[recording.nodes[detail::Recording::index_of(x)].place]);
}

struct Model {
  Sequential<Linear, Var (*)(const Var&)> encoder;
  static void members(auto& self, auto&& visit) { visit("encoder", self.encoder); }
};

}  // namespace

TEST_CASE("scopes nest, carry time steps, and end with their block") {
  Tape tape;
  const Var x = tape.input(ones({1}));
  Var inner, step;
  {
    const Scope model(x, "model");
    const Scope cell(x, "cell");
    inner = exp(x);
    const Scope at(x, 12);
    step = exp(x);
  }
  CHECK(place(tape, inner) == "model.cell");
  CHECK(place(tape, step) == "model.cell at step 12");
  CHECK(place(tape, exp(x)).empty());
}

TEST_CASE("a Sequential's nodes carry the path of its member, once the model's names are known") {
  Rng rng{1};
  Model model{{Linear{2, 2, rng}, relu}};
  parameters(model);
  CHECK(model.encoder.get<0>().weight.name() == "encoder.0.weight");
  Tape tape;
  const Var y = model.encoder(tape.input(ones({1, 2})));
  CHECK(place(tape, y) == "encoder.1");
}

TEST_CASE("off the tape a scope does nothing") {
  const Var x = ones({1});
  const Scope scope(x, "nowhere");
  CHECK(exp(x).item() == Approx(2.718281828));
}
