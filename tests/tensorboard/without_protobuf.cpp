// SPDX-License-Identifier: MIT
// Linked with train/tensorboard_missing.cpp: what a program sees where protobuf was not found.
#include <cstdio>
#include <string>

#include <wengert/graph/error.h>
#include <wengert/train/tensorboard.h>

int main() {
  if (wengert::have_tensorboard()) return 1;
  try {
    const wengert::TensorBoard board("run");
  } catch (const wengert::Error& error) {
    std::puts(error.what());
    return std::string(error.what()).find("protobuf was not found") == std::string::npos ? 1 : 0;
  }
  return 1;
}
