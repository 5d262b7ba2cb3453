// SPDX-License-Identifier: MIT
// Where kernels go wrong: the tail of an array, broadcasting in every axis, large logits, NaN that
// is not chosen, nothing and one element, and what is said when operands do not fit.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <wengert/graph/error.h>
#include <wengert/graph/tape.h>
#include <wengert/graph/transforms.h>
#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>
#include <wengert/ops/softmax.h>

#include "catch.h"
#include "table.h"

namespace wg = wengert;
using wg::Shape;
using wg::Tensor;
using wg::Var;
using wg::op_table::Call;
using wg::op_table::Row;
using wg::op_table::Variant;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool same_bits(std::span<const T> a, std::span<const T> b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != a[i] && b[i] != b[i]) continue;  // one NaN is as good as another
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) return false;
  }
  return a.size() == b.size();
}
/// Element by element, -0 and 0 apart.
bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  return wg::dispatch(a.dtype(), [&]<class T>(T) { return same_bits(a.data<T>(), b.data<T>()); });
}

std::vector<double> elements(const Tensor& tensor) {
  const Tensor wide = tensor.to(wg::f64);
  const auto data = wide.data<double>();
  return {data.begin(), data.end()};
}
std::vector<double> elements(const Var& var) { return elements(var.value()); }
using List = std::vector<double>;

/// The gradients of y = f(xs) for a cotangent of ones.
std::vector<Tensor> gradients(const Call& f, const std::vector<Tensor>& xs,
                              const Tensor& cotangent = {}) {
  wg::Tape tape;
  std::vector<Var> vars;
  for (const Tensor& x : xs) vars.push_back(is_float(x.dtype()) ? tape.variable(x) : tape.input(x));
  const Var y = f(vars);
  const wg::Gradients found =
      tape.backward(y, cotangent.defined() ? cotangent : ones_like(y.value()));
  std::vector<Tensor> result;
  for (const Var& x : vars)
    if (is_float(x.dtype())) result.push_back(found[x].value());
  return result;
}
List gradient(const std::function<Var(const Var&)>& f, const Tensor& x) {
  return elements(gradients([&](std::span<const Var> xs) { return f(xs[0]); }, {x})[0]);
}

/// What f throws.
template <class E, class F>
std::string message(F f) {
  try {
    f();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Numbers of all sizes and signs, infinities, NaN and zeros: neighbours that would lead a kernel
/// that looks at all lanes at once another way.
Tensor wild(std::size_t count, wg::Rng& rng, wg::DType dtype) {
  Tensor result = Tensor::empty({count}, wg::f64);
  const std::array<double, 6> odd{inf, -inf, not_a_number, 0.0, -0.0, 1e-42};
  for (double& value : result.mutable_data<double>()) {
    const double kind = rng.uniform();
    value = kind < 0.1 ? odd[static_cast<std::size_t>(kind * 60)]
                       : rng.normal() * std::pow(10.0, 10.0 * rng.uniform() - 5.0);
  }
  return result.to(dtype);
}

constexpr std::size_t longest = 70;
constexpr std::size_t offsets = 17;  // past one register of f32

/// Operands long enough to be cut at every offset; mostly from the op's domain, then wild.
std::vector<Tensor> long_operands(const Variant& variant, bool tame, wg::Rng& rng,
                                  wg::DType dtype) {
  const Shape shape{longest + offsets};
  std::vector<Tensor> operands;
  for (const wg::op_table::Domain& domain : variant.operands) {
    const Tensor drawn = domain(shape, rng);
    if (drawn.dtype() == wg::i64) operands.push_back(drawn);
    else operands.push_back(tame ? drawn.to(dtype) : wild(shape.size(), rng, dtype));
  }
  return operands;
}

std::vector<Tensor> cut(const std::vector<Tensor>& operands, std::size_t begin, std::size_t end) {
  std::vector<Tensor> pieces;
  for (const Tensor& operand : operands) pieces.push_back(operand.rows(begin, end));
  return pieces;
}
Tensor value(const Call& f, const std::vector<Tensor>& operands) {
  return f(std::vector<Var>(operands.begin(), operands.end())).value();
}

template <class F>
void for_each_elementwise(F f) {
  for (const Row& row : wg::op_table::rows())
    for (const Variant& variant : row.variants) {
      if (!is_elementwise(variant)) continue;
      for (const wg::DType dtype : {wg::f32, wg::f64})
        for (const bool tame : {true, false}) {
          wg::Rng rng(1964);
          const std::vector<Tensor> operands = long_operands(variant, tame, rng, dtype);
          INFO("op " << row.name << ": " << variant.text << " in " << to_string(dtype)
                     << (tame ? "" : ", numbers of all kinds"));
          f(row, variant, operands);
        }
    }
}

}  // namespace

// ---------------------------------------------------------------- body and tail

TEST_CASE("an elementwise op gives an element the same bits wherever it lies in the array",
          "[ops]") {
  for_each_elementwise([](const Row&, const Variant& variant, const std::vector<Tensor>& operands) {
    const Tensor whole = value(variant.call, operands);
    std::string different;
    for (std::size_t offset = 0; offset < offsets; ++offset)
      for (std::size_t length = 1; length <= longest; ++length)
        if (!same(value(variant.call, cut(operands, offset, offset + length)),
                  whole.rows(offset, offset + length)))
          different += " [" + std::to_string(offset) + ", +" + std::to_string(length) + ")";
    CHECK(different == "");
  });
}

TEST_CASE("an elementwise op's gradient has the same bits wherever the element lies", "[ops]") {
  for_each_elementwise(
      [](const Row& row, const Variant& variant, const std::vector<Tensor>& operands) {
        if (!row.differentiable) return;
        wg::Rng rng(1965);
        const wg::DType dtype = value(variant.call, operands).dtype();
        const Tensor cotangent = rng.normal({longest + offsets}, dtype);
        const std::vector<Tensor> whole = gradients(variant.call, operands, cotangent);
        std::string different;
        for (const std::size_t offset : {0, 1, 7, 16})
          for (std::size_t length = 1; length <= longest; ++length) {
            const std::vector<Tensor> part =
                gradients(variant.call, cut(operands, offset, offset + length),
                          cotangent.rows(offset, offset + length));
            for (std::size_t k = 0; k < part.size(); ++k)
              if (!same(part[k], whole[k].rows(offset, offset + length)))
                different += " [" + std::to_string(offset) + ", +" + std::to_string(length) + ")";
          }
        CHECK(different == "");
      });
}

TEST_CASE("a stretched operand gives the same bits as one written out", "[ops]") {
  for_each_elementwise([](const Row&, const Variant& variant, const std::vector<Tensor>& operands) {
    if (operands.size() < 2) return;
    for (std::size_t k = 0; k < operands.size(); ++k) {
      std::vector<Tensor> narrow = operands;
      narrow[k] = operands[k].rows(3, 4);
      std::vector<Tensor> wide = operands;
      wide[k] = broadcast_to(Var(narrow[k]), operands[k].shape()).value();
      CHECK(same(value(variant.call, narrow), value(variant.call, wide)));
    }
  });
}

TEST_CASE("a reduction gives a row the same bits wherever it lies", "[ops]") {
  const std::array<std::function<Var(const Var&)>, 5> reductions{
      [](const Var& x) { return wg::sum(x); }, [](const Var& x) { return wg::max(x); },
      [](const Var& x) { return wg::min(x); }, [](const Var& x) { return wg::logsumexp(x); },
      [](const Var& x) { return wg::softmax(x); }};
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    wg::Rng rng(1964);
    const Tensor numbers = rng.normal({longest}, dtype);
    for (const auto& f : reductions)
      for (std::size_t length = 1; length <= longest; ++length) {
        const Tensor row = numbers.rows(0, length);
        const Tensor expected = f(Var(row)).value();
        for (std::size_t offset = 0; offset < offsets; ++offset) {
          const Tensor room = wg::concat({Var(wg::zeros({offset}, dtype)), Var(row)}, 0).value();
          if (!same(f(Var(room.rows(offset, offset + length))).value(), expected))
            FAIL_CHECK("length " << length << " at offset " << offset << " in "
                                 << to_string(dtype));
        }
      }
  }
}

// ---------------------------------------------------------------- broadcasting

TEST_CASE("operands are stretched along every combination of axes, and gradients summed back",
          "[ops]") {
  constexpr std::size_t rank = 3;
  const std::array<std::size_t, rank> extents{2, 3, 5};
  const auto shape_of = [&](unsigned full) {
    Shape shape;
    for (std::size_t axis = 0; axis < rank; ++axis)
      shape.append(full >> axis & 1 ? extents[axis] : 1);
    return shape;
  };
  wg::Rng rng(1964);
  for (unsigned left = 0; left < 8; ++left)
    for (unsigned right = 0; right < 8; ++right) {
      const Tensor a = rng.normal(shape_of(left), wg::f64);
      const Tensor b = rng.normal(shape_of(right), wg::f64);
      const Tensor out = wg::mul(Var(a), Var(b)).value();
      const Tensor g = rng.normal(out.shape(), wg::f64);
      INFO(to_string(a.shape()) << " times " << to_string(b.shape()));
      REQUIRE(out.shape() == shape_of(left | right));
      const auto got = gradients(wg::op_table::on(wg::mul), {a, b}, g);
      Tensor by_a = zeros_like(a);
      Tensor by_b = zeros_like(b);
      for (std::size_t i = 0; i < out.size(); ++i) {
        std::size_t rest = i;
        std::array<std::size_t, rank> index{};
        for (std::size_t axis = rank; axis-- > 0;) {
          index[axis] = rest % out.shape()[axis];
          rest /= out.shape()[axis];
        }
        const auto at = [&](const Tensor& operand) {
          std::size_t place = 0;
          for (std::size_t axis = 0; axis < rank; ++axis)
            place = place * operand.shape()[axis] + (operand.shape()[axis] == 1 ? 0 : index[axis]);
          return place;
        };
        const double x = a.data<double>()[at(a)];
        const double y = b.data<double>()[at(b)];
        if (out.data<double>()[i] != x * y) FAIL_CHECK("element " << i);
        by_a.mutable_data<double>()[at(a)] += g.data<double>()[i] * y;
        by_b.mutable_data<double>()[at(b)] += g.data<double>()[i] * x;
      }
      const auto close = [](const Tensor& p, const Tensor& q) {
        return p.shape() == q.shape() &&
               std::ranges::equal(elements(p), elements(q),
                                  [](double s, double t) { return std::abs(s - t) <= 1e-13; });
      };
      CHECK(close(got[0], by_a));
      CHECK(close(got[1], by_b));
    }
}

// ---------------------------------------------------------------- large logits

TEST_CASE("the cross-entropy of a logit of +-1000 is exact, with two derivatives", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    const Tensor z = wg::tensor({1000, 1000, -1000, -1000, 1000, -1000}, dtype);
    const Tensor t = wg::tensor({1, 0, 0, 1, 0.5, 0.5}, dtype);
    const auto loss = [&](const Var& logit) { return wg::logistic_loss(logit, Var(t)); };
    CHECK(elements(loss(Var(z))) == List{0, 1000, 0, 1000, 500, 500});
    CHECK(gradient(loss, z) == List{0, 1, 0, -1, 0.5, -0.5});
    const auto total = [&](const Var& logit) { return wg::sum(loss(logit)); };
    CHECK(elements(wg::hvp(total, Var(z), Var(ones_like(z)))) == List(6, 0.0));
    CHECK(elements(gradients(wg::op_table::on(wg::logistic_loss), {z, t})[1]) ==
          List{-1000, -1000, 1000, 1000, -1000, 1000});
  }
}

TEST_CASE("logsumexp of +-1e4 neither overflows nor loses the small term", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    const double unit = dtype == wg::f32 ? 1e-3 : 2e-12;  // of 1e4
    const double ln2 = std::log(2.0);
    const auto lse = [](const Var& x) { return wg::logsumexp(x, -1); };
    const Tensor x =
        wg::matrix({{1e4, 1e4}, {-1e4, -1e4}, {1e4, -1e4}, {-1e4, 0}, {inf, 0}, {-inf, 3}}, dtype);
    const List y = elements(lse(Var(x)));
    CHECK(std::abs(y[0] - (1e4 + ln2)) <= unit);
    CHECK(std::abs(y[1] - (-1e4 + ln2)) <= unit);
    CHECK(List(y.begin() + 2, y.end()) == List{1e4, 0, inf, 3});
    // The exponent x - y of a tie is rounded to units of 1e4.
    const List g = gradient(lse, x);
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(g[i] - 0.5) <= unit);
    CHECK(List(g.begin() + 4, g.end()) == List{1, 0, 0, 1, 1, 0, 0, 1});
  }
}

TEST_CASE("softmax and its logarithm of +-1e4 are exact", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    const Tensor x = wg::matrix({{1e4, -1e4}, {-1e4, -1e4}, {0, -1e4}, {0, -inf}}, dtype);
    CHECK(elements(wg::softmax(Var(x))) == List{1, 0, 0.5, 0.5, 1, 0, 1, 0});
    const List logarithm = elements(wg::log_softmax(Var(x)));
    CHECK(logarithm[0] == 0);
    CHECK(logarithm[1] == -2e4);
    CHECK(logarithm[2] == static_cast<double>(dtype == wg::f32 ? -0.69314718F : -std::log(2.0)));
    CHECK(List(logarithm.begin() + 4, logarithm.end()) == List{0, -1e4, 0, -inf});
    const Tensor labels = wg::labels({1, 0, 1, 0});
    const auto loss = [&](const Var& logits) {
      return wg::softmax_cross_entropy(logits, Var(labels));
    };
    const List losses = elements(loss(Var(x)));
    CHECK(losses[0] == 2e4);
    CHECK(losses[2] == 1e4);
    CHECK(losses[3] == 0);
    CHECK(gradient(loss, x) == List{1, -1, -0.5, 0.5, 1, -1, 0, 0});
  }
}

// ---------------------------------------------------------------- what is not chosen

TEST_CASE("NaN and infinity on the side that where does not choose do no harm", "[ops]") {
  const Tensor condition = wg::labels({1, 0, 1, 0});
  const Tensor a = wg::tensor({1, not_a_number, 3, inf}, wg::f64);
  const Tensor b = wg::tensor({not_a_number, 20, -inf, 40}, wg::f64);
  CHECK(elements(wg::where(Var(condition), Var(a), Var(b))) == List{1, 20, 3, 40});
  const auto f = [](std::span<const Var> x) { return wg::square(wg::where(x[0], x[1], x[2])); };
  const std::vector<Tensor> g = gradients(f, {condition, a, b});
  CHECK(elements(g[0]) == List{2, 0, 6, 0});
  CHECK(elements(g[1]) == List{0, 40, 0, 80});
  const auto by_a = [&](const Var& x) {
    return wg::sum(wg::square(wg::where(Var(condition), x, Var(b))));
  };
  CHECK(elements(wg::hvp(by_a, Var(a), Var(ones_like(a)))) == List{2, 0, 2, 0});
}

TEST_CASE("a where guards a function outside its domain if it chooses the operand", "[ops]") {
  // Where the choice came after the logarithm, its derivative 1/0 would meet the 0 of the choice.
  const auto safe_log = [](const Var& x) {
    const Var positive = x > 0.0;
    return wg::where(positive, wg::log(wg::where(positive, x, 1.0)), 0.0);
  };
  const Tensor x = wg::tensor({-1, 0, 2}, wg::f64);
  CHECK(gradient(safe_log, x) == List{0, 0, 0.5});
}

// ---------------------------------------------------------------- nothing, and one

TEST_CASE("nothing sums to 0 and has norm 0", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    CHECK(elements(wg::sum(Var(wg::zeros({0}, dtype)))) == List{0});
    CHECK(elements(wg::norm(Var(wg::zeros({0}, dtype)))) == List{0});
    CHECK(elements(wg::sum(Var(wg::zeros({0, 3}, dtype)), 0)) == List{0, 0, 0});
    CHECK(elements(wg::sum(Var(wg::zeros({3, 0}, dtype)), 1)) == List{0, 0, 0});
    CHECK(wg::sum(Var(wg::zeros({0, 3}, dtype)), 1).shape() == Shape{0});
    CHECK(wg::sum(Var(wg::zeros({2, 0, 3}, dtype)), {0, 2}, wg::keep_axes).shape() ==
          Shape{1, 0, 1});
  }
}

TEST_CASE("any reduction leaves an empty axis that it does not reduce", "[ops]") {
  const Var none = wg::zeros({0, 3}, wg::f64);
  for (const auto& f : {wg::mean, wg::max, wg::min, wg::logsumexp, wg::norm, wg::sum})
    CHECK(f(none, 1, wg::Keep::no).shape() == Shape{0});
  CHECK(wg::var(none, 1).shape() == Shape{0});
  CHECK(wg::std(none, 1).shape() == Shape{0});
  CHECK(wg::argmax(none).shape() == Shape{0});
  CHECK(wg::argmin(none).shape() == Shape{0});
}

TEST_CASE("products of empty matrices run backward at any rank", "[ops]") {
  // Each operand's gradient has the operand's shape, and sums nothing where the product is empty.
  struct Product {
    Call call;
    std::vector<Shape> operands;
    Shape result;
  };
  const Call matmul = [](std::span<const Var> x) { return wg::matmul(x[0], x[1]); };
  const Call linear = [](std::span<const Var> x) { return wg::linear(x[0], x[1], x[2]); };
  const std::vector<Product> products{
      {matmul, {{3, 0}, {0, 4}}, {3, 4}},
      {matmul, {{2, 3, 0}, {0, 4}}, {2, 3, 4}},
      {matmul, {{2, 3, 5}, {5, 0}}, {2, 3, 0}},
      {matmul, {{2, 0, 5}, {5, 4}}, {2, 0, 4}},
      {matmul, {{0, 3, 5}, {5, 4}}, {0, 3, 4}},
      {linear, {{0}, {2, 0}, {2}}, {2}},
      {linear, {{3, 0}, {2, 0}, {2}}, {3, 2}},
      {linear, {{2, 3, 0}, {2, 0}, {2}}, {2, 3, 2}},
      {linear, {{2, 3, 5}, {0, 5}, {0}}, {2, 3, 0}},
      {linear, {{2, 0, 5}, {4, 5}, {4}}, {2, 0, 4}},
  };
  for (const wg::DType dtype : {wg::f32, wg::f64})
    for (const Product& product : products) {
      std::vector<Tensor> xs;
      for (const Shape& shape : product.operands) xs.push_back(wg::ones(shape, dtype));
      INFO(to_string(xs[0].shape()) << " and " << to_string(xs[1].shape()));
      const Var y = product.call(std::vector<Var>(xs.begin(), xs.end()));
      CHECK(y.shape() == product.result);
      const std::vector<Tensor> g = gradients(product.call, xs);
      for (std::size_t k = 0; k < xs.size(); ++k) {
        CHECK(g[k].shape() == xs[k].shape());
        // The bias alone is added to every row; what is multiplied by nothing has gradient 0.
        const double wanted =
            k == 2 && y.size() > 0 ? static_cast<double>(y.size() / xs[2].size()) : 0.0;
        CHECK(elements(g[k]) == List(xs[k].size(), wanted));
      }
    }
}

TEST_CASE("one element is its own sum, mean, extreme and logsumexp", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64})
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{1, 1}}) {
      const Tensor x = wg::full(shape, -2.5, dtype);
      for (const auto& f : {wg::sum, wg::mean, wg::max, wg::min, wg::logsumexp}) {
        const auto over_all = [&](const Var& v) { return f(v, {}, wg::Keep::no); };
        CHECK(elements(over_all(Var(x))) == List{-2.5});
        CHECK(over_all(Var(x)).shape() == Shape{});
        CHECK(gradient(over_all, x) == List{1});
      }
      const auto length = [](const Var& v) { return wg::norm(v); };
      CHECK(elements(length(Var(x))) == List{2.5});
      CHECK(gradient(length, x) == List{-1});
      const auto variance = [](const Var& v) { return wg::var(v); };
      CHECK(elements(variance(Var(x))) == List{0});
      CHECK(gradient(variance, x) == List{0});
      const auto deviation = [](const Var& v) { return wg::std(v); };
      CHECK(elements(deviation(Var(x))) == List{0});
      CHECK(gradient(deviation, x) == List{0});
    }
  CHECK(elements(wg::argmax(Var(wg::full({2, 1}, 7)))) == List{0, 0});
  CHECK(elements(wg::softmax(Var(wg::full({2, 1}, 7)))) == List{1, 1});
}

TEST_CASE("NaN wins every extreme wherever it is", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64})
    for (std::size_t count = 1; count <= 40; ++count)
      for (std::size_t place = 0; place < count; ++place) {
        Tensor x = wg::linspace(-1, 1, count, wg::f64);
        x.mutable_data<double>()[place] = not_a_number;
        const Var row = x.to(dtype);
        const Var column = broadcast_to(reshape(row, {-1, 1}), Shape{count, 3});
        for (const auto& f : {wg::max, wg::min}) {
          INFO(count << " elements, NaN at " << place << ", in " << to_string(dtype));
          CHECK(std::isnan(f(row, {}, wg::Keep::no).item()));
          CHECK(std::ranges::all_of(elements(f(column, 0, wg::Keep::no)),
                                    [](double v) { return std::isnan(v); }));
        }
        CHECK(wg::argmax(row).item() == static_cast<double>(place));
        CHECK(wg::argmin(row).item() == static_cast<double>(place));
      }
}

TEST_CASE("NaN wins maximum and minimum, equals nothing and is a true condition", "[ops]") {
  for (const wg::DType dtype : {wg::f32, wg::f64}) {
    const Var none = wg::full({20}, not_a_number, dtype);
    const Var one = wg::full({20}, 1, dtype);
    const auto all = [](const Var& x, double wanted) { return elements(x) == List(20, wanted); };
    const auto all_nan = [](const Var& x) {
      return std::ranges::all_of(elements(x), [](double v) { return std::isnan(v); });
    };
    CHECK(all_nan(wg::maximum(one, none)));
    CHECK(all_nan(wg::maximum(none, one)));
    CHECK(all_nan(wg::minimum(one, none)));
    CHECK(all_nan(wg::minimum(none, one)));
    CHECK(all(wg::equal(none, none), 0));
    CHECK(all(wg::not_equal(none, none), 1));
    CHECK(all(wg::not_equal(none, 1.0), 1));
    CHECK(all(none < one, 0));
    CHECK(all(none >= one, 0));
    CHECK(all(wg::where(none, one, 2.0), 1));
    CHECK(all_nan(wg::relu(none)));
    CHECK(all_nan(wg::clamp(none, -1, 1)));
    CHECK(all_nan(wg::sign(none)));
  }
}

TEST_CASE("the first of equal elements gives argmax and argmin", "[ops]") {
  const Var x = wg::matrix({{1, 3, 3}, {2, 2, 2}, {-inf, 0, -inf}}, wg::f64);
  CHECK(elements(wg::argmax(x)) == List{1, 0, 1});
  CHECK(elements(wg::argmin(x)) == List{0, 0, 0});
}

// ---------------------------------------------------------------- whole messages

TEST_CASE("a reduction of nothing that needs an element says which axis is empty", "[ops]") {
  const Var none = wg::zeros({2, 0}, wg::f64);
  const auto said = [&](auto f) { return message<wg::ShapeError>([&] { f(); }); };
  CHECK(said([&] { wg::mean(none); }) == "mean: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::max(none, 1); }) ==
        "max: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::min(none, -1); }) ==
        "min: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::logsumexp(none); }) ==
        "logsumexp: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::var(none); }) == "var: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::std(none); }) == "std: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::argmax(none); }) ==
        "argmax: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::argmin(none); }) ==
        "argmin: empty reduction: axis 1 of [2, 0] has no elements");
  CHECK(said([&] { wg::softmax(none); }) ==
        "softmax: needs an axis with at least one class, got [2, 0]");
}

TEST_CASE("an axis that is not there, or there twice, is named", "[ops]") {
  const Var x = wg::zeros({2, 3}, wg::f64);
  CHECK(message<wg::ShapeError>([&] { wg::sum(x, 2); }) ==
        "sum: axis 2 is outside [-2, 2) of a value of rank 2");
  CHECK(message<wg::ShapeError>([&] { wg::max(x, {0, -2}); }) == "max: axis -2 is named twice");
  CHECK(message<wg::ShapeError>([&] { wg::softmax(x, -3); }) ==
        "softmax: axis -3 is outside [-2, 2) of a value of rank 2");
  CHECK(message<wg::ValueError>([&] { wg::var(x, 0, wg::Keep::no, 2); }) ==
        "var: 2 elements are too few for correction 2");
  CHECK(message<wg::ValueError>([&] { wg::std(x, 0, wg::Keep::no, 2); }) ==
        "std: 2 elements are too few for correction 2");
}

TEST_CASE("an index or label outside its range is named with its place and the range", "[ops]") {
  const Var x = wg::zeros({4, 3}, wg::f64);
  CHECK(message<wg::ValueError>([&] {
          wg::take(x, Var(wg::labels({0, 3, 4})));
        }) == "take: index 4 at position 2 is outside [0, 4)");
  CHECK(message<wg::ValueError>([&] { wg::take(x, Var(wg::labels({-1})), 1); }) ==
        "take: index -1 at position 0 is outside [0, 3)");
  const Var index = wg::labels({0, 5}).reshape({2, 1});
  CHECK(message<wg::ValueError>([&] { wg::gather(x, index, 1); }) ==
        "gather: index 5 at position 1 is outside [0, 3)");
  CHECK(message<wg::ValueError>([&] {
          wg::scatter_add(Var(wg::zeros({2, 1})), index, 1, Shape{2, 3});
        }) == "scatter_add: index 5 at position 1 is outside [0, 3)");
  CHECK(message<wg::ValueError>([&] {
          wg::one_hot(Var(wg::labels({1, 7})), 7);
        }) == "one_hot: label 7 at row 1 is outside [0, 7)");
  CHECK(message<wg::ValueError>([&] {
          wg::softmax_cross_entropy(x, Var(wg::labels({0, 1, 2, 3})));
        }) == "cross_entropy: label 3 at row 3 is outside [0, 3)");
  CHECK(message<wg::ShapeError>([&] { wg::select(x, 0, 4); }) ==
        "select: index 4 is outside axis 0 of [4, 3]");
  CHECK(message<wg::ShapeError>([&] { wg::slice(x, 1, 1, 4); }) ==
        "slice: [1, 4) is outside axis 1 of [4, 3]");
  CHECK(message<wg::ValueError>([&] { wg::clamp(x, 1.0, -1.0); }) ==
        "clamp: low 1 is above high -1");
}

TEST_CASE("operands of two dtypes are named, with the way out", "[ops]") {
  const Var single = wg::zeros({2, 2});
  const Var twice = wg::zeros({2, 2}, wg::f64);
  const Var whole = wg::labels({1, 2});
  const auto said = [&](auto f) { return message<wg::DTypeError>([&] { f(); }); };
  CHECK(said([&] { single + twice; }) ==
        "add: operands are f32 and f64; convert one with cast(x, dtype)");
  CHECK(said([&] { twice < single; }) ==
        "less: operands are f64 and f32; convert one with cast(x, dtype)");
  CHECK(said([&] { wg::matmul(single, twice); }) ==
        "matmul: operands are f32 and f64; convert one with cast(x, dtype)");
  CHECK(said([&] {
          wg::concat({single, twice}, 0);
        }) == "concat: value 0 is f32 and value 1 is f64; convert one with cast(x, dtype)");
  CHECK(said([&] { wg::tanh(whole); }) ==
        "tanh: takes f32 or f64, got i64; convert with cast(x, f32)");
  CHECK(said([&] { wg::sum(whole); }) ==
        "sum: takes f32 or f64, got i64; convert with cast(x, f32)");
  CHECK(said([&] { wg::take(single, single); }) ==
        "take: indices must be i64, got f32; make them with labels({...}) or cast(x, i64)");
  CHECK(said([&] { wg::softmax_cross_entropy(single, Var(wg::zeros({2}))); }) ==
        "cross_entropy: labels are i64, got f32");
}

TEST_CASE("shapes that do not fit are named, with the rule they break", "[ops]") {
  const Var a = wg::zeros({2, 3});
  const Var b = wg::zeros({4});
  const auto said = [&](auto f) { return message<wg::ShapeError>([&] { f(); }); };
  CHECK(said([&] { a + b; }) == "add: shapes do not broadcast: [2, 3] and [4]");
  CHECK(said([&] { wg::where(a, a, b); }) == "where: shapes do not broadcast: [2, 3] and [4]");
  CHECK(said([&] { wg::logistic_loss(b, a); }) ==
        "logistic_loss: shapes do not broadcast: [4] and [2, 3]");
  CHECK(said([&] { wg::matmul(a, a); }) == "matmul: inner dimensions differ: [2, 3] x [2, 3]");
  CHECK(said([&] { wg::matmul(a, a, {.left = true, .right = true}); }) ==
        "matmul: inner dimensions differ: [2, 3]^T x [2, 3]^T");
  CHECK(said([&] { wg::matmul(a, b); }) ==
        "matmul: operands need two axes or more: [2, 3] x [4]; see dot, outer and linear");
  CHECK(said([&] { wg::linear(b, a); }) ==
        "linear: x [4] does not fit weight [2, 3]: the last axis of x has to be 3");
  CHECK(said([&] { wg::linear(a, a, b); }) == "linear: bias [4] does not fit weight [2, 3]");
  CHECK(said([&] { wg::dot(a, a); }) ==
        "dot: takes two vectors of equal length, got [2, 3] and [2, 3]");
  CHECK(said([&] { wg::outer(a, b); }) == "outer: takes two vectors, got [2, 3] and [4]");
  CHECK(said([&] {
          wg::softmax_cross_entropy(a, Var(wg::labels({0, 1, 2})));
        }) == "cross_entropy: logits [2, 3] take labels [2], got [3]");
  CHECK(said([&] { wg::softmax_cross_entropy_with_distribution(a, b); }) ==
        "cross_entropy: logits [2, 3] and target distributions [4] differ; class labels are i64, "
        "e.g. labels({0, 1})");
  CHECK(said([&] { wg::sum_to(a, Shape{2}); }) == "sum_to: [2] is not [2, 3] before broadcasting");
}
