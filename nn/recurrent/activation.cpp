// SPDX-License-Identifier: MIT
#include "activation.h"

#include "../../ops/activation.h"

namespace wengert {

Var activate(Activation activation, const Var& x) {
  switch (activation) {
    case Activation::tanh: return tanh(x);
    case Activation::relu: return relu(x);
    case Activation::sigmoid: return sigmoid(x);
    case Activation::identity: break;
  }
  return x;
}

double steepest_slope(Activation activation) {
  return activation == Activation::sigmoid ? 0.25 : 1.0;
}

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::tanh: return "tanh";
    case Activation::relu: return "relu";
    case Activation::sigmoid: return "sigmoid";
    case Activation::identity: break;
  }
  return "identity";
}

}  // namespace wengert
