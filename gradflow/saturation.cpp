// SPDX-License-Identifier: MIT
#include "saturation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "instruments.h"

namespace wengert::gradflow {

namespace {

constexpr double saturated_below = 0.05;

bool is_activation(std::string_view op) {
  constexpr std::array names{"tanh", "sigmoid",   "relu", "leaky_relu", "elu",     "selu",
                             "gelu", "gelu_tanh", "silu", "softsign",   "softplus"};
  return std::ranges::find(names, op) != names.end();
}

/// phi' at every element: the pullback of ones.
Tensor slope_of(const Timeline& timeline, std::uint32_t node) {
  const Tape tape;
  wengert::detail::Recording& recording = const_cast<Tape&>(tape).recording();
  const Var x = recording.leaf(timeline.value(timeline.recording().inputs(node)[0]),
                               wengert::detail::Leaf::variable);
  const Var* operands[] = {&x};
  const Var y = recording.record(timeline.op(node), operands, timeline.value(node));
  const Gradients gradients = tape.backward(y, ones(y.shape(), f64));
  const Var* found = gradients.find(x);
  return found ? found->value() : zeros(x.shape(), f64);
}

struct Builder {
  ActivationUse use;
  std::vector<bool> alive;
  std::size_t elements = 0;
};

/// `real`: which samples count; all if there is one part, of no batch.
void note(Builder& builder, const Tensor& slope, const Tensor& output,
          const std::vector<bool>& real) {
  const std::span<const double> slopes = slope.data<double>();
  const std::span<const double> values = output.data<double>();
  ActivationUse& use = builder.use;
  use.units = slopes.size() / real.size();
  builder.alive.resize(use.units, false);
  double squares = 0.0, largest = 0.0;
  std::size_t flat = 0, counted = 0;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    if (!real[i / use.units]) continue;
    ++counted;
    const double size = std::abs(slopes[i]);
    squares += size * size;
    largest = std::max(largest, size);
    if (size < saturated_below) ++flat;
    if (size > 0.0) builder.alive[i % use.units] = true;
    const double low = use.op == "tanh" ? -1.0 : 0.0;
    const double place = (values[i] - low) / (1.0 - low) * 10.0;
    use.histogram[static_cast<std::size_t>(std::clamp(place, 0.0, 9.0))] += 1.0;
  }
  const double n = static_cast<double>(std::max<std::size_t>(1, counted));
  use.saturated.push_back(static_cast<double>(flat) / n);
  use.mean_square_slope.push_back(squares / n);
  use.largest_slope.push_back(largest);
  builder.elements += counted;
}

}  // namespace

Saturation saturation_of(const Timeline& timeline) {
  const wengert::detail::Recording& recording = timeline.recording();
  const std::vector<bool> after = timeline.leading_from(timeline.hidden());
  // Only what lies on the way to a state: the activations of a readout are not the recurrence's.
  const std::vector<bool> before = timeline.leading_to(timeline.hidden());

  using Key = std::tuple<std::string, std::string, std::size_t>;
  std::map<Key, Builder> builders;
  std::vector<Key> order;
  for (std::size_t t = 1; t < timeline.longest(); ++t) {
    std::vector<bool> real;
    for (std::size_t b = 0; b < timeline.batch(); ++b) real.push_back(timeline.real(t, b));
    std::map<std::pair<std::string, std::string>, std::size_t> counts;
    for (std::uint32_t node = timeline.begin_of(t); node < timeline.end_of(t); ++node) {
      if (!timeline.op(node) || !is_activation(timeline.op(node)->name())) continue;
      const std::string op(timeline.op(node)->name());
      const std::string place = recording.places[recording.nodes[node].place].path;
      // Those that do not count have their number too: the first step's gates may depend on no
      // state yet, and the others would change places.
      const Key key{place, op, counts[{place, op}]++};
      if (!after[node] || !before[node]) continue;
      Builder& builder = builders[key];
      if (builder.use.op.empty()) {
        builder.use.op = op;
        builder.use.place = place;
        builder.use.number = std::get<2>(key);
        order.push_back(key);
      }
      const Shape& shape = timeline.value(node).shape();
      const bool batched = shape.rank() > 1 && shape[0] == timeline.batch();
      note(builder, slope_of(timeline, node), timeline.value(node),
           batched ? real : std::vector<bool>{true});
    }
  }
  Saturation result;
  double flat = 0.0, all = 0.0;
  for (const Key& key : order) {
    Builder& builder = builders[key];
    for (double& share : builder.use.histogram)
      share /= static_cast<double>(std::max<std::size_t>(1, builder.elements));
    builder.use.dead = static_cast<std::size_t>(std::ranges::count(builder.alive, false));
    const double each =
        static_cast<double>(builder.elements) / static_cast<double>(builder.use.saturated.size());
    for (const double share : builder.use.saturated) flat += share * each;
    all += static_cast<double>(builder.elements);
    result.uses.push_back(std::move(builder.use));
  }
  result.share = all > 0.0 ? flat / all : 0.0;
  return result;
}

Saturation saturation(const Tape& tape, std::span<const Var> hs, const Tensor& mask) {
  return saturation_of(Timeline(tape, hs, {}, mask));
}

}  // namespace wengert::gradflow
