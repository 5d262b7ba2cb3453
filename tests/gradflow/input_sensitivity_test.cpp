// SPDX-License-Identifier: MIT
// How losses depend on inputs: against the ordinary backward pass by variables.
#include <functional>
#include <vector>

#include <wengert/gradflow/sensitivity.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>

#include "gradflow/brute_force.h"

namespace {

using namespace wengert;
using namespace wengert::test;
using Catch::Matchers::ContainsSubstring;

constexpr std::size_t steps = 7, in = 2, n = 3;

enum class Inputs { leaves, slices_before, slices_in_loop, fed_back, one_for_all };

struct Net : Recorded {
  Net(Inputs kind, std::size_t batch, bool tracked)
      : W(gaussian(rng, {n, n}, 0.6), "W"),
        U(gaussian(rng, {n, in}), "U"),
        V(gaussian(rng, {in, n}), "V") {
    const auto leaf = [&](const Tensor& value) -> Var {
      return tracked ? tape.variable(value) : tape.input(value);
    };
    const Tensor values = gaussian(rng, {steps, batch, in});
    Var whole;
    if (kind == Inputs::slices_before || kind == Inputs::slices_in_loop) whole = leaf(values);
    if (kind == Inputs::slices_before)
      for (std::size_t t = 0; t < steps; ++t)
        xs.push_back(select(whole, 0, static_cast<std::int64_t>(t)));
    Var state = zeros({batch, n}, f64);
    for (std::size_t t = 0; t < steps; ++t) {
      const auto at = static_cast<std::int64_t>(t);
      if (kind == Inputs::leaves || (kind == Inputs::fed_back && t == 0) ||
          (kind == Inputs::one_for_all && t == 0))
        xs.push_back(leaf(select(values, 0, at).value()));
      else if (kind == Inputs::slices_in_loop) xs.push_back(select(whole, 0, at));
      else if (kind == Inputs::fed_back) xs.push_back(linear(state, V.on(state)));
      else if (kind == Inputs::one_for_all) xs.push_back(xs[0]);
      state = wengert::tanh(linear(xs[t], U.on(xs[t])) + linear(state, W.on(xs[t])));
      h.push_back(state);
      losses.push_back(sum(square(state - 0.2)));
    }
  }
  Rng rng{7};
  Parameter W, U, V;
  std::vector<Var> xs = {};
};

}  // namespace

TEST_CASE("the sensitivity to inputs is the gradient by them, however they came to the tape") {
  for (const Inputs kind : {Inputs::leaves, Inputs::slices_before, Inputs::slices_in_loop,
                            Inputs::fed_back, Inputs::one_for_all})
    for (const std::size_t batch : {1, 4}) {
      CAPTURE(static_cast<int>(kind), batch);
      // An ordinary backward pass gives no gradient by tape.input: the other net has variables.
      const Net net(kind, batch, false), tracked(kind, batch, true);
      const auto found = gradflow::sensitivity(net.tape, net.h, net.losses, net.xs);
      REQUIRE(found.inputs == steps);
      for (std::size_t s = 0; s < steps; ++s)
        for (std::size_t k = 0; k < steps; ++k) {
          CAPTURE(s, k);
          const double norm = norm_of(jacobian(tracked.losses[s], tracked.xs[k]));
          if (norm == 0.0) CHECK(found.at(s, k) == -std::numeric_limits<double>::infinity());
          else CHECK(std::exp(found.at(s, k)) == Approx(norm).epsilon(1e-10));
        }
    }
}

TEST_CASE("an input that is not on the tape is named") {
  Net net(Inputs::leaves, 2, false);
  net.xs[3] = net.xs[3].value();
  CHECK_THROWS_WITH(gradflow::sensitivity(net.tape, net.h, net.losses, net.xs),
                    ContainsSubstring("x[3]") && ContainsSubstring("not on this tape"));
}
