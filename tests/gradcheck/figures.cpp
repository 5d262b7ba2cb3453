// SPDX-License-Identifier: MIT
#include "gradcheck/figures.h"

#include <cmath>
#include <complex>
#include <functional>

#include <wengert/wengert.h>

namespace wengert::mutants {
namespace {

constexpr std::size_t inputs = 4, hidden = 8, outputs = 4, steps = 10;
constexpr std::size_t parameters = hidden * inputs + hidden * hidden + hidden + outputs * hidden;

/// The same net as an ordinary program: for any number type, differentiable by none.
template <class T>
T loss_of(const std::vector<T>& p, const std::vector<double>& x, const std::vector<double>& y) {
  const T* in = p.data();
  const T* recurrent = in + hidden * inputs;
  const T* bias = recurrent + hidden * hidden;
  const T* out = bias + hidden;
  std::vector<T> h(hidden, T(0));
  T total(0);
  for (std::size_t t = 0; t < steps; ++t) {
    std::vector<T> next(hidden);
    for (std::size_t i = 0; i < hidden; ++i) {
      T a = bias[i];
      for (std::size_t j = 0; j < inputs; ++j)
        a += in[i * inputs + j] * static_cast<T>(x[t * inputs + j]);
      for (std::size_t j = 0; j < hidden; ++j) a += recurrent[i * hidden + j] * h[j];
      next[i] = std::tanh(a);
    }
    h = next;
    for (std::size_t i = 0; i < outputs; ++i) {
      T o(0);
      for (std::size_t j = 0; j < hidden; ++j) o += out[i * hidden + j] * h[j];
      const T off = o - static_cast<T>(y[t * outputs + i]);
      total += off * off;
    }
  }
  return total;
}

/// Im f(x + i h) / h: no difference is taken, so h can be as small as one likes (Squire and Trapp
/// 1998).
template <class T>
std::vector<double> complex_step(const std::vector<double>& p, const std::vector<double>& x,
                                 const std::vector<double>& y, std::vector<T>* exact = nullptr) {
  const T h = T(1e-100L);
  std::vector<double> gradient(p.size());
  std::vector<std::complex<T>> z(p.begin(), p.end());
  for (std::size_t i = 0; i < p.size(); ++i) {
    z[i] = {static_cast<T>(p[i]), h};
    const T slope = loss_of(z, x, y).imag() / h;
    z[i] = static_cast<T>(p[i]);
    gradient[i] = static_cast<double>(slope);
    if (exact) exact->push_back(slope);
  }
  return gradient;
}

template <class T>
std::vector<double> differences(const std::vector<double>& p, const std::vector<double>& x,
                                const std::vector<double>& y,
                                const std::function<T(const std::function<T(T)>&)>& rule) {
  std::vector<double> gradient(p.size());
  std::vector<T> moved(p.begin(), p.end());
  for (std::size_t i = 0; i < p.size(); ++i) {
    const T here = moved[i];
    gradient[i] = static_cast<double>(rule([&](T h) {
      moved[i] = here + h;
      const T value = loss_of(moved, x, y);
      moved[i] = here;
      return value;
    }));
  }
  return gradient;
}

template <class T>
auto two_points(T h) {
  return [h](const std::function<T(T)>& f) { return (f(h) - f(-h)) / (2 * h); };
}
template <class T>
auto six_points(T h) {
  return [h](const std::function<T(T)>& f) {
    return (45 * (f(h) - f(-h)) - 9 * (f(2 * h) - f(-2 * h)) + (f(3 * h) - f(-3 * h))) / (60 * h);
  };
}

std::vector<double> by_backward(const std::vector<double>& p, const std::vector<double>& x,
                                const std::vector<double>& y, DType dtype) {
  const auto tensor_of = [&](std::size_t from, const Shape& shape) {
    std::vector<double> part(p.begin() + static_cast<std::ptrdiff_t>(from),
                             p.begin() + static_cast<std::ptrdiff_t>(from + shape.size()));
    return Tensor::from<double>(part, shape).to(dtype);
  };
  Tape tape;
  const Var in = tape.variable(tensor_of(0, {hidden, inputs}));
  const Var recurrent = tape.variable(tensor_of(hidden * inputs, {hidden, hidden}));
  const Var bias = tape.variable(tensor_of(hidden * (inputs + hidden), {hidden}));
  const Var out = tape.variable(tensor_of(hidden * (inputs + hidden + 1), {outputs, hidden}));
  const Var xs = tape.input(Tensor::from<double>(x, {steps, 1, inputs}).to(dtype));
  const Var ys = tape.input(Tensor::from<double>(y, {steps, 1, outputs}).to(dtype));
  Var h = tape.input(zeros({1, hidden}, dtype));
  Var total = tape.input(zeros({}, dtype));
  for (std::int64_t t = 0; t < static_cast<std::int64_t>(steps); ++t) {
    h = wengert::tanh(matmul(select(xs, 0, t), transpose(in)) + matmul(h, transpose(recurrent)) +
                      bias);
    total = total + sum(square(matmul(h, transpose(out)) - select(ys, 0, t)));
  }
  const Gradients gradients = tape.backward(total);
  std::vector<double> result;
  for (const Var& leaf : {in, recurrent, bias, out}) {
    const Tensor g = gradients[leaf].value().to(f64);
    result.insert(result.end(), g.data<double>().begin(), g.data<double>().end());
  }
  return result;
}

}  // namespace

std::vector<Accuracy> accuracies() {
  static_assert(parameters == 136);
  Rng rng{5};
  const auto drawn = [&](std::size_t n, double size) {
    const Tensor values = rng.normal({n}, f32);  // float32 holds them, so that all start alike
    std::vector<double> result;
    for (const float v : values.data<float>())
      result.push_back(static_cast<double>(static_cast<float>(size) * v));
    return result;
  };
  const std::vector<double> p = drawn(parameters, 0.3), x = drawn(steps * inputs, 1),
                            y = drawn(steps * outputs, 1);
  std::vector<long double> exact;
  complex_step<long double>(p, x, y, &exact);
  const auto error = [&](const std::vector<double>& gradient) {
    long double off = 0, size = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      off += (gradient[i] - exact[i]) * (gradient[i] - exact[i]);
      size += exact[i] * exact[i];
    }
    return static_cast<double>(std::sqrt(off / size));
  };
  const auto best = [&]<class T>(T, const std::function<std::vector<double>(T)>& at) {
    double least = 1;
    for (int power = 2; power <= 24; ++power)
      least = std::min(least, error(at(static_cast<T>(std::pow(10.0, -power / 3.0)))));
    return least;
  };
  std::vector<Accuracy> all;
  all.push_back({"backward, float64", error(by_backward(p, x, y, f64))});
  all.push_back({"complex step, float64", error(complex_step<double>(p, x, y))});
  all.push_back({"six points, float64, h = 1e-3",
                 error(differences<double>(p, x, y, six_points<double>(1e-3)))});
  all.push_back({"six points, float64, h = 5.8e-3 (the checker's)",
                 error(differences<double>(p, x, y, six_points<double>(5.8e-3)))});
  all.push_back({"two points, float64, the best h of all",
                 best(double{}, std::function([&](double h) {
                        return differences<double>(p, x, y, two_points<double>(h));
                      }))});
  all.push_back({"two points, float64, h = 1e-6 (PyTorch's)",
                 error(differences<double>(p, x, y, two_points<double>(1e-6)))});
  all.push_back({"backward, float32", error(by_backward(p, x, y, f32))});
  all.push_back({"two points, float32, the best h of all",
                 best(float{}, std::function([&](float h) {
                        return differences<float>(p, x, y, two_points<float>(h));
                      }))});
  all.push_back({"six points, float32, the best h of all",
                 best(float{}, std::function([&](float h) {
                        return differences<float>(p, x, y, six_points<float>(h));
                      }))});
  all.push_back({"two points, float32, h = 5e-3 (DyNet's)",
                 error(differences<float>(p, x, y, two_points<float>(5e-3F)))});
  return all;
}

}  // namespace wengert::mutants
