// SPDX-License-Identifier: MIT
// Do the model's last activation, the loss and the targets go together? The rules are the table in
// docs/losses.md; what a training looked like afterwards is judged elsewhere.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../graph/tape.h"
#include "loss_function.h"

namespace wengert {

struct Advice {
  enum class Weight {
    wrong,     ///< it cannot work, or not as meant
    doubtful,  ///< it may be meant
    note,      ///< good to know; nothing to change
  };
  Weight weight = Weight::wrong;
  std::string mismatch;  ///< "sigmoid followed by mse on one-hot targets: ..."
  std::string cure;      ///< "drop the sigmoid and use cross_entropy"
};
/// "wrong: mismatch" and, on a second line, the cure.
std::string to_string(const Advice& advice);
/// All of it, the gravest first; "nothing to object to" if there is none.
std::string to_string(const std::vector<Advice>& advice);

namespace detail {
std::vector<Advice> advise(const Var& prediction, const Loss& loss, const Tensor& inputs,
                           const Tensor& targets, const Tensor& mask);
}

/// Runs the model once on a batch, as it is used after training (no dropout), and looks at the end
/// of the recording, at the loss and at the numbers. The gravest comes first. A loss is known by
/// its name; of a custom one only the numbers are judged. Errors: what the model throws. What the
/// loss throws becomes an advice.
template <class Model>
std::vector<Advice> advise(Model&& model, const Loss& loss, const Tensor& inputs,
                           const Tensor& targets) {
  Tape tape(Mode::inference);
  return detail::advise(std::forward<Model>(model)(tape.input(inputs)), loss, inputs, targets, {});
}
/// The same for anything with `inputs`, `targets` and, if it likes, a `mask` of padded steps, which
/// are left out of account.
template <class Model, class Batch>
std::vector<Advice> advise(Model&& model, const Loss& loss, const Batch& batch) {
  Tape tape(Mode::inference);
  const Var prediction = std::forward<Model>(model)(tape.input(batch.inputs));
  if constexpr (requires { batch.mask; })
    return detail::advise(prediction, loss, batch.inputs, batch.targets, batch.mask);
  else return detail::advise(prediction, loss, batch.inputs, batch.targets, {});
}

}  // namespace wengert
