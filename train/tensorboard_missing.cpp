// SPDX-License-Identifier: MIT
// Stands in for tensorboard.cpp where protobuf was not found when the library was built.
#include "../graph/error.h"
#include "tensorboard.h"

namespace wengert {

struct TensorBoard::State {
  std::string path;
};

bool have_tensorboard() { return false; }

TensorBoard::TensorBoard(const std::string&) {
  throw Error(
      "tensorboard: this build of Wengert writes no event files: protobuf was not found; install "
      "libprotobuf-dev and protobuf-compiler and build again");
}
TensorBoard::TensorBoard(TensorBoard&&) noexcept = default;
TensorBoard& TensorBoard::operator=(TensorBoard&&) noexcept = default;
TensorBoard::~TensorBoard() = default;

// No object gets this far.
void TensorBoard::scalar(std::string_view, double, std::int64_t) {}
void TensorBoard::histogram(std::string_view, const Tensor&, std::int64_t) {}
void TensorBoard::image(std::string_view, const Tensor&, std::int64_t) {}
void TensorBoard::restart(std::int64_t) {}
void TensorBoard::flush() {}
const std::string& TensorBoard::path() const { return state_->path; }

}  // namespace wengert
