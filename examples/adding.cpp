// SPDX-License-Identifier: MIT
// The adding problem: the sum of two marked numbers among 100. LSTM and GRU learn it in some
// thousand steps, a tanh RNN stays at what no memory at all would give.
#include "sequence_net.h"

int main(int argc, char** argv) {
  CLI::App app("The adding problem");
  const TaskOptions options = parse(argc, argv, app, {.cell = "lstm", .iterations = 3000});
  run(adding(options.length), options);
}
