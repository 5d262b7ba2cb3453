// SPDX-License-Identifier: MIT
// Random numbers from a counter instead of hidden state: a draw is a pure function of (seed,
// stream, counter), so it can be repeated, skipped or resumed. An Rng is passed in, never global.
// Random ops that are recorded on a tape are in ops/random.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor.h"

namespace wengert {

/// Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011). Every element drawn takes one count (`integers` and `permutation` sometimes more), so
/// two fills of n draw the same numbers as one of 2n, and a tensor is the same in f32 and f64, but
/// for rounding. The same on every processor.
class Rng {
 public:
  /// Everything an Rng is; save it to resume.
  struct State {
    std::uint64_t seed = 0;
    std::uint64_t stream = 0;
    std::uint64_t counter = 0;
    friend bool operator==(const State&, const State&) = default;
  };

  /// Streams of one seed are independent of each other.
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : state_{seed, stream, 0} {}
  explicit Rng(const State& state) : state_(state) {}

  /// Standard normal: mean 0, variance 1 (Box and Muller 1958). Errors: DTypeError for i64.
  Tensor normal(const Shape& shape, DType dtype = f32);
  /// low <= value < high, also after rounding to f32.
  /// Errors: ValueError if there is no such value; DTypeError for i64.
  Tensor uniform(const Shape& shape, double low = 0.0, double high = 1.0, DType dtype = f32);
  /// 1 with probability p, else 0. Errors: ValueError if p is outside [0, 1].
  Tensor bernoulli(const Shape& shape, double p, DType dtype = f32);
  /// low <= value < high as i64, each equally likely. Errors: ValueError unless low < high.
  Tensor integers(std::int64_t low, std::int64_t high, const Shape& shape);
  /// 0, 1, ..., n - 1 in random order, i64 [n].
  Tensor permutation(std::size_t n);

  /// One standard normal.
  double normal();
  /// One number in [0, 1).
  double uniform();
  /// 64 random bits.
  std::uint64_t bits();

  /// An Rng whose draws are independent of this one's; the next split gives another. Moves the
  /// counter on, so split before or after other draws as you like, but always in the same order.
  Rng split();
  /// Moves on as if `count` elements had been drawn.
  void skip(std::uint64_t count);

  const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }
  friend bool operator==(const Rng&, const Rng&) = default;

 private:
  State state_;
};

namespace detail {

/// How often this thread has drawn from any Rng: whether a function is random is told by that.
std::uint64_t draws_on_this_thread();

// What to draw. For `fill`, element i of the output is the draw at `from.counter + i`.
struct Normal {};
struct Uniform {
  double low = 0.0;
  double high = 1.0;
};
struct Bernoulli {
  double p = 0.5;
};

/// Writes every element of `out`. Errors: as Rng's methods of these names.
void fill(const Normal& what, const Rng::State& from, Tensor& out);
void fill(const Uniform& what, const Rng::State& from, Tensor& out);
void fill(const Bernoulli& what, const Rng::State& from, Tensor& out);

/// Philox itself: 128 random bits. Its counter is (index, stream), its key the seed.
std::array<std::uint64_t, 2> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);

}  // namespace detail

}  // namespace wengert
