// SPDX-License-Identifier: MIT
// Catch2 matchers: REQUIRE_THAT(model, GradientsMatch(inputs...)). Include Catch2 (2.13 or 3, with
// its matchers) before this header. With 3 they can be negated and combined: !, &&, ||.
#pragma once

#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck.h"

/// Catch2 3's base of the matchers that take any argument. Only its full headers define a macro
/// with the version, so what is asked here is whether the class itself is defined.
namespace Catch::Matchers {
class MatcherGenericBase;
}

namespace wengert {

namespace detail {

/// 2.13 takes anything with match and toString.
struct PlainMatcher {
  virtual ~PlainMatcher() = default;
  virtual std::string describe() const = 0;
};

template <class T>
concept Defined = requires {
  sizeof(T);
};

using MatcherBase = std::conditional_t<Defined<Catch::Matchers::MatcherGenericBase>,
                                       Catch::Matchers::MatcherGenericBase, PlainMatcher>;

enum class Matched { gradient, second_order, linear };

/// The base is a parameter because sources of one program may include different parts of Catch2;
/// `given` is how many inputs a braced list held, if it was one.
template <Matched what, std::size_t given, class Base>
class GradientMatcher : public Base {
 public:
  GradientMatcher(std::vector<Tensor> inputs, const CheckOptions& options, std::size_t by = 0)
      : inputs_(std::move(inputs)), options_(options), by_(by) {}

  template <class F>
  bool match(const F& f) const {
    CheckReport report;
    if constexpr (what == Matched::gradient)
      report = check_function(checked<given>(f, "GradientsMatch"), inputs_, options_,
                              module_of<given>(f));
    else if constexpr (what == Matched::second_order)
      report = check_second_order(checked<given>(f, "SecondOrderMatches"), inputs_, options_);
    else report = detail::check_linear(checked<given>(f, "IsLinearIn"), inputs_, by_, options_);
    text_ = to_string(report);
    return report.agrees();
  }
  /// Hides the one of Catch2 3, which keeps its first answer.
  std::string toString() const { return describe(); }
  std::string describe() const override {
    constexpr const char* claims[] = {"has a right gradient", "has right second derivatives",
                                      "is linear"};
    return claims[static_cast<int>(what)] + (text_.empty() ? "" : "\n" + text_);
  }

 private:
  std::vector<Tensor> inputs_;
  CheckOptions options_;
  std::size_t by_;
  mutable std::string text_;
};

template <Matched what, std::size_t given>
using Matcher = GradientMatcher<what, given, MatcherBase>;

}  // namespace detail

// These are static for the same reason as the base is a parameter.

/// Passes if f, called with these inputs, has the gradient it claims (see gradcheck); otherwise the
/// message is the report.
template <std::size_t n>
static inline auto GradientsMatch(const Tensor (&inputs)[n], const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::gradient, n>({inputs, inputs + n}, options);
}
static inline auto GradientsMatch(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::gradient, detail::not_known>(std::move(inputs), options);
}
template <std::same_as<Tensor> T>
static inline auto GradientsMatch(const T& input, const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::gradient, 1>({input}, options);
}
/// The same for second derivatives.
template <std::size_t n>
static inline auto SecondOrderMatches(const Tensor (&inputs)[n], const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::second_order, n>({inputs, inputs + n}, options);
}
static inline auto SecondOrderMatches(std::vector<Tensor> inputs,
                                      const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::second_order, detail::not_known>(std::move(inputs),
                                                                           options);
}
template <std::same_as<Tensor> T>
static inline auto SecondOrderMatches(const T& input, const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::second_order, 1>({input}, options);
}
/// Passes if f is linear in its input number `by`, the other inputs held.
template <std::size_t n>
static inline auto IsLinearIn(std::size_t by, const Tensor (&inputs)[n],
                              const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::linear, n>({inputs, inputs + n}, options, by);
}
static inline auto IsLinearIn(std::size_t by, std::vector<Tensor> inputs,
                              const CheckOptions& options = {}) {
  return detail::Matcher<detail::Matched::linear, detail::not_known>(std::move(inputs), options,
                                                                     by);
}

}  // namespace wengert
