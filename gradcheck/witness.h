// SPDX-License-Identifier: MIT
// The function as a witness against its tape: called again at another point, it has to give what
// the tape gives there. Internal.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "../graph/mode.h"
#include "../graph/rng.h"
#include "../graph/tape.h"
#include "gradcheck.h"

namespace wengert::detail {

/// The function itself, which can be called again: at the point, near it, off the tape.
struct Function {
  const Checked& f;
  std::span<const Tensor> inputs;
  const CheckedModule& module;
};

/// Values for all inputs, the integers too, and for some parameters.
struct Point {
  std::vector<Tensor> inputs;
  std::unordered_map<std::uint64_t, Tensor> parameters = {};
};
/// Where the function was recorded.
Point point_of(std::span<const Tensor> inputs);
/// The inputs, and the parameters on this tape, moved by about `size`.
Point moved(std::span<const Tensor> inputs, const Tape& tape, double size, Rng& rng);
/// x + size max(1, |x|) N(0, 1), in x's dtype.
Tensor near(const Tensor& x, double size, Rng& rng);

/// The function called again.
struct Rerun {
  Tape tape;
  Var y;
};
/// The parameters' values go by way of `.on(x)`.
Rerun run_at(const Function& function, const Point& point, Mode mode = Mode::training);
/// A copy of the module with these values in it: they show also where `.value()` is used.
/// Parameters without a value in `point` stay as they are. Nothing if the function is no module
/// that can be copied, or its copy shares parameters with it: those are the user's own.
std::optional<Rerun> run_copy_at(const CheckedModule& module, const Point& point);

/// What was called beside what the tape gives there.
struct Testimony {
  bool comparable = true;  ///< of one shape
  bool same_path = true;   ///< the same ops were recorded
  bool agrees = true;      ///< to the bit, or after another path as far as roundings go
  double off = 0;          ///< largest difference
  double change = 0;       ///< of the tape's own answer from where it was recorded
  std::string where = {};  ///< the first constant that is another one, as "input 1 of node 4 (mul)"
  Tensor replay = {};
};
Testimony compared(const Tape& tape, const Var& y, const Rerun& again, const Point& point);

/// Whether a function whose result carries no gradient changes with its inputs all the same.
bool changes_off_tape(const Function& function, const Var& y, std::uint64_t seed);
/// The path of a listed parameter that is not on the tape but changes the result; empty if none.
std::string used_off_tape(const Function& function, const Tape& tape, const Var& y,
                          std::uint64_t seed);

}  // namespace wengert::detail
