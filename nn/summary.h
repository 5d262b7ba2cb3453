// SPDX-License-Identifier: MIT
// What a model consists of: one row a module, in the order in which a sample passes through them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../graph/members.h"
#include "../graph/tape.h"
#include "../graph/var.h"

namespace wengert {

struct Summary {
  struct Row {
    std::string path;  ///< "encoder.0"; empty for ops at the model's top level
    std::string ops;   ///< "linear", "relu", or several joined by commas
    Shape output;
    std::size_t parameters = 0;
    std::size_t bytes = 0;  ///< of the parameters
    double flops = 0;       ///< of one forward pass of the sample
  };
  std::vector<Row> rows;
  std::size_t parameters = 0;
  std::size_t bytes = 0;
  double flops = 0;
};
std::string to_string(const Summary& summary);

namespace detail {
Summary summarize(const Tape& tape);
}

/// Runs the model once on `sample` (a batch, e.g. zeros({1, 784})) and lists its modules.
/// Errors: ValueError if the model uses a parameter that its member list leaves out, and what the
/// model throws.
template <class Model>
Summary summary(Model& model, const Tensor& sample) {
  parameters(model);  // gives every parameter its path
  Tape tape;
  model(tape.input(sample));
  check_members(model, tape);
  return detail::summarize(tape);
}

}  // namespace wengert
