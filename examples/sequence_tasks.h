// SPDX-License-Identifier: MIT
// The tasks on which recurrent nets show how far they remember, drawn anew for every batch. Not
// part of the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.h>

struct SequenceBatch {
  wengert::Tensor x;        ///< [T, batch, inputs]
  wengert::Tensor targets;  ///< [batch, 1], or labels [batch] or [T, batch]
};

struct SequenceTask {
  std::string name;
  std::size_t length;  ///< T of its papers; copy memory has 20 steps more
  std::size_t inputs, outputs;
  double baseline;  ///< loss of the best guess that remembers nothing
  wengert::Loss loss;
  std::function<SequenceBatch(std::size_t, wengert::Rng&)> draw;
  bool every_step = false;  ///< an output at every step, or the last one only
};

inline std::size_t one_of(std::size_t from, std::size_t to, wengert::Rng& rng) {
  return from + static_cast<std::size_t>(rng.uniform() * static_cast<double>(to - from));
}

/// The sum of the two marked numbers among T from [0, 1), one marked in each half (S. Hochreiter
/// and J. Schmidhuber, "Long short-term memory", 1997, in the form of M. Arjovsky et al. 2016). To
/// say 1 always has the sum's variance as its error, 2/12.
inline SequenceTask adding(std::size_t T) {
  const auto draw = [T](std::size_t batch, wengert::Rng& rng) {
    SequenceBatch result{rng.uniform({T, batch, 2}), wengert::zeros({batch, 1})};
    const std::span<float> x = result.x.mutable_data<float>();
    const std::span<float> sums = result.targets.mutable_data<float>();
    for (std::size_t i = 1; i < x.size(); i += 2) x[i] = 0;
    for (std::size_t b = 0; b < batch; ++b)
      for (const std::size_t t : {one_of(0, T / 2, rng), one_of(T / 2, T, rng)}) {
        x[(t * batch + b) * 2 + 1] = 1;
        sums[b] += x[(t * batch + b) * 2];
      }
    return result;
  };
  return {"adding", T, 2, 1, 1.0 / 6, wengert::mse, draw};
}

/// Ten of eight symbols, T blanks of which the last says go, then the ten again (Hochreiter and
/// Schmidhuber 1997; Arjovsky, Shah and Bengio, "Unitary evolution recurrent neural networks",
/// 2016). Blanks can be told by the clock, ten symbols of T + 20 only guessed.
inline SequenceTask copy_memory(std::size_t T) {
  constexpr std::size_t symbols = 8, kept = 10;
  const auto draw = [T](std::size_t batch, wengert::Rng& rng) {
    const std::size_t steps = T + 2 * kept;
    std::vector<std::int64_t> input(steps * batch, symbols), target(steps * batch, symbols);
    for (std::size_t b = 0; b < batch; ++b) {
      input[(T + kept - 1) * batch + b] = symbols + 1;
      for (std::size_t k = 0; k < kept; ++k)
        input[k * batch + b] = target[(T + kept + k) * batch + b] =
            static_cast<std::int64_t>(one_of(0, symbols, rng));
    }
    const wengert::Shape shape{steps, batch};
    return SequenceBatch{
        wengert::one_hot(wengert::labels(input).reshape(shape), symbols + 2).value(),
        wengert::labels(target).reshape(shape)};
  };
  const double baseline = kept * std::log(symbols) / static_cast<double>(T + 2 * kept);
  return {"copy memory", T, symbols + 2, symbols + 1, baseline, wengert::cross_entropy, draw, true};
}

/// Which of X and Y came first and which second among four other symbols, at T/10 to 2T/10 and
/// 4T/10 to 5T/10 (Hochreiter and Schmidhuber 1997, as in R. Pascanu et al. 2013): four classes.
inline SequenceTask temporal_order(std::size_t T) {
  const auto draw = [T](std::size_t batch, wengert::Rng& rng) {
    std::vector<std::int64_t> input(T * batch), target(batch);
    for (std::int64_t& symbol : input) symbol = 2 + static_cast<std::int64_t>(one_of(0, 4, rng));
    for (std::size_t b = 0; b < batch; ++b)
      for (const std::size_t begin : {T / 10, 4 * T / 10}) {
        const auto which = static_cast<std::int64_t>(one_of(0, 2, rng));
        input[one_of(begin, begin + std::max<std::size_t>(T / 10, 1), rng) * batch + b] = which;
        target[b] = 2 * target[b] + which;
      }
    return SequenceBatch{
        wengert::one_hot(wengert::labels(input).reshape(wengert::Shape{T, batch}), 6).value(),
        wengert::labels(target)};
  };
  return {"temporal order", T, 6, 4, std::log(4), wengert::cross_entropy, draw};
}
