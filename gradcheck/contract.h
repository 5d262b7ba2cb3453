// SPDX-License-Identifier: MIT
// What the engine relies on in an op of the user's own, beyond its derivative: that it is a
// function of its inputs, writes all it returns and nothing else. For `custom_op` and for any
// callable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gradcheck.h"

namespace wengert {

/// One rule, and whether the op keeps it.
struct ContractRule {
  std::string name;
  bool kept = true;
  std::string detail = {};  ///< what was found; of a kept rule a remark, mostly empty
};

struct ContractReport {
  std::string op;
  std::vector<ContractRule> rules;
  std::vector<std::string> not_tried;  ///< because a broken rule makes it unsafe or meaningless

  bool kept() const;
  /// Errors: ValueError if there is no rule of this name, or it was not tried.
  const ContractRule& operator[](std::string_view name) const;
};
std::string to_string(const ContractReport& report);

struct ContractOptions {
  double tolerance = 1e-13;  ///< of linearity, relative
  CheckOptions gradient;     ///< for the derivatives; its seed draws the cotangents too
};

namespace detail {
ContractReport check_contract(const Checked& op, std::span<const Tensor> inputs,
                              const ContractOptions& options);
}

/// Holds an op to its contract at these inputs (made f64 and f32 in turn; i64 stays as it is), each
/// rule in both precisions:
///
///     const ContractReport report = check_op(cube, {rng.normal({4, 3})});
///     CHECK(report.kept());  // with INFO(to_string(report))
///
/// - `result`                   has one shape, and the inputs' dtype
/// - `inputs left alone`        by forward and pullback, as are the output and the cotangent
/// - `result of its own`        no write to an input reaches it, and no write to it an input.
///                              Returning an input or a reshape of it is right: tensors that share
///                              memory count it and copy before they write
/// - `earlier results stay`     after further calls with other inputs
/// - `forward repeats`, `pullback repeats`    to the last bit
/// - `result written`, `gradients written`    in every element, whatever the memory held before.
///                              Sees memory of tensors only, not what `new` or std::vector bring
/// - `gradients fit`            have their inputs' shapes and dtypes
/// - `off the tape`             gives the same bits as on it
/// - `replay`                   gives the same bits, and those of f64 inputs when lifted
/// - `replay at other inputs`   gives what a call with them gives: nothing was read from `.value()`
///                              and cut loose
/// - `zero cotangent`, `linear in the cotangent`
/// - `gradient`                 is right (gradcheck)
/// - `second order`             is right too, or the op says that it is first order only
///
/// To see that an op takes an empty batch or one of size 1, call this with such inputs as well.
template <class F, std::size_t n>
ContractReport check_op(const F& op, const Tensor (&inputs)[n],
                        const ContractOptions& options = {}) {
  return detail::check_contract(detail::checked<n>(op, "check_op"), inputs, options);
}
template <class F>
ContractReport check_op(const F& op, std::span<const Tensor> inputs,
                        const ContractOptions& options = {}) {
  return detail::check_contract(detail::checked<detail::not_known>(op, "check_op"), inputs,
                                options);
}

}  // namespace wengert
