// SPDX-License-Identifier: MIT
#include "lambda.h"

#include <array>
#include <string>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../ops/activation.h"
#include "../ops/softmax.h"

namespace wengert {
namespace {

struct Named {
  std::string_view name;
  Var (*function)(const Var&);
};
constexpr std::array<Named, 14> functions{{
    {"relu", relu},
    {"tanh", tanh},
    {"sigmoid", sigmoid},
    {"softplus", softplus},
    {"softsign", softsign},
    {"leaky_relu", [](const Var& x) { return leaky_relu(x); }},
    {"elu", [](const Var& x) { return elu(x); }},
    {"selu", selu},
    {"gelu", gelu},
    {"gelu_tanh", gelu_tanh},
    {"silu", silu},
    {"log_sigmoid", log_sigmoid},
    {"softmax", [](const Var& x) { return softmax(x); }},
    {"identity", [](const Var& x) { return x; }},
}};

}  // namespace

Lambda activation(std::string_view name) {
  std::string known;
  for (const Named& entry : functions) {
    if (entry.name == name) return Lambda(entry.function);
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  }
  throw ValueError(fmt::format("activation: there is no '{}'; there are {}", name, known));
}

}  // namespace wengert
