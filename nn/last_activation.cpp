// SPDX-License-Identifier: MIT
#include "last_activation.h"

#include <algorithm>
#include <array>

#include "../graph/recording.h"

namespace wengert::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Activation {
  std::string_view op;
  double low;
  double high;
};
constexpr std::array activations{
    Activation{"sigmoid", 0, 1},
    Activation{"softmax", 0, 1},
    Activation{"tanh", -1, 1},
    Activation{"softsign", -1, 1},
    Activation{"sin", -1, 1},
    Activation{"cos", -1, 1},
    Activation{"erf", -1, 1},
    Activation{"relu", 0, infinity},
    Activation{"exp", 0, infinity},
    Activation{"softplus", 0, infinity},
    Activation{"abs", 0, infinity},
    Activation{"square", 0, infinity},
    Activation{"log_sigmoid", -infinity, 0},
    Activation{"log_softmax", -infinity, 0},
    Activation{"leaky_relu", -infinity, infinity},
    Activation{"elu", -1, infinity},
    Activation{"selu", -1.7580993408473766, infinity},
    Activation{"gelu", -0.17, infinity},
    Activation{"gelu_tanh", -0.171, infinity},
    Activation{"silu", -0.2785, infinity},
};

bool is_among(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool moves_only(std::string_view op) {
  return is_among(op, {"reshape", "permute", "slice", "select", "flip", "take", "gather", "cast",
                       "broadcast_to"});
}
bool sums(std::string_view op) { return is_among(op, {"linear", "matmul"}); }

/// The node below a shift or scaling by a constant or a parameter; `none` if `node` is neither.
std::uint32_t scaled(const Recording& recording, std::uint32_t node) {
  if (!is_among(recording.op_name(node), {"add", "sub", "mul", "div", "neg"}))
    return Recording::none;
  std::uint32_t below = Recording::none;
  for (const std::uint32_t input : recording.inputs(node)) {
    const Leaf leaf = recording.nodes[input].leaf;
    if (leaf == Leaf::constant || leaf == Leaf::parameter) continue;
    if (below != Recording::none) return Recording::none;  // of two computed values
    below = input;
  }
  return below;
}

}  // namespace

LastActivation last_activation(const Var& prediction) {
  const Recording* recording = Recording::of(prediction);
  if (!recording) return {.name = "a constant"};
  std::uint32_t node = Recording::index_of(prediction);
  std::string_view first;
  bool changed = false;
  for (;;) {
    if (!recording->nodes[node].op)
      return {.name = first.empty() ? "the input" : std::string(first)};
    const std::string_view op = recording->op_name(node);
    if (sums(op)) return {.name = "linear", .linear = true, .known = true};
    if (!changed)
      for (const Activation& activation : activations)
        if (activation.op == op)
          return {std::string(op), activation.low, activation.high, false, true};
    if (!moves_only(op)) {
      if (first.empty()) first = op;
      changed = true;
    }
    const std::uint32_t below =
        moves_only(op) ? recording->inputs(node)[0] : scaled(*recording, node);
    if (below == Recording::none) return {.name = std::string(first)};
    node = below;
  }
}

}  // namespace wengert::detail
