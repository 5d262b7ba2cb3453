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

template <bool second_order>
class GradientMatcher : public MatcherBase {
 public:
  GradientMatcher(std::vector<Tensor> inputs, const CheckOptions& options)
      : inputs_(std::move(inputs)), options_(options) {}

  template <class F>
  bool match(const F& f) const {
    const CheckReport report =
        second_order ? gradcheck_second_order(f, std::span<const Tensor>(inputs_), options_)
                     : gradcheck(f, std::span<const Tensor>(inputs_), options_);
    text_ = to_string(report);
    return report.agrees();
  }
  std::string toString() const { return describe(); }
  std::string describe() const {
    return std::string(second_order ? "has right second derivatives" : "has a right gradient") +
           "\n" + text_;
  }

 private:
  std::vector<Tensor> inputs_;
  CheckOptions options_;
  mutable std::string text_;
};

}  // namespace detail

/// Passes if f, called with these inputs, has the gradient it claims (see gradcheck).
inline auto GradientsMatch(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::GradientMatcher<false>(std::move(inputs), options);
}
inline auto GradientsMatch(const Tensor& input, const CheckOptions& options = {}) {
  return detail::GradientMatcher<false>({input}, options);
}
/// The same for second derivatives.
inline auto SecondOrderMatches(std::vector<Tensor> inputs, const CheckOptions& options = {}) {
  return detail::GradientMatcher<true>(std::move(inputs), options);
}
inline auto SecondOrderMatches(const Tensor& input, const CheckOptions& options = {}) {
  return detail::GradientMatcher<true>({input}, options);
}

}  // namespace wengert
