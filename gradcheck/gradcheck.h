// SPDX-License-Identifier: MIT
// Is a gradient right? The recorded tape is run again in float64 and differenced there; backward in
// float64 has to agree. Nothing is asked of the model: no template, no second version. On failure
// the report names the op, the input, the pattern of the error and what usually causes it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "../graph/members.h"
#include "../graph/tape.h"
#include "../graph/var.h"
#include "callable.h"
#include "report.h"

namespace wengert {

struct CheckOptions {
  double tolerance = 1e-7;         ///< of T3 and T4, relative
  std::size_t directions = 3;      ///< random directions through all leaves at once
  std::size_t coordinates = 2000;  ///< up to so many elements each is checked alone, else a sample
  double step = 5.8e-3;            ///< times max(1, |x|)
  /// T0 calls the function again and compares it with its tape; T1 and T2 test backward against
  /// itself; T5 checks every op alone; T7 compares float32 with float64.
  bool repeatability = true;
  bool adjoint = true;
  bool nodes = true;
  bool precision = true;
  bool second_order = false;  ///< T6 as well; see also gradcheck_second_order
  std::uint64_t seed = 0x5eed;
};

/// Checks the gradient of `y` by every variable and parameter of the tape: a model that has been
/// run already. If y is no scalar it is contracted with a random cotangent. Errors: TapeError if y
/// is not on the tape or nothing tracked leads to it.
CheckReport check_tape(const Tape& tape, const Var& y, const CheckOptions& options = {});

namespace detail {
/// What is known of a function that is a module: its parameters, and how to call a copy of it in
/// which some of them have other values.
struct CheckedModule {
  struct Listed {
    const Parameter* own;
    std::string path;
  };
  /// Called with every parameter of the copy, and the identity of the original's.
  using Change = std::function<void(std::uint64_t id, Parameter&)>;

  std::vector<Listed> parameters = {};
  std::function<Var(const Change&, std::span<const Var>)> copy_at = {};
  bool runs_off_tape = true;
};
CheckReport check_function(const Checked& f, std::span<const Tensor> inputs,
                           const CheckOptions& options, const CheckedModule& module = {});
CheckReport check_second_order(const Checked& f, std::span<const Tensor> inputs,
                               const CheckOptions& options);
CheckReport check_linear(const Checked& f, std::span<const Tensor> inputs, std::size_t by,
                         const CheckOptions& options);

template <std::size_t given, class F>
CheckedModule module_of(const F& f) {
  CheckedModule result;
  if constexpr (HasMembers<const F>) {
    for_each_member(f, [&](const std::string& path, const auto& member) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Parameter>)
        result.parameters.push_back({&member, path});
    });
    if constexpr (std::copy_constructible<F>)
      result.copy_at = [&f, listed = result.parameters](const CheckedModule::Change& change,
                                                        std::span<const Var> xs) {
        F copy = f;
        std::size_t number = 0;
        for_each_member(copy, [&](const std::string&, auto& member) {
          if constexpr (std::same_as<std::remove_reference_t<decltype(member)>, Parameter>)
            change(listed.at(number).own->id(), member);
          if constexpr (std::same_as<std::remove_cvref_t<decltype(member)>, Parameter>) ++number;
        });
        return checked<given>(copy, "gradcheck")(xs);
      };
  }
  return result;
}
}  // namespace detail

/// Checks f at these inputs: by the inputs that are f32 or f64, and by the parameters it uses. `f`
/// is any callable with one to six Vars, or with a span of them: an op, a loss, a module, a
/// whole unrolled model. It is called several times, at the inputs and near them. Errors:
/// ValueError if f takes another number of inputs; TapeError if no recorded op leads from an input
/// or a parameter to its result.
template <class F, std::size_t n>
CheckReport gradcheck(F&& f, const Tensor (&inputs)[n], const CheckOptions& options = {}) {
  return detail::check_function(detail::checked<n>(f, "gradcheck"), inputs, options,
                                detail::module_of<n>(f));
}
template <class F>
CheckReport gradcheck(F&& f, std::span<const Tensor> inputs, const CheckOptions& options = {}) {
  return detail::check_function(detail::checked<detail::not_known>(f, "gradcheck"), inputs, options,
                                detail::module_of<detail::not_known>(f));
}
// A template, so that a braced list is a list and never this.
template <class F, std::same_as<Tensor> T>
CheckReport gradcheck(F&& f, const T& input, const CheckOptions& options = {}) {
  const Tensor inputs[] = {input};
  return gradcheck(f, inputs, options);
}

/// Checks the second derivatives (T6): u'Hv = v'Hu, and the gradient's product with a random vector
/// is itself differentiated and differenced. UNRESOLVED, with the op's name, if one on the way has
/// a first derivative only.
template <class F, std::size_t n>
CheckReport gradcheck_second_order(F&& f, const Tensor (&inputs)[n],
                                   const CheckOptions& options = {}) {
  return detail::check_second_order(detail::checked<n>(f, "gradcheck_second_order"), inputs,
                                    options);
}
template <class F>
CheckReport gradcheck_second_order(F&& f, std::span<const Tensor> inputs,
                                   const CheckOptions& options = {}) {
  return detail::check_second_order(detail::checked<detail::not_known>(f, "gradcheck_second_order"),
                                    inputs, options);
}
template <class F, std::same_as<Tensor> T>
CheckReport gradcheck_second_order(F&& f, const T& input, const CheckOptions& options = {}) {
  const Tensor inputs[] = {input};
  return gradcheck_second_order(f, inputs, options);
}

/// Whether f is linear in its input number `by`, counted from 0, others held: f(a u + v) = a f(u) +
/// f(v) up to float64's rounding, 1e-12, at random u and v of about 1. So f(0) = 0: with an offset
/// it is affine, and that is DISAGREE. The tape is asked in float64, and f itself is called at the
/// same places, where it has to give what its tape gives, unless it draws random numbers. NONFINITE
/// if f has a narrower domain. Errors: ValueError if there is no such input, or it is i64.
template <class F, std::size_t n>
CheckReport check_linear(F&& f, const Tensor (&inputs)[n], std::size_t by = 0,
                         const CheckOptions& options = {}) {
  return detail::check_linear(detail::checked<n>(f, "check_linear"), inputs, by, options);
}
template <class F>
CheckReport check_linear(F&& f, std::span<const Tensor> inputs, std::size_t by = 0,
                         const CheckOptions& options = {}) {
  return detail::check_linear(detail::checked<detail::not_known>(f, "check_linear"), inputs, by,
                              options);
}

}  // namespace wengert
