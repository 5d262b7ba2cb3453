// SPDX-License-Identifier: MIT
#include "loss.h"

#include <string>

#include "../graph/error.h"
#include "../ops/activation.h"
#include "../ops/arithmetic.h"
#include "../ops/elementwise.h"
#include "../ops/reduce.h"
#include "../ops/softmax.h"

namespace wengert {
namespace {

void require_equal_shapes(const char* loss, const Var& prediction, const Var& target) {
  if (prediction.shape() != target.shape())
    throw ShapeError(
        std::string(loss) + ": prediction " + to_string(prediction.shape()) + " and target " +
        to_string(target.shape()) +
        " differ; reshape one of them, broadcasting would pair every row with every other");
}

}  // namespace

Var mse(const Var& prediction, const Var& target) {
  require_equal_shapes("mse", prediction, target);
  return mean(squared_difference(prediction, target));
}
Var mae(const Var& prediction, const Var& target) {
  require_equal_shapes("mae", prediction, target);
  return mean(abs(prediction - target));
}
Var bce_from_logits(const Var& logits, const Var& target) {
  require_equal_shapes("bce_from_logits", logits, target);
  return mean(logistic_loss(logits, target));
}
Var cross_entropy(const Var& logits, const Var& target) {
  if (target.dtype() == i64) return mean(softmax_cross_entropy(logits, target));
  return mean(softmax_cross_entropy_with_distribution(logits, target));
}

double accuracy(const Var& logits, const Var& labels) {
  return mean(cast(equal(argmax(Var(logits.value())), Var(labels.value())), f64)).item();
}

}  // namespace wengert
