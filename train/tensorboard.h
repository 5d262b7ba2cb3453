// SPDX-License-Identifier: MIT
// Logs a training as event files for TensorBoard (`tensorboard --logdir FOLDER`), beside whatever
// else records it. What is worth logging is left to who calls it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../graph/tensor.h"

namespace wengert {

/// False where the library was built without protobuf; a TensorBoard then cannot be made.
bool have_tensorboard();

/// One event file, in a folder that may hold those of earlier runs of the same training;
/// TensorBoard shows them as one. Tags are UTF-8; what stands before a slash groups them
/// ("loss/train"). Steps count whatever the caller counts. The file is brought up to date every two
/// seconds, at `flush` and at the end. Errors of each method: ValueError for a tag that is empty or
/// no UTF-8; FileError if the file cannot be written, e.g. because the disk is full. What was
/// logged before stays readable.
class TensorBoard {
 public:
  /// Makes the folder if it is missing, and a new file in it; no file is overwritten.
  /// Errors: FileError naming the folder; Error if built without protobuf.
  explicit TensorBoard(const std::string& folder);
  TensorBoard(TensorBoard&&) noexcept;
  TensorBoard& operator=(TensorBoard&&) noexcept;
  ~TensorBoard();

  /// The format keeps a float. NaN and infinities are kept too.
  void scalar(std::string_view tag, double value, std::int64_t step);
  /// Distribution of the elements in 30 buckets of equal width, which TensorBoard draws over the
  /// steps. NaN and infinities are in no bucket; how many there are goes to the scalar
  /// "TAG/non_finite". Errors: also ValueError if there are no elements.
  void histogram(std::string_view tag, const Tensor& values, std::int64_t step);
  /// A picture [height, width], 0 black to 1 white, or [height, width, 3], red, green and blue.
  /// Values outside [0, 1] are cut off, NaN is black. Errors: also ShapeError for another shape.
  void image(std::string_view tag, const Tensor& pixels, std::int64_t step);

  /// The training goes on from an earlier state: what an earlier run logged for `step` and later is
  /// void, and TensorBoard drops it.
  void restart(std::int64_t step);
  void flush();
  /// Of the event file.
  const std::string& path() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wengert
