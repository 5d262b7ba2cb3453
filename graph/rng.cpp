// SPDX-License-Identifier: MIT
#include "rng.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <span>
#include <utility>

#include <Random123/philox.h>
#include <fmt/format.h>

#include "error.h"

namespace wengert {
namespace detail {

std::array<std::uint64_t, 2> philox(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  const auto low = [](std::uint64_t word) { return static_cast<std::uint32_t>(word); };
  const auto high = [](std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); };
  const auto join = [](std::uint64_t l, std::uint64_t h) { return l | h << 32; };
  const philox4x32_ctr_t counter{{low(index), high(index), low(stream), high(stream)}};
  const philox4x32_key_t key{{low(seed), high(seed)}};
  const philox4x32_ctr_t out = philox4x32_R(10, counter, key);
  return {join(out.v[0], out.v[1]), join(out.v[2], out.v[3])};
}

namespace {

// A block of Philox gives the words of two counters, 2k and 2k + 1. A normal needs both words
// whichever of the two it stands at, so normals have blocks of their own: an index with the top
// bit.
enum class Domain : std::uint64_t { words = 0, normals = std::uint64_t{1} << 63 };

std::array<std::uint64_t, 2> block(const Rng::State& state, std::uint64_t number, Domain domain) {
  const std::uint64_t index = number & ~static_cast<std::uint64_t>(Domain::normals);
  return philox(state.seed, state.stream, index | static_cast<std::uint64_t>(domain));
}

// The arithmetic below uses only + - * / and sqrt, which IEEE 754 rounds correctly, in loops
// without branches: so it gives the same bits on every processor (libm's functions do not), and the
// compiler makes vectors of it, if only it is told to inline.

/// [1, 2) from the upper 52 bits.
inline double one_to_two(std::uint64_t word) {
  return std::bit_cast<double>(word >> 12 | 0x3FF0000000000000ULL);
}
/// [0, 1)
inline double unit(std::uint64_t word) { return one_to_two(word) - 1.0; }

/// ((a z + b) z + c) ...
template <class... Rest>
double horner(double z, double leading, Rest... rest) {
  ((leading = leading * z + rest), ...);
  return leading;
}

/// The natural logarithm of x in [2^-52, 1], to a few units in the last place.
inline double log_of_unit(double x) {
  // x = 2^e m with m in [sqrt(1/2), sqrt(2)): subtracting the bits of sqrt(1/2) carries into the
  // exponent exactly where m has to change. 64 keeps the exponent from being negative.
  constexpr std::uint64_t root_half = 0x3FE6A09E667F3BCDULL;
  constexpr std::uint64_t raise = std::uint64_t{64} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t raised = (bits - root_half + raise) >> 52;
  const auto m = std::bit_cast<double>(bits - (raised << 52) + raise);
  // An integer in the mantissa of 2^52 is a conversion that every instruction set has.
  const double e = std::bit_cast<double>(raised | 0x4330000000000000ULL) - (0x1p52 + 64.0);
  // log m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172.
  const double s = (m - 1.0) / (m + 1.0);
  const double z = s * s;
  const double tail =
      z * horner(z, 1.0 / 23.0, 1.0 / 21.0, 1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0,
                 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0);
  return e * std::numbers::ln2 + (2.0 * s + 2.0 * s * tail);
}

/// cos(2 pi u) and sin(2 pi u) for u in [0, 1), by Taylor's series about the nearest quarter turn.
inline std::pair<double, double> turn(double u) {
  const double shifted = 4.0 * u + 0x1p52;  // rounds to an integer, held in the lowest bits
  const auto quarter = std::bit_cast<std::uint64_t>(shifted);
  const double t = (u - 0.25 * (shifted - 0x1p52)) * (2.0 * std::numbers::pi);  // |t| <= pi / 4
  const double z = t * t;
  const double sine = t + t * (z * horner(z, 1.0 / 355687428096000.0, -1.0 / 1307674368000.0,
                                          1.0 / 6227020800.0, -1.0 / 39916800.0, 1.0 / 362880.0,
                                          -1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0));
  const double cosine =
      1.0 + z * horner(z, 1.0 / 20922789888000.0, -1.0 / 87178291200.0, 1.0 / 479001600.0,
                       -1.0 / 3628800.0, 1.0 / 40320.0, -1.0 / 720.0, 1.0 / 24.0, -1.0 / 2.0);
  // (c, s), (-s, c), (-c, -s), (s, -c)
  const std::uint64_t odd = std::uint64_t{0} - (quarter & 1);
  const auto s = std::bit_cast<std::uint64_t>(sine);
  const auto c = std::bit_cast<std::uint64_t>(cosine);
  return {std::bit_cast<double>(((c & ~odd) | (s & odd)) ^ ((quarter + 1) & 2) << 62),
          std::bit_cast<double>(((s & ~odd) | (c & odd)) ^ (quarter & 2) << 62)};
}

constexpr std::size_t chunk = 64;  ///< blocks at a time; the work arrays stay in the first cache
template <class T>
using Chunk = std::array<T, chunk>;

/// The words of up to `chunk` blocks, and the two draws made of each.
struct Work {
  Chunk<std::uint64_t> first_words, second_words;
  Chunk<double> first, second;
};

/// f(k) for k < n; a whole chunk has a length that the compiler knows.
template <class F>
void for_each(std::size_t n, F f) {
  if (n == chunk)
    for (std::size_t k = 0; k < chunk; ++k) f(k);
  else
    for (std::size_t k = 0; k < n; ++k) f(k);
}

void draw(const Normal&, std::size_t n, Work& work) {
  Chunk<double> radius;
  for_each(n, [&](std::size_t k) {
    radius[k] = -2.0 * log_of_unit(2.0 - one_to_two(work.first_words[k]));
  });
  // By itself, because sqrt may set errno and so is done one at a time.
  for (std::size_t k = 0; k < n; ++k) radius[k] = std::sqrt(radius[k]);
  for_each(n, [&](std::size_t k) {
    const auto [cosine, sine] = turn(unit(work.second_words[k]));
    work.first[k] = radius[k] * cosine;
    work.second[k] = radius[k] * sine;
  });
}
void draw(const Uniform& what, std::size_t n, Work& work) {
  const double width = what.high - what.low;
  for_each(n, [&](std::size_t k) {
    work.first[k] = what.low + width * unit(work.first_words[k]);
    work.second[k] = what.low + width * unit(work.second_words[k]);
  });
}
void draw(const Bernoulli& what, std::size_t n, Work& work) {
  for_each(n, [&](std::size_t k) {
    work.first[k] = unit(work.first_words[k]) < what.p ? 1.0 : 0.0;
    work.second[k] = unit(work.second_words[k]) < what.p ? 1.0 : 0.0;
  });
}

/// Draws at `from.counter` + 0, 1, ... into `out`, each through `rounded`.
template <class Kind, class T, class F>
void fill_with(const Kind& what, Domain domain, const Rng::State& from, std::span<T> out,
               F rounded) {
  Work work;
  std::uint64_t number = from.counter / 2;
  std::size_t skip = from.counter % 2;
  std::size_t done = 0;
  while (done < out.size()) {
    const std::size_t left = skip + (out.size() - done);
    const std::size_t n = left < 2 * chunk ? (left + 1) / 2 : chunk;
    for (std::size_t k = 0; k < n; ++k, ++number) {
      const auto [first, second] = block(from, number, domain);
      work.first_words[k] = first;
      work.second_words[k] = second;
    }
    draw(what, n, work);
    T* to = out.data() + done;
    const std::size_t end = std::min(left, 2 * n);
    if (skip == 0 && end == 2 * chunk) {
      for (std::size_t k = 0; k < chunk; ++k) {
        to[2 * k] = rounded(work.first[k]);
        to[2 * k + 1] = rounded(work.second[k]);
      }
    } else {
      for (std::size_t i = skip; i < end; ++i)
        *to++ = rounded(i % 2 == 0 ? work.first[i / 2] : work.second[i / 2]);
    }
    done += end - skip;
    skip = 0;
  }
}

void require_float(const char* op, DType dtype) {
  if (!is_float(dtype))
    throw DTypeError(
        fmt::format("{}: draws f32 or f64, got i64; use integers for whole numbers", op));
}

/// The smallest and largest T of [low, high).
template <class T>
std::pair<T, T> bounds(const Uniform& what) {
  constexpr double largest = std::numeric_limits<T>::max();
  const bool finite = std::abs(what.low) <= largest && std::abs(what.high) <= largest &&
                      what.high - what.low <= std::numeric_limits<double>::max();
  if (!finite || !(what.low < what.high))
    throw ValueError(fmt::format(
        "uniform: low must be below high, and both finite: low {}, high {}", what.low, what.high));
  constexpr T infinity = std::numeric_limits<T>::infinity();
  auto first = static_cast<T>(what.low);
  if (static_cast<double>(first) < what.low) first = std::nextafter(first, infinity);
  auto last = static_cast<T>(what.high);
  if (static_cast<double>(last) >= what.high) last = std::nextafter(last, -infinity);
  if (!(first <= last))
    throw ValueError(fmt::format("uniform: there is no {} between low and high: low {}, high {}",
                                 to_string(dtype_of<T>()), what.low, what.high));
  return {first, last};
}

thread_local std::uint64_t draws_made = 0;

/// Successive words of an Rng, for draws that take as many as they need.
class WordReader {
 public:
  explicit WordReader(Rng::State& state) : state_(state) {}
  std::uint64_t next() {
    const std::uint64_t number = state_.counter / 2;
    if (!known_ || number != number_) {
      words_ = block(state_, number, Domain::words);
      number_ = number;
      known_ = true;
    }
    ++draws_made;
    return words_[state_.counter++ % 2];
  }

  /// Equally likely in [0, range), range > 0: Lemire, "Fast random integer generation in an
  /// interval", ACM TOMACS 2019, algorithm 5.
  std::uint64_t below(std::uint64_t range) {
    __extension__ using Wide = unsigned __int128;
    auto product = static_cast<Wide>(next()) * range;
    if (static_cast<std::uint64_t>(product) < range) {
      const std::uint64_t threshold = (std::uint64_t{0} - range) % range;
      while (static_cast<std::uint64_t>(product) < threshold)
        product = static_cast<Wide>(next()) * range;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

 private:
  Rng::State& state_;
  std::array<std::uint64_t, 2> words_{};
  std::uint64_t number_ = 0;
  bool known_ = false;
};

}  // namespace

std::uint64_t draws_on_this_thread() { return draws_made; }

void fill(const Normal& what, const Rng::State& from, Tensor& out) {
  require_float("normal", out.dtype());
  dispatch_float(out.dtype(), [&]<class T>(T) {
    fill_with(what, Domain::normals, from, out.mutable_data<T>(),
              [](double x) { return static_cast<T>(x); });
  });
}

void fill(const Uniform& what, const Rng::State& from, Tensor& out) {
  require_float("uniform", out.dtype());
  dispatch_float(out.dtype(), [&]<class T>(T) {
    const auto [first, last] = bounds<T>(what);
    fill_with(what, Domain::words, from, out.mutable_data<T>(),
              [low = first, high = last](double x) {
                const auto rounded = static_cast<T>(x);
                return rounded < low ? low : (rounded > high ? high : rounded);
              });
  });
}

void fill(const Bernoulli& what, const Rng::State& from, Tensor& out) {
  if (!(what.p >= 0.0 && what.p <= 1.0))
    throw ValueError(fmt::format("bernoulli: p must be in [0, 1]: {}", what.p));
  dispatch(out.dtype(), [&]<class T>(T) {
    fill_with(what, Domain::words, from, out.mutable_data<T>(),
              [](double x) { return static_cast<T>(x); });
  });
}

namespace {

template <class Kind>
Tensor draw_tensor(const Kind& what, Rng& rng, const Shape& shape, DType dtype) {
  Tensor result = Tensor::empty(shape, dtype);
  fill(what, rng.state(), result);
  rng.skip(result.size());
  return result;
}

}  // namespace
}  // namespace detail

Tensor Rng::normal(const Shape& shape, DType dtype) {
  return detail::draw_tensor(detail::Normal{}, *this, shape, dtype);
}
Tensor Rng::uniform(const Shape& shape, double low, double high, DType dtype) {
  return detail::draw_tensor(detail::Uniform{low, high}, *this, shape, dtype);
}
Tensor Rng::bernoulli(const Shape& shape, double p, DType dtype) {
  return detail::draw_tensor(detail::Bernoulli{p}, *this, shape, dtype);
}

Tensor Rng::integers(std::int64_t low, std::int64_t high, const Shape& shape) {
  if (low >= high)
    throw ValueError(
        fmt::format("integers: low must be below high: low {}, high {}; high itself is "
                    "never drawn",
                    low, high));
  // Unsigned arithmetic wraps, so every range fits, even the whole of i64 but one.
  const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  Tensor result = Tensor::empty(shape, i64);
  detail::WordReader words(state_);
  for (std::int64_t& value : result.mutable_data<std::int64_t>())
    value = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + words.below(range));
  return result;
}

Tensor Rng::permutation(std::size_t n) {
  Tensor result = arange(n, i64);
  const std::span<std::int64_t> order = result.mutable_data<std::int64_t>();
  detail::WordReader words(state_);
  // Fisher and Yates: every order is equally likely.
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[words.below(i)]);
  return result;
}

double Rng::normal() {
  double result = 0.0;
  detail::fill_with(detail::Normal{}, detail::Domain::normals, state_, std::span(&result, 1),
                    [](double x) { return x; });
  skip(1);
  return result;
}
double Rng::uniform() { return detail::unit(bits()); }
std::uint64_t Rng::bits() { return detail::WordReader(state_).next(); }

Rng Rng::split() {
  // A whole block of words, which no draw shares, names the child: seed and stream.
  state_.counter += state_.counter % 2;
  const auto [seed, stream] = detail::block(state_, state_.counter / 2, detail::Domain::words);
  state_.counter += 2;
  ++detail::draws_made;
  return Rng(seed, stream);
}

void Rng::skip(std::uint64_t count) {
  state_.counter += count;
  ++detail::draws_made;
}

}  // namespace wengert
