// SPDX-License-Identifier: MIT
// Wrong gradients of products, convolutions, broadcasting, lookups and of ops that move elements.
#include <wengert/ops/activation.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>

#include "gradcheck/mutants_build.h"

namespace wengert::mutants {
namespace {

using V = const Var&;

Var affine(V x, V w, V b) { return matmul(x, w) + b; }
Triple affine_pullback(V x, V w, V g) {
  return {matmul(g, w, {.right = true}), matmul(x, g, {.left = true}), sum(g, 0)};
}
std::vector<Tensor> affine_inputs(std::uint64_t seed) {
  return {normal(seed, {5, 4}), normal(seed + 1, {4, 3}), normal(seed + 2, {3})};
}

std::int64_t extent(V x, std::size_t axis) { return static_cast<std::int64_t>(x.shape()[axis]); }

// y[i] = sum over k of w[k] x[i + k]; x [n], w [3].
Var correlate(V x, V w) {
  const std::int64_t n = extent(x, 0) - 2;
  Var y = select(w, 0, 0) * slice(x, 0, 0, n);
  for (std::int64_t k = 1; k < 3; ++k) y = y + select(w, 0, k) * slice(x, 0, k, k + n);
  return y;
}
Var correlate_by_x(V w, V g) {
  Var total = select(w, 0, 0) * pad(g, {{0, 2}});
  for (std::int64_t k = 1; k < 3; ++k) total = total + select(w, 0, k) * pad(g, {{k, 2 - k}});
  return total;
}
Var correlate_by_w(V x, V g) {
  std::vector<Var> each;
  for (std::int64_t k = 0; k < 3; ++k) each.push_back(dot(slice(x, 0, k, k + extent(g, 0)), g));
  return stack(each);
}
std::vector<Tensor> correlate_inputs(std::uint64_t seed) {
  return {normal(seed, {8}), normal(seed + 1, {3})};
}

// Windows of 3 at every place, side by side: [n] -> [n - 2, 3].
Var unfold(V x) {
  const std::int64_t n = extent(x, 0) - 2;
  return stack({slice(x, 0, 0, n), slice(x, 0, 1, n + 1), slice(x, 0, 2, n + 2)}, 1);
}

// 1 where an index occurs for the last time.
Tensor last_occurrence(const Tensor& indices) {
  Tensor mask = ones(indices.shape());
  const std::span<const std::int64_t> index = indices.data<std::int64_t>();
  for (std::size_t i = 0; i < index.size(); ++i)
    for (std::size_t later = i + 1; later < index.size(); ++later)
      if (index[later] == index[i]) mask.mutable_data<float>()[i] = 0;
  return mask;
}

Tensor one_element_off() {
  Tensor factors = ones({30, 30});
  factors.mutable_data<float>()[17 * 30 + 3] = 2;
  return factors;
}

}  // namespace

std::vector<Mutant> linear_and_index() {
  std::vector<Mutant> list;
  const auto matmul_pullback = [](V a, V b, V, V g) {
    return Pair{matmul(g, b, {.right = true}), matmul(a, g, {.left = true})};
  };
  const auto product = [](V a, V b) { return matmul(a, b); };
  list.push_back(op_mutant<2>("matmul", product,
                              [](V a, V b, V, V g) {
                                return Pair{matmul(g, b), matmul(a, g, {.left = true})};
                              },
                              matmul_pullback,
                              {"weight not transposed",
                               "the input's gradient is g W and not g W^T",
                               {normal(41, {3, 4}), normal(42, {4, 4})},
                               Hint::transposed_input}));
  list.push_back(
      op_mutant<2>("matmul", product,
                   [](V a, V b, V, V g) {
                     return Pair{matmul(g, b, {.right = true}), matmul(g, a, {.left = true})};
                   },
                   matmul_pullback,
                   {"weight gradient transposed",
                    "the weight's gradient is g^T x and not x^T g; square weights hide it",
                    {normal(43, {3, 4}), normal(44, {4, 4})},
                    Hint::transposed}));
  const auto affine_right = [](V x, V w, V, V, V g) { return affine_pullback(x, w, g); };
  list.push_back(op_mutant<3>(
      "affine", affine,
      [](V x, V w, V b, V, V g) {
        Triple all = affine_pullback(x, w, g);
        all[2] = zeros_of(b);
        return all;
      },
      affine_right,
      {"bias dropped", "the bias gets no gradient", affine_inputs(45), Hint::detached}));
  list.push_back(
      op_mutant<3>("affine", affine,
                   [](V x, V w, V, V, V g) {
                     Triple all = affine_pullback(x, w, g);
                     all[2] = select(g, 0, 0);
                     return all;
                   },
                   affine_right,
                   {"bias of one row",
                    "the bias was broadcast over the batch, and only one row's gradient comes back",
                    affine_inputs(48), Hint::broadcast_sum}));
  list.push_back(op_mutant<3>(
      "affine", affine,
      [](V x, V w, V, V, V g) {
        Triple all = affine_pullback(x, w, g);
        all[2] = mean(g, 0);
        return all;
      },
      affine_right,
      {"bias by the mean", "the bias' gradient is averaged over the batch, the weight's summed",
       affine_inputs(51), Hint::mean_for_sum}));
  list.push_back(op_mutant<3>(
      "affine", affine,
      [](V x, V w, V, V, V g) {
        Triple all = affine_pullback(x, w, g);
        all[1] = 1.25 * all[1];
        return all;
      },
      affine_right,
      {"second parameter only", "of input, weight and bias only the weight's gradient is off",
       affine_inputs(54), Hint::factor}));
  list.push_back(op_mutant<2>(
      "mul", [](V a, V b) { return a * b; },
      [](V a, V b, V, V g) {
        const Var by_b = g * a;
        return Pair{g * b, a.shape() == b.shape() ? by_b : slice(by_b, 0, 0, 1)};
      },
      [](V a, V b, V, V g) {
        return Pair{g * b, sum_to(g * a, b.shape())};
      },
      {"broadcast not summed",
       "right for equal shapes; where a row was broadcast its gradient is not summed",
       {normal(57, {4, 3}), normal(58, {1, 3})},
       Hint::broadcast_sum,
       Tier::directions,
       "PyTorch PR 14485"}));
  list.push_back(op_mutant<2>(
      "correlate", correlate,
      [](V x, V w, V, V g) {
        return Pair{correlate_by_x(flip(w, {0}), g), correlate_by_w(x, g)};
      },
      [](V x, V w, V, V g) {
        return Pair{correlate_by_x(w, g), correlate_by_w(x, g)};
      },
      {"kernel not turned", "the input's gradient uses the kernel the wrong way round",
       correlate_inputs(59), Hint::formula}));
  list.push_back(op_mutant<2>(
      "correlate", correlate,
      [](V x, V, V, V g) {
        return Pair{zeros_of(x), correlate_by_w(x, g)};
      },
      [](V x, V w, V, V g) {
        return Pair{correlate_by_x(w, g), correlate_by_w(x, g)};
      },
      {"convolution ends the path", "the kernel learns, but nothing is sent on to the layer before",
       correlate_inputs(61), Hint::detached, Tier::directions, "tiny-dnn PR 415"}));
  list.push_back(op_mutant<2>(
      "mix_channels", [](V w, V x) { return matmul(w, x); },
      [](V w, V x, V, V g) {
        return Pair{matmul(g, x, {.right = true}), sum(w, 1, keep_axes) * g};
      },
      [](V w, V x, V, V g) {
        return Pair{matmul(g, x, {.right = true}), matmul(w, g, {.left = true})};
      },
      {"wrong channel",
       "the gradient is added to the output's channel and not to the input's",
       {normal(63, {4, 4}), normal(64, {4, 6})},
       Hint::formula,
       Tier::directions,
       "neon issue 111"}));
  list.push_back(op_mutant<1>(
      "unfold", unfold,
      [](V, V, V g) {
        return concat({select(g, 1, 0), select(slice(g, 0, extent(g, 0) - 1, extent(g, 0)), 1, 1),
                       select(slice(g, 0, extent(g, 0) - 1, extent(g, 0)), 1, 2)},
                      0);
      },
      [](V, V, V g) {
        return pad(select(g, 1, 0), {{0, 2}}) + pad(select(g, 1, 1), {{1, 1}}) +
               pad(select(g, 1, 2), {{2, 0}});
      },
      {"windows that overlap",
       "where windows overlap the last gradient is kept instead of the sum",
       {normal(65, {8})},
       Hint::formula,
       Tier::directions,
       "DyNet PR 612"}));
  list.push_back(op_mutant<1>(
      "slice", [](V x) { return slice(x, 1, 1, 5); },
      [](V, V, V g) {
        return pad(g, {{0, 0}, {2, 0}});
      },
      [](V, V, V g) {
        return pad(g, {{0, 0}, {1, 1}});
      },
      {"slice off by one",
       "the gradient is put back one place too far",
       {normal(66, {3, 6})},
       Hint::shifted}));
  list.push_back(op_mutant<1>(
      "transpose", [](V x) { return transpose(x); },
      [](V x, V, V g) { return reshape(g, x.shape()); }, [](V, V, V g) { return transpose(g); },
      {"reshaped, not transposed",
       "the gradient is given the input's shape, but its elements stay where they are",
       {normal(67, {3, 4})},
       Hint::transposed}));
  list.push_back(op_mutant<2>(
      "concat",
      [](V a, V b) {
        return concat({wengert::tanh(a), b}, 1);
      },
      [](V a, V, V, V g) {
        const Var t = wengert::tanh(a);
        return Pair{slice(g, 1, 0, 3) * (1 - t * t), slice(g, 1, 0, 3)};
      },
      [](V a, V, V, V g) {
        const Var t = wengert::tanh(a);
        return Pair{slice(g, 1, 0, 3) * (1 - t * t), slice(g, 1, 3, 6)};
      },
      {"offset forgotten",
       "the second piece takes its gradient from where the first one's lies",
       {normal(68, {4, 3}), normal(69, {4, 3})},
       Hint::formula}));
  list.push_back(op_mutant<2>(
      "embedding", [](V table, V index) { return take(table, index); },
      [](V table, V index, V, V g) {
        const Var rows = one_hot(index, table.shape()[0], g.dtype());
        const Var last = constant(last_occurrence(index.value()), g);
        return Pair{matmul(rows * unsqueeze(last, -1), g, {.left = true}), index};
      },
      [](V table, V index, V, V g) {
        const Var rows = one_hot(index, table.shape()[0], g.dtype());
        return Pair{matmul(rows, g, {.left = true}), index};
      },
      {"index repeated",
       "a row that was looked up twice keeps only the last gradient",
       {normal(70, {5, 3}), labels({0, 4, 1, 0, 4, 2})},
       Hint::repeated_index,
       Tier::directions,
       "DyNet PR 501"}));
  const auto strided_rows = [](bool wrong) {
    return [wrong](V x, V, V g) {
      const Var picked = slice(g, 0, 0, 1);
      Var second = slice(g, 0, 1, 2) * wengert::cos(slice(x, 0, 1, 2));
      if (wrong) second = second + picked;
      return concat({picked, second, slice(g, 0, 2, 6) * wengert::cos(slice(x, 0, 2, 6))}, 0);
    };
  };
  list.push_back(op_mutant<1>(
      "strided_rows",
      [](V x) {
        return concat({slice(x, 0, 0, 2, 2), wengert::sin(slice(x, 0, 1, 6))}, 0);
      },
      strided_rows(true), strided_rows(false),
      {"stride of one entry",
       "a strided slice that picks one row gives its gradient to the row that it skips, too",
       {normal(71, {6, 3})},
       Hint::slice,
       Tier::directions,
       "MLX issue 4444"}));
  list.push_back(op_mutant<1>(
      "scale", [](V x) { return 3 * x; },
      [](V x, V, V g) { return 3 * g * constant(one_element_off(), x); },
      [](V, V, V g) { return 3 * g; },
      {"one element of 900",
       "one element's gradient is doubled, 899 are right",
       {normal(72, {30, 30})},
       Hint::slice}));
  return list;
}

}  // namespace wengert::mutants
