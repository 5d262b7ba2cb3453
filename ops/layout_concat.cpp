// SPDX-License-Identifier: MIT
// Values side by side.
#include <algorithm>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "layout.h"

namespace wengert {

using namespace detail;

namespace {

enum class Along : bool { an_axis_they_have, a_new_axis };

class Concat final : public Op {
 public:
  using OnlyPlainMembers = void;
  Concat(Along along, std::int64_t axis, std::size_t count)
      : along_(along), axis_(axis), count_(count) {}
  std::string_view name() const override { return stacks() ? "stack" : "concat"; }

  Output infer(Operands in) const override {
    const Shape& first = in[0].shape();
    const std::size_t axis = axis_of(first);
    for (std::size_t k = 1; k < in.size(); ++k) check_fit(in[0], in[k], k, axis);
    Shape shape;
    for (std::size_t i = 0; i < first.rank() + (stacks() ? 1 : 0); ++i) {
      if (i != axis) shape.append(first[i - (stacks() && i > axis ? 1 : 0)]);
      else shape.append(extent_along(in, axis));
    }
    return {shape, in[0].dtype()};
  }
  void forward(Operands in, Tensor& out) const override {
    if (out.size() == 0) return;
    std::size_t rows = 1;
    for (std::size_t axis = 0; axis < axis_of(in[0].shape()); ++axis) rows *= out.shape()[axis];
    const std::size_t row = out.size() / rows;
    dispatch(out.dtype(), [&]<class T>(T) {
      T* to = out.mutable_data<T>().data();
      for (std::size_t k = 0; k < in.size(); ++k) {
        const T* from = in[k].data<T>().data();
        const std::size_t part = in[k].size() / rows;
        for (std::size_t r = 0; r < rows; ++r) std::copy_n(from + r * part, part, to + r * row);
        to += part;
      }
    });
  }
  void pullback(Pullback& back) const override {
    const std::size_t axis = axis_of(back.input_shape(0));
    const auto signed_axis = static_cast<std::int64_t>(axis);
    std::int64_t at = 0;
    for (std::size_t k = 0; k < count_; ++k) {
      const std::int64_t size = stacks() ? 1 : static_cast<std::int64_t>(back.input_shape(k)[axis]);
      if (back.needs(k))
        back.to(k, stacks() ? select(back.cotangent(), signed_axis, at)
                            : slice(back.cotangent(), signed_axis, at, at + size));
      at += size;
    }
  }

 private:
  bool stacks() const { return along_ == Along::a_new_axis; }
  std::size_t axis_of(const Shape& part) const {
    if (stacks()) return normalized_axis("stack", axis_, part.rank() + 1);
    if (part.rank() == 0) throw ShapeError("concat: scalars have no axis; use stack");
    return normalized_axis("concat", axis_, part.rank());
  }
  std::size_t extent_along(Operands in, std::size_t axis) const {
    if (stacks()) return in.size();
    std::size_t sum = 0;
    for (std::size_t k = 0; k < in.size(); ++k) sum += in[k].shape()[axis];
    return sum;
  }
  void check_fit(const Tensor& first, const Tensor& other, std::size_t k, std::size_t axis) const {
    if (other.dtype() != first.dtype())
      throw DTypeError(
          fmt::format("{}: value 0 is {} and value {} is {}; convert one with cast(x, "
                      "dtype)",
                      name(), to_string(first.dtype()), k, to_string(other.dtype())));
    const Shape& a = first.shape();
    const Shape& b = other.shape();
    if (stacks() ? a == b : a.rank() == b.rank() && a.with(axis, b[axis]) == b) return;
    throw ShapeError(fmt::format("{}: value 0 is {} and value {} is {}; they must agree{}", name(),
                                 to_string(a), k, to_string(b),
                                 stacks() ? "" : fmt::format(" but for axis {}", axis)));
  }

  Along along_;
  std::int64_t axis_;
  std::size_t count_;
};

Var join(std::span<const Var> values, Along along, std::int64_t axis) {
  const Concat op(along, axis, values.size());
  // A node counts its inputs in 16 bits.
  constexpr std::size_t most = std::numeric_limits<std::uint16_t>::max();
  if (values.empty() || values.size() > most)
    throw ValueError(fmt::format("{}: takes 1 to {} values: {}", op.name(), most, values.size()));
  std::vector<const Var*> inputs;
  inputs.reserve(values.size());
  for (const Var& value : values) inputs.push_back(&value);
  return apply(op, std::span<const Var* const>(inputs));
}

}  // namespace

Var concat(std::span<const Var> values, std::int64_t axis) {
  return join(values, Along::an_axis_they_have, axis);
}
Var concat(std::initializer_list<Var> values, std::int64_t axis) {
  return concat(std::span(values.begin(), values.size()), axis);
}
Var stack(std::span<const Var> values, std::int64_t axis) {
  return join(values, Along::a_new_axis, axis);
}
Var stack(std::initializer_list<Var> values, std::int64_t axis) {
  return stack(std::span(values.begin(), values.size()), axis);
}

}  // namespace wengert
