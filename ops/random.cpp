// SPDX-License-Identifier: MIT
#include "random.h"

#include <fmt/format.h>

#include "arithmetic.h"
#include "kernels.h"

namespace wengert {

using namespace detail;

namespace {

/// Looks only at its operand's shape and dtype.
template <class Kind>
class Draw final : public Op {
 public:
  using OnlyPlainMembers = void;
  Draw(const char* name, const Kind& what, const Rng::State& from)
      : name_(name), what_(what), from_(from) {}

  std::string_view name() const override { return name_; }
  Output infer(Operands in) const override {
    check_float(name_, in);
    return {in[0].shape(), in[0].dtype()};
  }
  void forward(Operands, Tensor& out) const override { fill(what_, from_, out); }
  bool differentiable() const override { return false; }

 private:
  const char* name_;
  Kind what_;
  Rng::State from_;
};

template <class Kind>
Var draw_like(const char* name, const Kind& what, const Var& x, Rng& rng) {
  Var result = apply(Draw<Kind>(name, what, rng.state()), x);
  rng.skip(x.size());
  return result;
}

}  // namespace

Var normal_like(const Var& x, Rng& rng) { return draw_like("normal_like", Normal{}, x, rng); }
Var uniform_like(const Var& x, Rng& rng, double low, double high) {
  return draw_like("uniform_like", Uniform{low, high}, x, rng);
}
Var bernoulli_like(const Var& x, double p, Rng& rng) {
  return draw_like("bernoulli_like", Bernoulli{p}, x, rng);
}

Var dropout(const Var& x, double rate, Rng& rng) {
  if (!(rate >= 0.0 && rate < 1.0))
    throw ValueError(fmt::format("dropout: rate must be in [0, 1): {}", rate));
  if (rate == 0.0) return x;
  // The mask is scaled, not the product: it is on no gradient's way.
  return x * (bernoulli_like(x, 1.0 - rate, rng) / (1.0 - rate));
}

}  // namespace wengert
