// SPDX-License-Identifier: MIT
// Weights of PyTorch's nn.RNN, nn.LSTM and nn.GRU (and their cells' layouts) in our cells. Blocks
// of gates are in the same order; only names differ, and where PyTorch has two biases we have one.
#pragma once

#include <map>
#include <string>

#include "../../graph/tensor.h"
#include "bidirectional.h"
#include "gru_cell.h"
#include "lstm_cell.h"
#include "rnn_cell.h"

namespace wengert {

/// Puts one layer of such a module's state_dict into a cell: `weight_ih_l0`, `weight_hh_l0`,
/// `bias_ih_l0`, `bias_hh_l0` for the suffix "l0"; "l0_reverse" is the other direction, "l1" the
/// layer above. `prefix` is what stands before them in a larger model, "encoder." with its dot.
/// The bias of RnnCell and LstmCell becomes the sum of PyTorch's two, whose gradients are both that
/// of the sum. nn.RNN's nonlinearity is not in its state_dict: the cell's activation says it.
/// f32 becomes f64 where the cell has it. Everything is loaded or nothing.
/// Errors: ValueError listing every tensor that is missing, is of another shape or dtype, or
/// belongs to the layer but has no place in the cell (a projection, biases of a cell without); and
/// if a GruCell is of another form than PyTorch's (Reset::after, Update::keeps).
void load_torch(RnnCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix = "l0", const std::string& prefix = {});
void load_torch(LstmCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix = "l0", const std::string& prefix = {});
void load_torch(GruCell& cell, const std::map<std::string, Tensor>& tensors,
                const std::string& suffix = "l0", const std::string& prefix = {});

/// Both directions of one layer: `suffix` forward, `suffix`_reverse backward.
template <class Forward, class Backward>
void load_torch(Bidirectional<Forward, Backward>& both,
                const std::map<std::string, Tensor>& tensors, const std::string& suffix = "l0",
                const std::string& prefix = {}) {
  Bidirectional<Forward, Backward> loaded = both;
  load_torch(loaded.forward, tensors, suffix, prefix);
  load_torch(loaded.backward, tensors, suffix + "_reverse", prefix);
  both = loaded;
}

}  // namespace wengert
