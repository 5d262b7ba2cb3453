// SPDX-License-Identifier: MIT
#include "statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <type_traits>

#include <fmt/format.h>

#include "../graph/error.h"

namespace wengert {
namespace {

void require_alike(const std::string& name, const Tensor& a, const Tensor& b) {
  if (!a.defined() || !b.defined()) return;
  if (a.shape() != b.shape())
    throw ShapeError(fmt::format("group_statistics: '{}' has one shape before and after: {} and {}",
                                 name, to_string(a.shape()), to_string(b.shape())));
  if (a.dtype() != b.dtype() || !is_float(a.dtype()))
    throw DTypeError(fmt::format("group_statistics: '{}' has one floating dtype: {} and {}", name,
                                 to_string(a.dtype()), to_string(b.dtype())));
}

// By their bits: a processor that flushes denormals would compare them equal to zero.
template <class T>
auto magnitude_bits(T value) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  return static_cast<Bits>(std::bit_cast<Bits>(value) & ~(Bits{1} << (8 * sizeof(T) - 1)));
}

/// The sum of f(i) for i < n, in eight sums side by side: the compiler makes lanes of them, which
/// it may not do of one.
template <class Sum>
Sum sum_over(std::size_t n, auto&& f) {
  constexpr std::size_t lanes = 8;
  std::array<Sum, lanes> sums{};
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += f(i + lane);
  Sum total = 0;
  for (; i < n; ++i) total += f(i);
  for (const Sum sum : sums) total += sum;
  return total;
}

template <class T>
double square(T value) {
  return static_cast<double>(value) * static_cast<double>(value);
}

template <class T>
void describe_gradient(std::span<const T> gradient, GroupStatistics& into) {
  using Bits = decltype(magnitude_bits(T{}));
  const Bits smallest_normal = magnitude_bits(std::numeric_limits<T>::min());
  const Bits infinity = magnitude_bits(std::numeric_limits<T>::infinity());
  const T* g = gradient.data();
  const std::size_t n = gradient.size();
  const auto share = [&](auto&& has) {
    return n == 0 ? 0.0
                  : static_cast<double>(sum_over<Bits>(
                        n, [&](std::size_t i) { return Bits{has(magnitude_bits(g[i]))}; })) /
                        static_cast<double>(n);
  };
  into.gradient_norm = std::sqrt(sum_over<double>(n, [&](std::size_t i) { return square(g[i]); }));
  into.zero = share([](Bits bits) { return bits == 0; });
  into.denormal = share([&](Bits bits) { return bits - 1 < smallest_normal - 1; });
  into.nonfinite = share([&](Bits bits) { return bits >= infinity; });
}

template <class T>
double norm_of(std::span<const T> values) {
  const T* x = values.data();
  return std::sqrt(sum_over<double>(values.size(), [&](std::size_t i) { return square(x[i]); }));
}

template <class T>
double change_of(std::span<const T> before, std::span<const T> after) {
  const T* a = before.data();
  const T* b = after.data();
  return std::sqrt(sum_over<double>(before.size(), [&](std::size_t i) {
    return square(static_cast<double>(b[i]) - static_cast<double>(a[i]));
  }));
}

/// A mean that passes over what was not measured.
class Mean {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ == 0 ? not_measured : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

struct Means {
  explicit Means(std::string group) : name(std::move(group)) {}
  std::string name;
  Mean gradient_norm, weight_norm, update_ratio, zero, denormal, nonfinite;
};

}  // namespace

GroupStatistics group_statistics(std::string name, const Tensor& gradient, const Tensor& before,
                                 const Tensor& after) {
  require_alike(name, before, after);
  require_alike(name, gradient, before);
  GroupStatistics result{.name = std::move(name)};
  if (gradient.defined())
    dispatch_float(gradient.dtype(),
                   [&]<class T>(T) { describe_gradient(gradient.data<T>(), result); });
  if (after.defined())
    dispatch_float(after.dtype(),
                   [&]<class T>(T) { result.weight_norm = norm_of(after.data<T>()); });
  if (before.defined() && after.defined())
    dispatch_float(before.dtype(), [&]<class T>(T) {
      const double change = change_of(before.data<T>(), after.data<T>());
      result.update_ratio = change == 0 ? 0.0 : change / norm_of(before.data<T>());
    });
  return result;
}

std::vector<GroupStatistics> mean_statistics(std::span<const StepRecord> steps) {
  std::vector<Means> means;
  for (const StepRecord& step : steps)
    for (const GroupStatistics& group : step.groups) {
      auto found = std::find_if(means.begin(), means.end(),
                                [&](const Means& known) { return known.name == group.name; });
      if (found == means.end()) found = means.emplace(means.end(), group.name);
      found->gradient_norm.add(group.gradient_norm);
      found->weight_norm.add(group.weight_norm);
      if (!std::isinf(group.update_ratio)) found->update_ratio.add(group.update_ratio);
      found->zero.add(group.zero);
      found->denormal.add(group.denormal);
      found->nonfinite.add(group.nonfinite);
    }
  std::vector<GroupStatistics> result;
  for (const Means& mean : means)
    result.push_back({.name = mean.name,
                      .gradient_norm = mean.gradient_norm.value(),
                      .weight_norm = mean.weight_norm.value(),
                      .update_ratio = mean.update_ratio.value(),
                      .zero = mean.zero.value(),
                      .denormal = mean.denormal.value(),
                      .nonfinite = mean.nonfinite.value()});
  return result;
}

}  // namespace wengert
