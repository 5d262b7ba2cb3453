// SPDX-License-Identifier: MIT
// Catch2 matchers: REQUIRE_THAT(model, GradientsMatch(inputs...)). Include Catch2 (2.13 or 3, with
// its matchers) before this header.
#pragma once

#include <string>
#include <vector>

#include "gradcheck.h"

namespace wengert {

namespace detail {

#if defined(CATCH_VERSION_MAJOR) && CATCH_VERSION_MAJOR >= 3
using MatcherBase = Catch::Matchers::MatcherGenericBase;
#else
struct MatcherBase {};  // Catch2 2 takes anything with match and toString
#endif

enum class Matched { gradient, second_order, linear };

template <Matched what>
class GradientMatcher : public MatcherBase {
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
  std::string toString() const { return describe(); }
  std::string describe() const {
    constexpr const char* claims[] = {"has a right gradient", "has right second derivatives",
                                      "is linear"};
    return std::string(claims[static_cast<int>(what)]) + "\n" + text_;
  }

 private:
  std::vector<Tensor> inputs_;
  CheckOptions options_;
  std::size_t by_;
  mutable std::string text_;
};

}  // namespace detail

/// Passes if f, called with these inputs, has the gradient it claims (see gradcheck); otherwise the
/// message is the report.
inline auto GradientsMatch(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::gradient>(std::move(inputs), options);
}
inline auto GradientsMatch(const Tensor& input, const CheckOptions& options = {}) {
  return GradientsMatch(std::vector<Tensor>{input}, options);
}
/// The same for second derivatives.
inline auto SecondOrderMatches(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::second_order>(std::move(inputs), options);
}
inline auto SecondOrderMatches(const Tensor& input, const CheckOptions& options = {}) {
  return SecondOrderMatches(std::vector<Tensor>{input}, options);
}
/// Passes if f is linear in its input number `by`, the other inputs held.
inline auto IsLinearIn(std::size_t by, std::vector<Tensor> inputs,
                       const CheckOptions& options = {}) {
  return detail::GradientMatcher<detail::Matched::linear>(std::move(inputs), options, by);
}

}  // namespace wengert
