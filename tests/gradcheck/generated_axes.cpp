// SPDX-License-Identifier: MIT
// Ops whose axes, widths and steps are drawn as well.
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <wengert/ops/broadcast.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>
#include <wengert/ops/softmax.h>

#include "generated_ops.h"

namespace wengert::generated {

using op_table::Domain;
using op_table::on;
using op_table::Row;
using op_table::Sample;

namespace {

using Integers = std::vector<std::int64_t>;

const Domain& domain_of(const Row& row) { return row.variants.front().samples.front()[0].domain; }

/// One operand.
Drawn one(std::string text, std::function<Var(const Var&)> f, const Shape& shape,
          const Domain& domain) {
  return {std::move(text), on(std::move(f)), {{shape, domain}}};
}

/// An axis of a value of this rank, counted from either end.
std::int64_t axis_of(std::size_t rank, Choices& choices) {
  const auto axis = static_cast<std::int64_t>(choices.below(rank));
  return choices.one_in(3) ? axis - static_cast<std::int64_t>(rank) : axis;
}
std::size_t from_front(std::int64_t axis, std::size_t rank) {
  return static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(rank) : axis);
}

/// Any of the axes, in order.
Integers some_axes(std::size_t rank, Choices& choices) {
  Integers axes;
  for (std::size_t axis = 0; axis < rank; ++axis)
    if (choices.one_in(2)) axes.push_back(static_cast<std::int64_t>(axis));
  return axes;
}

Integers any_order(std::size_t rank, Choices& choices) {
  Integers axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  for (std::size_t i = 0; i + 1 < rank; ++i) std::swap(axes[i], axes[i + choices.below(rank - i)]);
  return axes;
}

Axes listed(const Integers& axes) {
  switch (axes.size()) {
    case 0: return {};
    case 1: return axes[0];
    case 2: return {axes[0], axes[1]};
    case 3: return {axes[0], axes[1], axes[2]};
    default: return {axes[0], axes[1], axes[2], axes[3]};
  }
}

Recipe reduction(Var (*f)(const Var&, Axes, Keep)) {
  return [f](const Row& row, Choices& choices) {
    const Shape x = shape(choices);
    const Integers axes = some_axes(x.rank(), choices);
    const Keep keep = choices.one_in(2) ? Keep::yes : Keep::no;
    return one(
        fmt::format("{}(x, {{{}}}{})", row.name, fmt::join(axes, ", "),
                    keep == Keep::yes ? ", keep_axes" : ""),
        [=](const Var& v) { return f(v, listed(axes), keep); }, x, domain_of(row));
  };
}

Recipe along_axis(Var (*f)(const Var&, std::int64_t)) {
  return [f](const Row& row, Choices& choices) {
    const Shape x = shape(choices, 1);
    const std::int64_t axis = axis_of(x.rank(), choices);
    return one(
        fmt::format("{}(x, {})", row.name, axis), [=](const Var& v) { return f(v, axis); }, x,
        domain_of(row));
  };
}

Drawn cross_entropy_of_labels(const Row& row, Choices& choices) {
  const Shape logits = shape(choices, 1);
  const auto classes = static_cast<std::int64_t>(logits.back());
  return {
      row.name,
      on(softmax_cross_entropy),
      {{logits, domain_of(row)},
       {logits.without(logits.rank() - 1), op_table::indices(std::max<std::int64_t>(classes, 1))}}};
}

Drawn cross_entropy_of_distributions(const Row& row, Choices& choices) {
  const Shape logits = shape(choices, 1);
  const Sample& known = row.variants.front().samples.front();
  return {row.name,
          on(softmax_cross_entropy_with_distribution),
          {{logits, known[0].domain}, {logits, known[1].domain}}};
}

Drawn reshaped(const Row& row, Choices& choices) {
  const Shape x = shape(choices);
  Shape y;
  for (const std::int64_t axis : any_order(x.rank(), choices))
    y.append(x[static_cast<std::size_t>(axis)]);
  if (choices.one_in(2)) y.append(1);
  return one(
      "reshape(x, " + to_string(y) + ")", [=](const Var& v) { return reshape(v, y); }, x,
      domain_of(row));
}

Drawn any_flatten(const Row& row, Choices& choices) {
  return one("flatten(x)", flatten, shape(choices, 1), domain_of(row));
}

Drawn any_unsqueeze(const Row& row, Choices& choices) {
  const Shape x = shape(choices);
  const std::int64_t axis = axis_of(x.rank() + 1, choices);
  return one(
      fmt::format("unsqueeze(x, {})", axis), [=](const Var& v) { return unsqueeze(v, axis); }, x,
      domain_of(row));
}

Drawn any_squeeze(const Row& row, Choices& choices) {
  Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  x[from_front(axis, x.rank())] = 1;
  return one(
      fmt::format("squeeze(x, {})", axis), [=](const Var& v) { return squeeze(v, axis); }, x,
      domain_of(row));
}

Drawn any_transpose(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 2);
  const std::int64_t a = axis_of(x.rank(), choices);
  const std::int64_t b = axis_of(x.rank(), choices);
  return one(
      fmt::format("transpose(x, {}, {})", a, b), [=](const Var& v) { return transpose(v, a, b); },
      x, domain_of(row));
}

Drawn any_permute(const Row& row, Choices& choices) {
  const Shape x = shape(choices);
  const Integers axes = any_order(x.rank(), choices);
  return one(
      fmt::format("permute(x, {{{}}})", fmt::join(axes, ", ")),
      [=](const Var& v) { return permute(v, std::span(axes)); }, x, domain_of(row));
}

Drawn any_broadcast(const Row& row, Choices& choices) {
  const Shape y = shape(choices);
  return one(
      "broadcast_to(x, " + to_string(y) + ")", [=](const Var& v) { return broadcast_to(v, y); },
      stretchable(y, choices), domain_of(row));
}

Drawn any_sum_to(const Row& row, Choices& choices) {
  const Shape x = shape(choices);
  const Shape y = stretchable(x, choices);
  return one(
      "sum_to(x, " + to_string(y) + ")", [=](const Var& v) { return sum_to(v, y); }, x,
      domain_of(row));
}

Drawn any_slice(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  const std::size_t length = x[from_front(axis, x.rank())];
  const auto begin = static_cast<std::int64_t>(choices.below(length + 1));
  const auto end = begin + static_cast<std::int64_t>(
                               choices.below(length + 1 - static_cast<std::size_t>(begin)));
  const auto step = static_cast<std::int64_t>(1 + choices.below(3));
  return one(
      fmt::format("slice(x, {}, {}, {}, {})", axis, begin, end, step),
      [=](const Var& v) { return slice(v, axis, begin, end, step); }, x, domain_of(row));
}

Drawn any_select(const Row& row, Choices& choices) {
  Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  std::size_t& length = x[from_front(axis, x.rank())];
  length = std::max<std::size_t>(length, 1);
  const std::int64_t index = axis_of(length, choices);
  return one(
      fmt::format("select(x, {}, {})", axis, index),
      [=](const Var& v) { return select(v, axis, index); }, x, domain_of(row));
}

Drawn any_split(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  std::vector<std::size_t> sizes;
  std::size_t left = x[from_front(axis, x.rank())];
  for (int piece = 0; piece < 2; ++piece) {
    sizes.push_back(choices.below(left + 1));
    left -= sizes.back();
  }
  sizes.push_back(left);
  return one(
      fmt::format("split(x, {{{}}}, {}) put together backwards", fmt::join(sizes, ", "), axis),
      [=](const Var& v) {
        const std::vector<Var> pieces = split(v, std::span(sizes), axis);
        return concat(std::vector<Var>(pieces.rbegin(), pieces.rend()), axis);
      },
      x, domain_of(row));
}

Drawn any_concat(const Row& row, Choices& choices) {
  Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  Sample sample;
  for (std::size_t count = 1 + choices.below(3); count > 0; --count) {
    sample.push_back({x, domain_of(row)});
    x[from_front(axis, x.rank())] = extent(choices);
  }
  return {fmt::format("concat(values, {})", axis),
          [=](std::span<const Var> xs) { return concat(xs, axis); }, sample};
}

Drawn any_stack(const Row& row, Choices& choices) {
  const Shape x = shape(choices);
  const std::int64_t axis = axis_of(x.rank() + 1, choices);
  return {fmt::format("stack(values, {})", axis),
          [=](std::span<const Var> xs) { return stack(xs, axis); },
          Sample(1 + choices.below(3), {x, domain_of(row)})};
}

Drawn any_pad(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 1);
  std::vector<Padding> widths;
  std::string text;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    widths.push_back({choices.below(3), choices.below(3)});
    text += fmt::format("{}{{{}, {}}}", axis == 0 ? "" : ", ", widths.back().before.value,
                        widths.back().after.value);
  }
  return one(
      "pad(x, {" + text + "}, 0.5)", [=](const Var& v) { return pad(v, std::span(widths), 0.5); },
      x, domain_of(row));
}

Drawn any_flip(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 1);
  const Integers axes = some_axes(x.rank(), choices);
  return one(
      fmt::format("flip(x, {{{}}})", fmt::join(axes, ", ")),
      [=](const Var& v) { return flip(v, std::span(axes)); }, x, domain_of(row));
}

Recipe triangle(Var (*f)(const Var&, std::int64_t)) {
  return [f](const Row& row, Choices& choices) {
    const Shape x = shape(choices, 2);
    const std::int64_t diagonal = static_cast<std::int64_t>(choices.below(7)) - 3;
    return one(
        fmt::format("{}(x, {})", row.name, diagonal), [=](const Var& v) { return f(v, diagonal); },
        x, domain_of(row));
  };
}

Drawn any_take(const Row& row, Choices& choices) {
  Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  std::size_t& length = x[from_front(axis, x.rank())];
  length = std::max<std::size_t>(length, 1);
  Shape indices;
  for (std::size_t rank = choices.below(3); rank > 0; --rank) indices.append(extent(choices));
  return {fmt::format("take(x, indices, {})", axis),
          on([=](const Var& v, const Var& i) { return take(v, i, axis); }),
          {{x, domain_of(row)}, {indices, op_table::indices(static_cast<std::int64_t>(length))}}};
}

/// Indices of at most x's extents but along the axis.
Shape index_shape(const Shape& x, std::size_t axis, Choices& choices) {
  Shape indices = x;
  for (std::size_t k = 0; k < x.rank(); ++k)
    if (k == axis) indices[k] = extent(choices);
    else if (choices.one_in(3)) indices[k] = choices.below(x[k] + 1);
  return indices;
}

Drawn any_gather(const Row& row, Choices& choices) {
  Shape x = shape(choices, 1);
  const std::int64_t axis = axis_of(x.rank(), choices);
  std::size_t& length = x[from_front(axis, x.rank())];
  length = std::max<std::size_t>(length, 1);
  return {fmt::format("gather(x, indices, {})", axis),
          on([=](const Var& v, const Var& i) { return gather(v, i, axis); }),
          {{x, domain_of(row)},
           {index_shape(x, from_front(axis, x.rank()), choices),
            op_table::indices(static_cast<std::int64_t>(length))}}};
}

Drawn any_scatter_add(const Row& row, Choices& choices) {
  Shape y = shape(choices, 1);
  const std::int64_t axis = axis_of(y.rank(), choices);
  std::size_t& length = y[from_front(axis, y.rank())];
  length = std::max<std::size_t>(length, 1);
  const Shape values = index_shape(y, from_front(axis, y.rank()), choices);
  return {
      fmt::format("scatter_add(values, indices, {}, {})", axis, to_string(y)),
      on([=](const Var& v, const Var& i) { return scatter_add(v, i, axis, y); }),
      {{values, domain_of(row)}, {values, op_table::indices(static_cast<std::int64_t>(length))}}};
}

Drawn any_matmul(const Row& row, Choices& choices) {
  const Transposed transposed{choices.one_in(2), choices.one_in(2)};
  const std::size_t m = extent(choices);
  const std::size_t k = extent(choices);
  const std::size_t n = extent(choices);
  Shape batch;
  for (std::size_t rank = choices.below(3); rank > 0; --rank) batch.append(extent(choices));
  const auto matrices = [&](std::size_t rows, std::size_t columns, bool turned) {
    Shape result = stretchable(batch, choices);
    result.append(turned ? columns : rows);
    result.append(turned ? rows : columns);
    return result;
  };
  const Shape a = matrices(m, k, transposed.left);
  const Shape b = matrices(k, n, transposed.right);
  return {fmt::format("matmul(a, b, {{{}, {}}})", transposed.left, transposed.right),
          on([=](const Var& x, const Var& y) { return matmul(x, y, transposed); }),
          {{a, domain_of(row)}, {b, domain_of(row)}}};
}

Drawn any_linear(const Row& row, Choices& choices) {
  const Shape x = shape(choices, 1);
  const std::size_t out = extent(choices);
  Sample sample{{x, domain_of(row)}, {Shape{out, x.back()}, domain_of(row)}};
  if (choices.one_in(2))
    return {"linear(x, weight)", on([](const Var& v, const Var& w) { return linear(v, w); }),
            sample};
  sample.push_back({Shape{out}, domain_of(row)});
  return {"linear(x, weight, bias)",
          on([](const Var& v, const Var& w, const Var& b) { return linear(v, w, b); }), sample};
}

}  // namespace

const Recipe* recipe_of(const Row& row) {
  static const std::map<std::string, Recipe> recipes{
      {"sum", reduction(sum)},
      {"mean", reduction(mean)},
      {"max", reduction(max)},
      {"min", reduction(min)},
      {"var", reduction([](const Var& x, Axes axes, Keep keep) { return var(x, axes, keep); })},
      {"std", reduction([](const Var& x, Axes axes, Keep keep) { return std(x, axes, keep); })},
      {"logsumexp", reduction(logsumexp)},
      {"norm", reduction(norm)},
      {"sum_to", any_sum_to},
      {"argmax", along_axis(argmax)},
      {"argmin", along_axis(argmin)},
      {"softmax", along_axis(softmax)},
      {"log_softmax", along_axis(log_softmax)},
      {"softmax_cross_entropy", cross_entropy_of_labels},
      {"softmax_cross_entropy_with_distribution", cross_entropy_of_distributions},
      {"reshape", reshaped},
      {"flatten", any_flatten},
      {"unsqueeze", any_unsqueeze},
      {"squeeze", any_squeeze},
      {"transpose", any_transpose},
      {"permute", any_permute},
      {"broadcast_to", any_broadcast},
      {"slice", any_slice},
      {"select", any_select},
      {"split", any_split},
      {"concat", any_concat},
      {"stack", any_stack},
      {"pad", any_pad},
      {"flip", any_flip},
      {"tril", triangle(tril)},
      {"triu", triangle(triu)},
      {"take", any_take},
      {"gather", any_gather},
      {"scatter_add", any_scatter_add},
      {"matmul", any_matmul},
      {"linear", any_linear},
  };
  const auto found = recipes.find(row.name);
  return found == recipes.end() ? nullptr : &found->second;
}

}  // namespace wengert::generated
