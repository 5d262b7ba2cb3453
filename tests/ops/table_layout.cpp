// SPDX-License-Identifier: MIT
#include <wengert/ops/layout.h>

#include "table_families.h"

namespace wengert::op_table {

namespace {

const Domain any = reals(-2, 2);

/// One operand of each of these shapes in turn.
std::vector<Sample> each(std::initializer_list<Shape> shapes) {
  std::vector<Sample> samples;
  for (const Shape& shape : shapes) samples.push_back({{shape, any}});
  return samples;
}
/// All operands in one call.
Sample together(std::initializer_list<Shape> shapes) {
  Sample sample;
  for (const Shape& shape : shapes) sample.push_back({shape, any});
  return sample;
}

template <class F>
Variant one(const std::string& text, F f, std::initializer_list<Shape> shapes) {
  return {
      .text = text, .call = on([f](const Var& x) -> Var { return f(x); }), .samples = each(shapes)};
}

/// The pieces in reverse order, so that one that is lost or misplaced is seen.
Var turned_round(const std::vector<Var>& pieces, std::int64_t axis) {
  return concat(std::vector<Var>(pieces.rbegin(), pieces.rend()), axis);
}

std::vector<Row> shapes() {
  return {
      {.name = "reshape",
       .formula = "the same elements in another shape",
       .variants = {one("reshape(x, {-1, 2})",
                        [](const Var& x) {
                          return reshape(x, {-1, 2});
                        },
                        {{3, 4}, {2}, {0, 2}}),
                    one("reshape(x, shape)",
                        [](const Var& x) {
                          return reshape(x, Shape{2, 3});
                        },
                        {{3, 2}, {6}})}},
      {.name = "flatten",
       .formula = "[n, a, b, ...] -> [n, a b ...]",
       .variants = {one("flatten(x)", flatten, {{2, 3, 2}, {3}, {0, 2, 2}})}},
      {.name = "unsqueeze",
       .formula = "an axis of extent 1 more",
       .variants = {one("unsqueeze(x, 0)", [](const Var& x) { return unsqueeze(x, 0); },
                        {{2, 3}, {}, {0}}),
                    one("unsqueeze(x, -1)", [](const Var& x) { return unsqueeze(x, -1); },
                        {{2, 3}})}},
      {.name = "squeeze",
       .formula = "an axis of extent 1 less",
       .variants = {one("squeeze(x, 1)", [](const Var& x) { return squeeze(x, 1); },
                        {{2, 1, 3}, {1, 1}, {0, 1}})}},
      {.name = "transpose",
       .formula = "[..., a, b] -> [..., b, a], or any two axes swapped",
       .variants = {one("transpose(x)", [](const Var& x) { return transpose(x); },
                        {{2, 3}, {2, 3, 4}, {1, 1}, {0, 2}, {9, 11}}),
                    one("transpose(x, 0, 2)", [](const Var& x) { return transpose(x, 0, 2); },
                        {{2, 3, 4}})}},
      {.name = "permute",
       .formula = "axis k of the result is axis axes[k] of x",
       .variants = {one("permute(x, {2, 0, 1})",
                        [](const Var& x) {
                          return permute(x, {2, 0, 1});
                        },
                        {{2, 3, 4}, {1, 2, 1}, {2, 0, 3}})}},
      {.name = "broadcast_to",
       .formula = "x stretched by numpy's rules",
       .variants = {one("broadcast_to(x, {2, 3, 2})",
                        [](const Var& x) {
                          return broadcast_to(x, Shape{2, 3, 2});
                        },
                        {{2, 3, 2}, {2, 1, 2}, {3, 1}, {}, {1}})}},
  };
}

std::vector<Row> pieces() {
  return {
      {.name = "slice",
       .formula = "entries begin, begin + step, ... before end along an axis",
       .variants = {one("slice(x, 0, 1, 3)", [](const Var& x) { return slice(x, 0, 1, 3); },
                        {{4, 3}, {3}, {3, 0}}),
                    one("slice(x, 1, 0, -1, 2)", [](const Var& x) { return slice(x, 1, 0, -1, 2); },
                        {{2, 6}, {2, 5, 2}, {2, 1}})}},
      {.name = "select",
       .formula = "one entry along an axis, without that axis",
       .variants = {one("select(x, 0, 1)", [](const Var& x) { return select(x, 0, 1); },
                        {{3, 4}, {2}, {2, 0}}),
                    one("select(x, 1, -1)", [](const Var& x) { return select(x, 1, -1); },
                        {{2, 3, 2}})}},
      {.name = "split",
       .formula = "pieces in order along an axis",
       .variants = {one("split(x, 2, 0)",
                        [](const Var& x) { return turned_round(split(x, 2, 0), 0); },
                        {{4, 3}, {2}, {2, 0}}),
                    one("split(x, {1, 3, 0}, 1)",
                        [](const Var& x) {
                          return turned_round(split(x, {1, 3, 0}, 1), 1);
                        },
                        {{2, 4}, {2, 4, 2}})}},
      {.name = "concat",
       .formula = "side by side along an axis they have",
       .variants = {{.text = "concat(values, 0)",
                     .call = [](std::span<const Var> x) { return concat(x, 0); },
                     .samples = {together({{2, 3}, {1, 3}}), together({{2}, {0}, {3}}),
                                 together({{2, 2}})}},
                    {.text = "concat({a, b}, -1)",
                     .call = on([](const Var& a, const Var& b) {
                       return concat({a, b}, -1);
                     }),
                     .samples = {together({{2, 3}, {2, 4}}), together({{2, 1, 2}, {2, 1, 3}})}}}},
      {.name = "stack",
       .formula = "side by side along a new axis",
       .variants = {{.text = "stack(values)",
                     .call = [](std::span<const Var> x) { return stack(x); },
                     .samples = {together({{2, 3}, {2, 3}, {2, 3}}), together({{}, {}}),
                                 together({{0}, {0}})}},
                    {.text = "stack({a, b}, -1)",
                     .call = on([](const Var& a, const Var& b) {
                       return stack({a, b}, -1);
                     }),
                     .samples = {together({{2, 3}, {2, 3}})}}}},
      {.name = "pad",
       .formula = "x surrounded with a value",
       .variants = {one("pad(x, {{1, 0}, {0, 2}})",
                        [](const Var& x) {
                          return pad(x, {{1, 0}, {0, 2}});
                        },
                        {{2, 3}, {1, 1}, {0, 2}}),
                    one("pad(x, {{1, 2}}, 0.5)",
                        [](const Var& x) {
                          return pad(x, {{1, 2}}, 0.5);
                        },
                        {{3}})}},
      {.name = "flip",
       .formula = "axes turned round",
       .variants = {one("flip(x, {0})", [](const Var& x) { return flip(x, {0}); },
                        {{3, 2}, {1}, {0, 2}}),
                    one("flip(x, {0, -1})",
                        [](const Var& x) {
                          return flip(x, {0, -1});
                        },
                        {{2, 3, 4}})}},
      {.name = "tril",
       .formula = "x_ij where j - i <= diagonal, else 0",
       .variants = {one("tril(x)", [](const Var& x) { return tril(x); },
                        {{3, 4}, {1, 1}, {2, 3, 3}, {0, 2}}),
                    one("tril(x, -1)", [](const Var& x) { return tril(x, -1); }, {{3, 3}})}},
      {.name = "triu",
       .formula = "x_ij where j - i >= diagonal, else 0",
       .variants = {one("triu(x)", [](const Var& x) { return triu(x); },
                        {{3, 4}, {1, 1}, {2, 3, 3}, {0, 2}}),
                    one("triu(x, 1)", [](const Var& x) { return triu(x, 1); }, {{3, 3}})}},
  };
}

}  // namespace

std::vector<Row> layout_rows() {
  std::vector<Row> all = shapes();
  for (Row& row : pieces()) all.push_back(std::move(row));
  return all;
}

}  // namespace wengert::op_table
