// SPDX-License-Identifier: MIT
// Is a gradient right? The recorded tape is run again in float64 and differenced there; backward in
// float64 has to agree. Nothing is asked of the model: no template, no second version.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "../graph/members.h"
#include "../graph/tape.h"
#include "../graph/var.h"

namespace wengert {

enum class Verdict {
  agree,
  disagree,
  unresolved,  ///< the differences are not accurate enough here to decide
  nonfinite,   ///< the value or the gradient is NaN or infinite
};
std::string_view to_string(Verdict verdict);

struct CheckOptions {
  double tolerance = 1e-7;         ///< relative
  std::size_t directions = 3;      ///< random directions through all leaves at once
  std::size_t coordinates = 2000;  ///< up to so many elements each is checked alone, else a sample
  double step = 5.8e-3;            ///< times max(1, |x|)
  std::uint64_t seed = 0x5eed;
};

/// What was compared, and the worst of it.
struct CheckReport {
  Verdict verdict = Verdict::agree;
  std::string leaf;                ///< "parameter 'encoder.0.weight'", "input 1"
  std::vector<std::size_t> index;  ///< the element; empty if a direction was worst
  double analytic = 0;
  double numeric = 0;
  double error = 0;         ///< |analytic - numeric| over the scale it is judged by
  double oracle_error = 0;  ///< estimated error of the differences, over the same scale
  std::size_t elements = 0;
  std::size_t directions = 0;
  std::size_t coordinates = 0;
  std::size_t kinks = 0;  ///< comparisons at a point without a derivative, judged by both sides
  std::uint64_t seed = 0;

  bool agrees() const { return verdict == Verdict::agree; }
};
std::string to_string(const CheckReport& report);

/// Checks the gradient of `y` by every variable and parameter of the tape. If y is no scalar it is
/// contracted with a random cotangent.
/// Errors: TapeError if y is not on the tape or nothing tracked leads to it.
CheckReport check_tape(const Tape& tape, const Var& y, const CheckOptions& options = {});

namespace detail {
using Checked = std::function<Var(std::span<const Var>)>;
CheckReport check_function(const Checked& f, std::span<const Tensor> inputs,
                           const CheckOptions& options);
CheckReport check_second_order(const Checked& f, std::span<const Tensor> inputs,
                               const CheckOptions& options);

template <class F, std::size_t... K>
Var call(F& f, std::span<const Var> xs, std::index_sequence<K...>) {
  return f(xs[K]...);
}
/// The function behind `f(x0, x1, ...)`, for as many arguments as there are.
template <class F>
Checked checked(F& f) {
  return [&f](std::span<const Var> xs) -> Var {
    if constexpr (std::invocable<F&, std::span<const Var>>) {
      return f(xs);
    } else if constexpr (std::invocable<F&, const Var&>) {
      return call(f, xs, std::make_index_sequence<1>{});
    } else if constexpr (std::invocable<F&, const Var&, const Var&>) {
      return call(f, xs, std::make_index_sequence<2>{});
    } else {
      return call(f, xs, std::make_index_sequence<3>{});
    }
  };
}
}  // namespace detail

/// Checks f at these inputs: by the inputs that are f32 or f64, and by the parameters it uses. `f`
/// is any callable with one to three Vars, or with a span of them: an op, a loss, a module, a
/// model.
template <class F>
CheckReport gradcheck(F&& f, std::span<const Tensor> inputs, const CheckOptions& options = {}) {
  return detail::check_function(detail::checked(f), inputs, options);
}
template <class F>
CheckReport gradcheck(F&& f, std::initializer_list<Tensor> inputs,
                      const CheckOptions& options = {}) {
  return gradcheck(f, std::span(inputs.begin(), inputs.size()), options);
}
template <class F>
CheckReport gradcheck(F&& f, const Tensor& input, const CheckOptions& options = {}) {
  return gradcheck(f, std::span(&input, 1), options);
}

/// Checks the second derivatives: the gradient's product with a random vector is itself
/// differentiated and differenced.
template <class F>
CheckReport gradcheck_second_order(F&& f, std::span<const Tensor> inputs,
                                   const CheckOptions& options = {}) {
  return detail::check_second_order(detail::checked(f), inputs, options);
}
template <class F>
CheckReport gradcheck_second_order(F&& f, std::initializer_list<Tensor> inputs,
                                   const CheckOptions& options = {}) {
  return gradcheck_second_order(f, std::span(inputs.begin(), inputs.size()), options);
}

}  // namespace wengert
