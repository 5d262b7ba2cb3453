// SPDX-License-Identifier: MIT
// Copy memory: ten symbols are to be said again 100 steps later. An orthogonal linear RNN learns it
// in some hundred steps, 300 steps with --length 300 --rate 2e-4; a Gaussian tanh RNN (--cell rnn)
// or an orthogonal one (--cell orthogonal) is hardly better than no memory after two thousand.
#include "sequence_net.h"

int main(int argc, char** argv) {
  CLI::App app("Copy memory");
  const TaskOptions options =
      parse(argc, argv, app, {.cell = "linear", .units = 128, .iterations = 2000, .rate = 1e-3});
  run(copy_memory(options.length), options);
}
