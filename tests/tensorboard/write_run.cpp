// SPDX-License-Identifier: MIT
// Writes a run into the folder that is its argument; read_run.py knows what has to be in it.
#include <cmath>
#include <cstdio>
#include <limits>

#include <wengert/graph/error.h>
#include <wengert/train/tensorboard.h>

namespace wg = wengert;

int main(int count, char** arguments) try {
  if (count != 2) {
    std::puts("usage: write_run FOLDER");
    return 2;
  }
  if (!wg::have_tensorboard()) {
    std::puts("built without protobuf: no event files to read");
    return 77;
  }
  const std::string folder = arguments[1];
  {
    wg::TensorBoard board(folder);
    for (int step = 0; step < 100; ++step) board.scalar("loss/train", 1.0 / (1 + step), step);
    board.scalar("diverged", std::nan(""), 1);
    board.scalar("diverged", std::numeric_limits<double>::infinity(), 2);
    board.histogram("weights", wg::linspace(-1.0, 2.0, 3001), 7);
    board.histogram("constant", wg::full({4}, 3.0), 7);
    board.histogram("broken", wg::tensor({1, std::nan(""), 2, std::nan("")}), 7);
    board.image("digit", wg::matrix({{0, 0.5, 1}, {1, 0, 0.2}}), 3);
    board.image("colours", wg::tensor({1, 0, 0, 0, 1, 0, 0, 0, 1}).reshape({1, 3, 3}), 3);
  }
  wg::TensorBoard resumed(folder);
  resumed.restart(90);
  for (int step = 90; step < 110; ++step) resumed.scalar("loss/train", -1.0, step);
  resumed.scalar("rate \xce\xb7", 1e-3, 5000000000);
  return 0;
} catch (const wg::Error& error) {
  std::puts(error.what());
  return 1;
}
