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

/// The base is a parameter because sources of one program may include different parts of Catch2.
template <Matched what, class Base>
class GradientMatcher : public Base {
 public:
  GradientMatcher(std::vector<Tensor> inputs, const CheckOptions& options, std::size_t by = 0)
      : inputs_(std::move(inputs)), options_(options), by_(by) {}

  template <class F>
  bool match(const F& f) const {
    const std::span<const Tensor> inputs(inputs_);
    CheckReport report;
    if constexpr (what == Matched::gradient) report = gradcheck(f, inputs, options_);
    else if constexpr (what == Matched::second_order)
      report = gradcheck_second_order(f, inputs, options_);
    else report = check_linear(f, inputs, by_, options_);
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

}  // namespace detail

// These are static for the same reason as the base is a parameter.

/// Passes if f, called with these inputs, has the gradient it claims (see gradcheck); otherwise the
/// message is the report.
static inline auto GradientsMatch(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::gradient, detail::MatcherBase>(std::move(inputs),
                                                                                 options);
}
static inline auto GradientsMatch(const Tensor& input, const CheckOptions& options = {}) {
  return GradientsMatch(std::vector<Tensor>{input}, options);
}
/// The same for second derivatives.
static inline auto SecondOrderMatches(std::vector<Tensor> inputs,
                                      const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::second_order, detail::MatcherBase>(
      std::move(inputs), options);
}
static inline auto SecondOrderMatches(const Tensor& input, const CheckOptions& options = {}) {
  return SecondOrderMatches(std::vector<Tensor>{input}, options);
}
/// Passes if f is linear in its input number `by`, the other inputs held.
static inline auto IsLinearIn(std::size_t by, std::vector<Tensor> inputs,
                              const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::linear, detail::MatcherBase>(std::move(inputs),
                                                                               options, by);
}

}  // namespace wengert
