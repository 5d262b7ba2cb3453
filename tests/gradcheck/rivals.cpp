// SPDX-License-Identifier: MIT
#include "gradcheck/rivals.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <wengert/graph/rng.h>
#include <wengert/graph/tape.h>
#include <wengert/graph/transforms.h>
#include <wengert/ops/layout.h>

namespace wengert::rivals {
namespace {

double element(const Tensor& tensor, std::size_t i) {
  return dispatch_float(tensor.dtype(),
                        [&]<class T>(T) { return static_cast<double>(tensor.data<T>()[i]); });
}
void set_element(Tensor& tensor, std::size_t i, double value) {
  dispatch_float(tensor.dtype(),
                 [&]<class T>(T) { tensor.mutable_data<T>()[i] = static_cast<T>(value); });
}

double inner(const Tensor& a, const Tensor& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += element(a, i) * element(b, i);
  return total;
}

bool same(const Tensor& a, const Tensor& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (element(a, i) != element(b, i)) return false;
  return true;
}

/// f at a point, in one dtype: recorded, with its gradients, and called again elsewhere.
class Point {
 public:
  Point(const Checked& f, std::span<const Tensor> inputs, DType dtype) : f_(f) {
    for (const Tensor& input : inputs) {
      const bool smooth = is_float(input.dtype());
      values_.push_back(smooth ? input.to(dtype) : input);
      variables_.push_back(smooth ? tape_.variable(values_.back()) : tape_.input(values_.back()));
    }
    y_ = f_(variables_);
  }
  std::size_t size() const { return values_.size(); }
  bool smooth(std::size_t k) const { return is_float(values_[k].dtype()); }
  const Tensor& value(std::size_t k) const { return values_[k]; }
  const Tensor& output() const { return y_.value(); }
  DType dtype() const { return y_.dtype(); }

  std::vector<Tensor> gradients(const Tensor& cotangent) const {
    std::vector<Tensor> result;
    const Gradients found = y_.tracked() ? tape_.backward(y_, Var(cotangent)) : Gradients();
    for (std::size_t k = 0; k < size(); ++k) {
      const Var* gradient = y_.tracked() && smooth(k) ? found.find(variables_[k]) : nullptr;
      result.push_back(gradient ? gradient->value() : zeros_like(values_[k]));
    }
    return result;
  }

  /// f called anew, as a user's function is.
  Tensor called(std::span<const Tensor> values) const {
    const std::vector<Var> xs(values.begin(), values.end());
    return f_(xs).value();
  }
  /// The recorded graph run again, as libraries with static graphs do.
  Tensor replayed(std::span<const Tensor> values) const {
    std::vector<Binding> bindings;
    for (std::size_t k = 0; k < size(); ++k)
      if (smooth(k)) bindings.emplace_back(variables_[k], values[k]);
    return tape_.replay(y_, bindings);
  }
  Tensor run(std::span<const Tensor> values, bool graph) const {
    return graph ? replayed(values) : called(values);
  }
  std::vector<Tensor> values() const { return values_; }

  /// The difference quotient by one element, contracted.
  double difference(std::size_t k, std::size_t i, double h, const Tensor& cotangent,
                    bool graph) const {
    std::vector<Tensor> moved = values_;
    const double x = element(values_[k], i);
    set_element(moved[k], i, x + h);
    const double above = inner(run(moved, graph), cotangent);
    set_element(moved[k], i, x - h);
    const double below = inner(run(moved, graph), cotangent);
    return (above - below) / (2 * h);
  }

 private:
  const Checked& f_;
  Tape tape_;
  std::vector<Tensor> values_;
  std::vector<Var> variables_;
  Var y_;
};

Tensor random_cotangent(const Point& point, std::uint64_t stream = 0) {
  if (point.output().size() == 1 && stream == 0) return ones_like(point.output());
  return Rng{0x5eed, stream}.normal(point.output().shape(), point.dtype());
}

/// True if `accepts(analytic, numeric)` for every element of every input.
template <class Accepts>
bool every_element(const Point& point, const Tensor& cotangent, double h, bool graph,
                   Accepts accepts) {
  const std::vector<Tensor> analytic = point.gradients(cotangent);
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!point.smooth(k)) continue;
    for (std::size_t i = 0; i < point.value(k).size(); ++i)
      if (!accepts(element(analytic[k], i), point.difference(k, i, h, cotangent, graph)))
        return false;
  }
  return true;
}

/// columns[k][i] is (f(x + h e_i) - f(x - h e_i)) / 2h for element i of input k.
std::vector<std::vector<Tensor>> jacobian_columns(const Point& point, double h) {
  std::vector<std::vector<Tensor>> columns(point.size());
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!point.smooth(k)) continue;
    for (std::size_t i = 0; i < point.value(k).size(); ++i) {
      std::vector<Tensor> moved = point.values();
      const double x = element(moved[k], i);
      set_element(moved[k], i, x + h);
      Tensor column = point.called(moved);
      set_element(moved[k], i, x - h);
      const Tensor below = point.called(moved);
      for (std::size_t j = 0; j < column.size(); ++j)
        set_element(column, j, (element(column, j) - element(below, j)) / (2 * h));
      columns[k].push_back(std::move(column));
    }
  }
  return columns;
}

bool dlib_with_step(const Point& point, double base) {
  std::vector<double> sums(point.size());
  std::vector<std::size_t> counts(point.size());
  for (std::uint64_t iteration = 1; iteration <= 10; ++iteration) {
    const Tensor cotangent = random_cotangent(point, iteration);
    const std::vector<Tensor> analytic = point.gradients(cotangent);
    for (std::size_t k = 0; k < point.size(); ++k) {
      if (!point.smooth(k)) continue;
      for (std::size_t i = 0; i < point.value(k).size(); ++i) {
        const double x = element(point.value(k), i);
        const double numeric = point.difference(k, i, x == 0 ? base : x * base, cotangent, false);
        const double absolute = std::abs(numeric - element(analytic[k], i));
        const double relative = numeric != 0 ? absolute / std::abs(numeric) : absolute;
        if (relative > 0.05 && absolute > 0.006) return false;
        sums[k] += relative;
        ++counts[k];
      }
    }
  }
  for (std::size_t k = 0; k < point.size(); ++k)
    if (sums[k] > 0.003 * static_cast<double>(counts[k])) return false;
  return true;
}

}  // namespace

bool pytorch_rule(const Checked& f, std::span<const Tensor> inputs) {
  const Point point(f, inputs, f64);
  const Tensor nothing = zeros_like(point.output());
  for (const Tensor& gradient : point.gradients(nothing))
    if (is_float(gradient.dtype()) && !same(gradient, zeros_like(gradient))) return false;
  const std::vector<std::vector<Tensor>> columns = jacobian_columns(point, 1e-6);
  for (std::size_t j = 0; j < nothing.size(); ++j) {
    Tensor cotangent = nothing;
    set_element(cotangent, j, 1);
    const std::vector<Tensor> once = point.gradients(cotangent);
    const std::vector<Tensor> again = point.gradients(cotangent);
    for (std::size_t k = 0; k < once.size(); ++k) {
      if (!point.smooth(k)) continue;
      if (!same(once[k], again[k])) return false;
      for (std::size_t i = 0; i < once[k].size(); ++i) {
        const double numeric = element(columns[k][i], j);
        const double error = std::abs(element(once[k], i) - numeric);
        if (!(error <= 1e-5 + 1e-3 * std::abs(numeric))) return false;
      }
    }
  }
  return true;
}

bool pytorch_rule_second_order(const Checked& f, std::span<const Tensor> inputs) {
  const Checked slopes = [&](std::span<const Var> xs) {
    std::vector<Var> values;
    for (const Var& x : xs) values.emplace_back(x.value());
    const Tensor cotangent = Rng{0x5eed, 200}.normal(f(values).shape(), xs[0].dtype());
    const Var by_y(cotangent);
    std::vector<Var> flat;
    for (const Var& gradient : detail::pull("slopes", f, xs, &by_y).gradients)
      flat.push_back(reshape(gradient, {-1}));
    return concat(flat, 0);
  };
  return pytorch_rule(slopes, inputs);
}

bool dynet_style(const Checked& f, std::span<const Tensor> inputs) {
  const Point point(f, inputs, f32);
  return every_element(point, random_cotangent(point), 5e-3, true, [](double a, double n) {
    const double error = std::abs(a - n);
    const double larger = std::max(std::abs(a), std::abs(n));
    return !std::isnan(error) && (error <= 0.01 || error <= 0.01 * larger);
  });
}

bool dlib_style(const Checked& f, std::span<const Tensor> inputs) {
  const Point point(f, inputs, f32);
  double base = 1e-4;
  for (int k = 0; k < 10; ++k, base *= 2)
    if (dlib_with_step(point, base)) return true;
  return dlib_with_step(point, 0.01);
}

bool kann_style(const Checked& f, std::span<const Tensor> inputs) {
  constexpr double eps = 1e-5;
  constexpr double tolerance = 1e-2;
  const Point point(f, inputs, f32);
  const Tensor cotangent = random_cotangent(point);
  const std::vector<Tensor> analytic = point.gradients(cotangent);
  Rng rng{0x5eed, 100};
  std::vector<Tensor> above = point.values();
  std::vector<Tensor> below = point.values();
  double slope = 0;
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!point.smooth(k)) continue;
    for (std::size_t i = 0; i < point.value(k).size(); ++i) {
      const double x = element(point.value(k), i);
      const double delta = eps * rng.uniform();
      set_element(above[k], i, x + delta);
      set_element(below[k], i, x - delta);
      slope += delta * element(analytic[k], i);
    }
  }
  // Costs are float32 there, and so are the sums here.
  const auto cost = [&](std::span<const Tensor> values) {
    return static_cast<double>(static_cast<float>(inner(point.replayed(values), cotangent)));
  };
  const double here = cost(point.values());
  const double plus = cost(above);
  const double minus = cost(below);
  const double change = 0.5 * (plus - minus);
  if (!(std::abs(change) >= tolerance * eps)) return true;  // skipped
  const double error =
      std::abs(std::abs(slope) - std::abs(change)) / (std::abs(slope) + std::abs(change));
  const double curvature = std::abs(plus + minus - 2 * here) / std::abs(plus - minus);
  return !(error >= tolerance && error > curvature);
}

bool float32_differences(const Checked& f, std::span<const Tensor> inputs) {
  const Point point(f, inputs, f32);
  return every_element(point, random_cotangent(point), 1e-3, false, [](double a, double n) {
    return std::abs(a - n) <= 1e-2 * std::max(1.0, std::abs(n));
  });
}

const std::vector<Rival>& rivals() {
  static const std::vector<Rival> all{{"PyTorch's rule", pytorch_rule, pytorch_rule_second_order},
                                      {"DyNet-style", dynet_style},
                                      {"dlib-style", dlib_style},
                                      {"KANN-style", kann_style},
                                      {"float32 differences", float32_differences}};
  return all;
}

}  // namespace wengert::rivals
