// SPDX-License-Identifier: MIT
// Cases for property-based gradient checks: an op of the table on a generated shape, with generated
// axes, broadcasting and values. Who generates, counts and shrinks is up to the test.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ops/table.h"

namespace wengert::generated {

/// A case is a function of a few bytes: smaller bytes and fewer of them make a smaller case, so
/// that whatever shrinks a list of numbers shrinks every kind of case. 0 is always the simplest
/// choice, and all that is asked for after the end.
class Choices {
 public:
  explicit Choices(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  /// One of 0, ..., n - 1.
  std::size_t below(std::size_t n) {
    const std::size_t byte = next_ < bytes_.size() ? bytes_[next_] : 0;
    ++next_;
    return byte % n;
  }
  /// True once in `n` times.
  bool one_in(std::size_t n) { return below(n) == n - 1; }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t next_ = 0;
};

/// How many bytes are worth drawing for one case.
inline constexpr std::size_t bytes_of_a_case = 80;

/// An op and what it is called with.
struct Case {
  std::string text;  ///< "sum(x, {0, 2}, keep_axes)"
  op_table::Call call;
  std::vector<Tensor> operands;
  bool second_order = false;  ///< this one is to be differentiated twice
};
/// "mul(x, x) on f64 [1]", and the values if there are few.
std::string to_string(const Case& one);

/// The case that these bytes stand for; in either precision if `dtype` is not given. Nothing if the
/// op has no finite value there (the mean of nothing).
std::optional<Case> case_of(const op_table::Row& row, std::span<const std::uint8_t> bytes,
                            std::optional<DType> dtype = {});

/// An op with parameters and shapes of its own drawing, beside the variants of its row.
struct Drawn {
  std::string text;
  op_table::Call call;
  op_table::Sample sample;
};
using Recipe = std::function<Drawn(const op_table::Row&, Choices&)>;
/// Null for ops whose variants say all.
const Recipe* recipe_of(const op_table::Row& row);

/// 1 to 4, and 0 now and then.
std::size_t extent(Choices& choices);
/// `least` to 4 of them.
Shape shape(Choices& choices, std::size_t least = 0);
/// The shape itself, or one that numpy's rules stretch to it.
Shape stretchable(const Shape& full, Choices& choices);

}  // namespace wengert::generated
