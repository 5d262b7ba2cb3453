// SPDX-License-Identifier: MIT
// The exceptions of the library: one base, a few causes. Every message has the form
// "op: rule that was broken: actual values; usual cause".
#pragma once

#include <stdexcept>
#include <string>

namespace wengert {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Extents that do not fit each other or the op.
struct ShapeError : Error {
  using Error::Error;
};
/// Element types that do not fit each other or the op.
struct DTypeError : Error {
  using Error::Error;
};
/// A value on no tape, on another tape, or on a tape that is gone.
struct TapeError : Error {
  using Error::Error;
};
/// A second derivative of an op that has a first one only.
struct FirstOrderError : TapeError {
  FirstOrderError(const std::string& which, const std::string& why)
      : TapeError(which + ": " + why), op(which) {}
  std::string op;
};
/// An argument outside its range.
struct ValueError : Error {
  using Error::Error;
};
/// A file that is missing, damaged or not what it claims to be.
struct FileError : Error {
  using Error::Error;
};

}  // namespace wengert
