// SPDX-License-Identifier: MIT
// Which modules that keep a state were called: a generator or running statistics leave no trace on
// a tape, so that the modules say themselves that they were there. For summary and fit.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "../graph/buffer.h"
#include "../graph/rng.h"
#include "../graph/shape.h"
#include "../graph/tape.h"

namespace wengert::detail {

/// Collects, while it lives, the calls of Dropout and BatchNorm in this thread.
class StateWatch {
 public:
  struct Call {
    const char* module;  ///< "Dropout"
    const void* state;   ///< the address of its Rng or of one of its buffers
    Shape output;
    std::size_t before;  ///< the first node of the tape that is recorded after it
  };

  explicit StateWatch(const Tape& tape);
  ~StateWatch();
  StateWatch(const StateWatch&) = delete;
  StateWatch& operator=(const StateWatch&) = delete;

  const std::vector<Call>& calls() const { return calls_; }
  /// Errors: ValueError if one's state is none of these, which are what the model lists.
  void require_listed(const std::vector<Buffer*>& buffers,
                      const std::vector<std::pair<std::string, Rng*>>& generators) const;

  /// For a module that is called; does nothing if nobody watches.
  static void note(const char* module, const void* state, const Shape& output);

 private:
  const Tape& tape_;
  StateWatch* outer_;
  std::vector<Call> calls_;
};

}  // namespace wengert::detail
