// SPDX-License-Identifier: MIT
#include "gradcheck.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "../graph/backward.h"
#include "../graph/recording.h"
#include "../graph/rng.h"
#include "../ops/arithmetic.h"
#include "../ops/reduce.h"

namespace wengert {

using detail::Leaf;
using detail::Recording;

namespace {

double dot64(const Tensor& a, const Tensor& b) {
  double total = 0;
  const std::span<const double> x = a.data<double>();
  const std::span<const double> y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) total += x[i] * y[i];
  return total;
}

bool finite(const Tensor& tensor) {
  return std::ranges::all_of(tensor.data<double>(), [](double v) { return std::isfinite(v); });
}

/// A leaf to differentiate by, with its float64 value and gradient.
struct CheckedLeaf {
  Var var;
  std::string name;
  Tensor value;
  Tensor gradient;
};

struct Difference {
  double value;
  double error;  ///< estimated
};

class Check {
 public:
  Check(const Tape& tape, const Var& y, const CheckOptions& options)
      : tape_(tape), y_(y), options_(options), rng_(options.seed) {
    report_.seed = options.seed;
  }

  CheckReport run() {
    const Tape lifted = tape_.replayed({}, f64);
    const Var y = lifted.counterpart(y_);
    cotangent_ = y.size() == 1 ? ones(y.shape(), f64) : rng_.normal(y.shape(), f64);
    const Gradients gradients = lifted.backward(y, cotangent_);
    collect(lifted, gradients);
    if (!finite(y.value()) || !std::ranges::all_of(leaves_, [](const CheckedLeaf& leaf) {
          return finite(leaf.gradient);
        })) {
      report_.verdict = Verdict::nonfinite;
      return report_;
    }
    for (std::size_t i = 0; i < options_.directions; ++i) check_direction();
    check_coordinates();
    return report_;
  }

 private:
  void collect(const Tape& lifted, const Gradients& gradients) {
    Recording& recording = const_cast<Tape&>(tape_).recording();
    std::size_t inputs = 0;
    for (std::uint32_t node = 0; node < recording.size(); ++node) {
      const detail::Node& leaf = recording.nodes[node];
      const bool differentiable = leaf.leaf == Leaf::variable || leaf.leaf == Leaf::parameter;
      if (!leaf.tracked || !differentiable) continue;
      const Var var = recording.at(node, leaf.value);
      const Var twin = lifted.counterpart(var);
      const Var* found = gradients.find(twin);
      leaves_.push_back({var,
                         leaf.leaf == Leaf::parameter ? recording.described(node)
                                                      : fmt::format("input {}", inputs),
                         twin.value(), found ? found->value() : zeros_like(twin.value())});
      inputs += leaf.leaf == Leaf::variable;
      report_.elements += twin.size();
    }
  }

  double loss_at(std::span<const Tensor> values) const {
    std::vector<Binding> bindings;
    for (std::size_t i = 0; i < leaves_.size(); ++i)
      bindings.emplace_back(leaves_[i].var, values[i]);
    return dot64(tape_.replay(y_, bindings, f64), cotangent_);
  }

  // Six points, error of order h^6; the second estimate with half the step tells how good it is.
  // A stencil that crosses a kink (relu, abs, max) gives itself away by that: then with a tenth of
  // the step, up to four times.
  Difference differenced(const std::function<double(double)>& f, double step, double scale) const {
    const auto stencil = [&](double h) {
      return (45.0 * (f(h) - f(-h)) - 9.0 * (f(2 * h) - f(-2 * h)) + (f(3 * h) - f(-3 * h))) /
             (60.0 * h);
    };
    Difference best{0, std::numeric_limits<double>::infinity()};
    for (int shrunk = 0; shrunk < 5; ++shrunk, step /= 10) {
      const double coarse = stencil(step);
      const double fine = stencil(step / 2);
      // The coarse one has 64 times the fine one's truncation and half of its rounding error; the
      // difference bounds both.
      const Difference now{fine, std::abs(fine - coarse)};
      if (now.error < best.error) best = now;
      if (best.error <= options_.tolerance * scale) break;
    }
    return best;
  }

  // Where the two one-sided derivatives differ, any value between them is a right one.
  static bool at_kink(const std::function<double(double)>& f, double analytic, double scale,
                      Verdict& verdict) {
    constexpr double h = 1e-6;
    const double here = f(0);
    const double right = (f(h) - here) / h;
    const double left = (here - f(-h)) / h;
    const double slack = 1e-3 * scale;
    if (!(std::abs(right - left) > slack)) return false;
    const bool between =
        analytic >= std::min(left, right) - slack && analytic <= std::max(left, right) + slack;
    verdict = between ? Verdict::agree : Verdict::disagree;
    return true;
  }

  void compare(const CheckedLeaf* leaf, const std::vector<std::size_t>& index,
               const std::function<double(double)>& f, double step, double analytic, double scale) {
    const Difference numeric = differenced(f, step, scale);
    const double error = std::abs(analytic - numeric.value) / scale;
    const double oracle = numeric.error / scale;
    Verdict verdict = Verdict::agree;
    if (!(oracle <= 1e-3)) verdict = Verdict::unresolved;
    else if (error > std::max(options_.tolerance, 5 * oracle)) verdict = Verdict::disagree;
    if (verdict != Verdict::agree && at_kink(f, analytic, scale, verdict)) {
      ++report_.kinks;
      // Through many kinks at once a direction decides nothing; the coordinates do.
      if (verdict == Verdict::agree || !leaf) return;
    }
    judge(leaf, index, analytic, numeric.value, error, oracle, verdict);
  }

  void judge(const CheckedLeaf* leaf, const std::vector<std::size_t>& index, double analytic,
             double numeric, double error, double oracle, Verdict verdict) {
    const bool worse = rank(verdict) > rank(report_.verdict) ||
                       (verdict == report_.verdict && error > report_.error);
    if (!worse) return;
    report_.verdict = verdict;
    report_.leaf = leaf ? leaf->name : "a direction through all leaves";
    report_.index = index;
    report_.analytic = analytic;
    report_.numeric = numeric;
    report_.error = error;
    report_.oracle_error = oracle;
  }
  static int rank(Verdict verdict) {
    return verdict == Verdict::disagree ? 2 : verdict == Verdict::unresolved ? 1 : 0;
  }

  void check_direction() {
    ++report_.directions;
    std::vector<Tensor> direction;
    double analytic = 0;
    double square = 0;
    for (const CheckedLeaf& leaf : leaves_) {
      Tensor d = rng_.normal(leaf.value.shape(), f64);
      const std::span<double> elements = d.mutable_data<double>();
      const std::span<const double> x = leaf.value.data<double>();
      // Scaled so that every element moves by about its own step.
      for (std::size_t i = 0; i < elements.size(); ++i)
        elements[i] *= std::max(1.0, std::abs(x[i]));
      analytic += dot64(leaf.gradient, d);
      for (std::size_t i = 0; i < elements.size(); ++i) {
        const double term = leaf.gradient.data<double>()[i] * elements[i];
        square += term * term;
      }
      direction.push_back(std::move(d));
    }
    std::vector<Tensor> moved(leaves_.size());
    const auto along = [&](double h) {
      for (std::size_t k = 0; k < leaves_.size(); ++k) {
        moved[k] = leaves_[k].value;
        const std::span<double> x = moved[k].mutable_data<double>();
        const std::span<const double> d = direction[k].data<double>();
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += h * d[i];
      }
      return loss_at(moved);
    };
    // A Gaussian direction moves further than one coordinate: a smaller step keeps the stencil
    // inside the region where the function is smooth.
    compare(nullptr, {}, along, options_.step / 4, analytic, std::max(std::sqrt(square), 1e-12));
  }

  void check_coordinates() {
    double square = 0;
    for (const CheckedLeaf& leaf : leaves_) square += dot64(leaf.gradient, leaf.gradient);
    const double rms =
        std::sqrt(square / static_cast<double>(std::max<std::size_t>(report_.elements, 1)));
    std::vector<Tensor> values;
    for (const CheckedLeaf& leaf : leaves_) values.push_back(leaf.value);
    for (std::size_t k = 0; k < leaves_.size(); ++k)
      for (const std::size_t i : chosen(leaves_[k])) check_coordinate(k, i, values, rms);
  }

  // Every element of a small problem; else the ends, the eight largest gradients and eight at
  // random.
  std::vector<std::size_t> chosen(const CheckedLeaf& leaf) {
    const std::size_t size = leaf.value.size();
    std::vector<std::size_t> all(size);
    for (std::size_t i = 0; i < size; ++i) all[i] = i;
    if (report_.elements <= options_.coordinates || size <= 18) return all;
    const std::span<const double> g = leaf.gradient.data<double>();
    std::partial_sort(all.begin(), all.begin() + 8, all.end(), [&](std::size_t a, std::size_t b) {
      return std::abs(g[a]) > std::abs(g[b]);
    });
    std::vector<std::size_t> some(all.begin(), all.begin() + 8);
    some.insert(some.end(), {0, size - 1});
    const Tensor random = rng_.integers(0, static_cast<std::int64_t>(size), {8});
    for (const std::int64_t i : random.data<std::int64_t>())
      some.push_back(static_cast<std::size_t>(i));
    std::sort(some.begin(), some.end());
    some.erase(std::unique(some.begin(), some.end()), some.end());
    return some;
  }

  void check_coordinate(std::size_t k, std::size_t element, std::vector<Tensor>& values,
                        double rms) {
    ++report_.coordinates;
    const CheckedLeaf& leaf = leaves_[k];
    const double x = leaf.value.data<double>()[element];
    const auto along = [&](double h) {
      values[k] = leaf.value;
      values[k].mutable_data<double>()[element] = x + h;
      return loss_at(values);
    };
    const double analytic = leaf.gradient.data<double>()[element];
    // Judged by the slope there, whichever side it is taken from.
    const double step = options_.step * std::max(1.0, std::abs(x));
    const double rough = std::abs(along(step) - along(-step)) / (2 * step);
    const double scale = std::max({std::abs(analytic), rough * 0.5, 1e-3 * rms, 1e-12});
    compare(&leaf, index_of(element, leaf.value.shape()), along, step, analytic, scale);
    values[k] = leaf.value;
  }

  static std::vector<std::size_t> index_of(std::size_t element, const Shape& shape) {
    std::vector<std::size_t> index(shape.rank());
    for (std::size_t axis = shape.rank(); axis-- > 0;) {
      index[axis] = element % shape[axis];
      element /= shape[axis];
    }
    return index;
  }

  const Tape& tape_;
  const Var& y_;
  const CheckOptions& options_;
  Rng rng_;
  Tensor cotangent_;
  std::vector<CheckedLeaf> leaves_;
  CheckReport report_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  constexpr std::string_view names[] = {"AGREE", "DISAGREE", "UNRESOLVED", "NONFINITE"};
  return names[static_cast<std::size_t>(verdict)];
}

std::string to_string(const CheckReport& report) {
  std::string text = fmt::format(
      "gradient check: {}   {} elements, {} directions + {} coordinates\n",
      to_string(report.verdict), report.elements, report.directions, report.coordinates);
  if (report.kinks > 0)
    text += fmt::format("  kinks      {} at a point without a derivative; judged by both sides\n",
                        report.kinks);
  if (report.verdict == Verdict::unresolved)
    text +=
        "  advice     the differences are too rough here to decide; try other inputs or a smaller "
        "step\n";
  if (!report.leaf.empty())
    text += fmt::format(
        "  worst      {}{}   analytic {:.6e}   numeric {:.6e}\n"
        "  error      {:.1e} relative (differences good to {:.1e})\n",
        report.leaf,
        report.index.empty() ? "" : fmt::format(" [{}]", fmt::join(report.index, ", ")),
        report.analytic, report.numeric, report.error, report.oracle_error);
  return text + fmt::format("  reproduce  seed {:#x}", report.seed);
}

CheckReport check_tape(const Tape& tape, const Var& y, const CheckOptions& options) {
  return Check(tape, y, options).run();
}

namespace detail {

CheckReport check_function(const Checked& f, std::span<const Tensor> inputs,
                           const CheckOptions& options) {
  Tape tape;
  std::vector<Var> xs;
  for (const Tensor& input : inputs)
    xs.push_back(is_float(input.dtype()) ? tape.variable(input) : tape.input(input));
  const Var y = f(xs);
  return check_tape(tape, y, options);
}

CheckReport check_second_order(const Checked& f, std::span<const Tensor> inputs,
                               const CheckOptions& options) {
  const Checked slope = [&](std::span<const Var> xs) {
    const Var y = f(xs);
    Rng rng(options.seed, 1);
    Recording& recording = *Recording::of(xs[0]);
    const Var cotangent = recording.leaf(rng.normal(y.shape(), y.dtype()), Leaf::variable);
    Wrt by;
    for (const Var& x : xs)
      if (x.tracked()) by.add(x);
    for (const ParameterLeaf& parameter : recording.parameters)
      by.add(recording.at(parameter.node, recording.nodes[parameter.node].value));
    Var total = scalar(0.0, f64);  // cast changes dtypes, so the parts may differ in theirs
    const Gradients gradients =
        Sweep(recording, std::span(&y, 1), std::span(&cotangent, 1), &by).run();
    for (const Var& x : by.vars())
      if (const Var* gradient = gradients.find(x))
        total = total + cast(sum(*gradient * Var(rng.normal(x.shape(), x.dtype()))), f64);
    return total;
  };
  return check_function(slope, inputs, options);
}

}  // namespace detail

}  // namespace wengert
