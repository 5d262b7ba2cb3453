// SPDX-License-Identifier: MIT
// Trading time for memory: values made inside a checkpoint are forgotten and computed again on the
// way back. Gradients are bitwise those of the plain backward, random draws included, because the
// recorded ops run again, not the user's function.
#pragma once

#include <initializer_list>

#include "members.h"
#include "var.h"

namespace wengert {

namespace detail {

class CheckpointSegment {
 public:
  explicit CheckpointSegment(std::initializer_list<const Var*> inputs);
  ~CheckpointSegment();
  CheckpointSegment(const CheckpointSegment&) = delete;
  CheckpointSegment& operator=(const CheckpointSegment&) = delete;

 private:
  Recording* recording_ = nullptr;
  std::uint32_t begin_ = 0;
  bool outermost_ = false;
};

}  // namespace detail

/// checkpoint(f)(x...): as f(x...), but the tape keeps only what enters and leaves. Costs one more
/// forward of f during backward. Nests: an inner checkpoint is recomputed inside its outer one. If
/// no argument is on a tape it just calls f. Errors: TapeError if two arguments are on two tapes.
template <class F>
auto checkpoint(F&& f) {
  using Held = decltype(detail::held(std::forward<F>(f)));
  // A requirement, so that others can ask how many Vars it takes.
  return [f = detail::held(std::forward<F>(f))](
      const auto&... xs) requires std::invocable<const Held&, decltype(xs)...> {
    const detail::CheckpointSegment segment({&xs...});
    return f(xs...);
  };
}

}  // namespace wengert
