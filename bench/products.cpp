// SPDX-License-Identifier: MIT
// Matrix products in the three forms of a dense layer: its output (NT), the gradient by its input
// (NN) and by its weight (TN).
#include <wengert/graph/rng.h>
#include <wengert/ops/gemm.h>

#include "workloads.h"

namespace bench {
namespace {

namespace wg = wengert;
using namespace wengert;
using namespace wengert::detail;

struct Product {
  Transpose left;
  Transpose right;
  std::size_t rows;
  std::size_t columns;
  std::size_t inner;
};

template <class T>
Workload product(std::string name, const Product& p) {
  const auto prepare = [p]() -> Step {
    Rng rng{1};
    constexpr DType dtype = dtype_of<T>();
    return [p, a = rng.uniform({p.rows, p.inner}, -1, 1, dtype),
            b = rng.uniform({p.inner, p.columns}, -1, 1, dtype),
            c = Tensor::empty({p.rows, p.columns}, dtype)]() mutable {
      gemm<T>(p.left, p.right, p.rows, p.columns, p.inner, a.template data<T>().data(),
              p.left == Transpose::yes ? p.rows : p.inner, b.template data<T>().data(),
              p.right == Transpose::yes ? p.inner : p.columns, T{0},
              c.template mutable_data<T>().data(), p.columns);
      keep(c);
    };
  };
  const auto operations = 2.0 * static_cast<double>(p.rows * p.columns * p.inner);
  return {std::move(name), prepare, gigaflops(operations), {}};
}

void add_layer(Group& group, std::size_t in, std::size_t out, std::size_t batch) {
  const std::string name = "gemm/" + std::to_string(in) + "-" + std::to_string(out) + "/batch" +
                           std::to_string(batch) + "/";
  constexpr Transpose no = Transpose::no;
  constexpr Transpose yes = Transpose::yes;
  group.workloads.push_back(product<float>(name + "NT", {no, yes, batch, out, in}));
  group.workloads.push_back(product<float>(name + "NN", {no, no, batch, in, out}));
  group.workloads.push_back(product<float>(name + "TN", {yes, no, out, in, batch}));
}

}  // namespace

Group products() {
  Group group{"gemm", 1, {}};
  struct Layer {
    std::size_t in, out;
  };
  for (const std::size_t batch : {32, 100, 128})
    for (const auto [in, out] : {Layer{784, 128}, Layer{128, 64}, Layer{64, 128}, Layer{128, 784},
                                 Layer{784, 512}, Layer{512, 512}, Layer{512, 10}})
      add_layer(group, in, out, batch);
  for (const std::size_t width : {64, 128})
    for (const std::size_t batch : {1, 32}) add_layer(group, width, width, batch);
  for (const std::size_t n : {16, 64, 256, 512, 1024}) {
    const Product square{Transpose::no, Transpose::no, n, n, n};
    const std::string name = "gemm/square/" + std::to_string(n);
    group.workloads.push_back(product<float>(name + "/f32", square));
    group.workloads.push_back(product<double>(name + "/f64", square));
  }
  return group;
}

}  // namespace bench
