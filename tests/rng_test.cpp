// SPDX-License-Identifier: MIT
// Random numbers: the published vectors of Philox, the distributions, and that a draw depends on
// nothing but seed, stream and counter; then the recorded random ops.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <wengert/graph/error.h>
#include <wengert/graph/rng.h>
#include <wengert/graph/tape.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/random.h>

#include "catch.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr std::size_t many = 200000;

std::vector<double> numbers(const wg::Tensor& tensor) {
  const wg::Tensor wide = tensor.to(wg::f64);
  return {wide.data<double>().begin(), wide.data<double>().end()};
}

bool same_bits(const wg::Tensor& a, const wg::Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.address(), b.address(), a.size() * wg::size_of(a.dtype())) == 0;
}

double mean_of(const std::vector<double>& x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double moment(const std::vector<double>& x, int power) {
  double sum = 0.0;
  for (const double value : x) sum += std::pow(value, power);
  return sum / static_cast<double>(x.size());
}

double correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mx = mean_of(x);
  const double my = mean_of(y);
  double xy = 0.0, xx = 0.0, yy = 0.0;
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) * (x[i] - mx);
    yy += (y[i] - my) * (y[i] - my);
  }
  return xy / std::sqrt(xx * yy);
}

/// Kolmogorov and Smirnov's sqrt(n) sup |F_n - F|; above 1.95 in one of a thousand samples.
template <class F>
double distance_from(std::vector<double> x, F cumulative) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double most = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double f = cumulative(x[i]);
    const auto rank = static_cast<double>(i);
    most = std::max({most, (rank + 1.0) / n - f, f - rank / n});
  }
  return most * std::sqrt(n);
}

double normal_cumulative(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace

TEST_CASE("philox gives the numbers that Random123 publishes for it", "[rng]") {
  using Pair = std::array<std::uint64_t, 2>;
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  CHECK(wg::detail::philox(0, 0, 0) == Pair{0xe169c58d6627e8d5, 0x9b00dbd8bc57ac4c});
  CHECK(wg::detail::philox(ones, ones, ones) == Pair{0x41c83b0e408f276d, 0x6d5451fda20bc7c6});
  // The digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
  CHECK(wg::detail::philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
        Pair{0x94fdccebd16cfe09, 0x24126ea15001e420});
}

TEST_CASE("the bits of an Rng are Philox's, word after word", "[rng]") {
  wg::Rng rng{0};
  CHECK(rng.bits() == 0xe169c58d6627e8d5);
  CHECK(rng.bits() == 0x9b00dbd8bc57ac4c);
  CHECK(rng.bits() == wg::detail::philox(0, 0, 1)[0]);
}

TEST_CASE("uniform numbers are uniform", "[rng]") {
  wg::Rng rng{1};
  const std::vector<double> x = numbers(rng.uniform({many}));
  CHECK(*std::min_element(x.begin(), x.end()) >= 0.0);
  CHECK(*std::max_element(x.begin(), x.end()) < 1.0);
  CHECK(mean_of(x) == Approx(0.5).margin(4.0 * std::sqrt(1.0 / 12.0 / many)));
  CHECK(moment(x, 2) == Approx(1.0 / 3.0).margin(4.0 * std::sqrt(4.0 / 45.0 / many)));
  CHECK(distance_from(x, [](double v) { return v; }) < 1.95);
}

TEST_CASE("normal numbers are normal", "[rng]") {
  wg::Rng rng{1};
  const std::vector<double> x = numbers(rng.normal({many}));
  CHECK(mean_of(x) == Approx(0.0).margin(4.0 * std::sqrt(1.0 / many)));
  CHECK(moment(x, 2) == Approx(1.0).margin(4.0 * std::sqrt(2.0 / many)));
  CHECK(moment(x, 3) == Approx(0.0).margin(4.0 * std::sqrt(15.0 / many)));
  CHECK(moment(x, 4) == Approx(3.0).margin(4.0 * std::sqrt(96.0 / many)));
  CHECK(distance_from(x, normal_cumulative) < 1.95);
}

TEST_CASE("each half of Box and Muller's pair is normal, and neither tells of the other", "[rng]") {
  wg::Rng rng{2};
  const std::vector<double> x = numbers(rng.normal({many}, wg::f64));
  std::vector<double> even, odd, even_squares, odd_squares;
  for (std::size_t i = 0; i < x.size(); ++i) {
    (i % 2 == 0 ? even : odd).push_back(x[i]);
    (i % 2 == 0 ? even_squares : odd_squares).push_back(x[i] * x[i]);
  }
  CHECK(distance_from(even, normal_cumulative) < 1.95);
  CHECK(distance_from(odd, normal_cumulative) < 1.95);
  const double noise = 4.0 / std::sqrt(static_cast<double>(even.size()));
  CHECK(std::abs(correlation(even, odd)) < noise);
  CHECK(std::abs(correlation(even_squares, odd_squares)) < noise);
}

TEST_CASE("normal numbers are Box and Muller's of Philox's bits", "[rng]") {
  const wg::Rng::State state{.seed = 3, .stream = 4, .counter = 1000};
  const std::vector<double> x = numbers(wg::Rng(state).normal({20000}, wg::f64));
  double worst = 0.0;
  for (std::size_t k = 0; k < x.size() / 2; ++k) {
    const auto words = wg::detail::philox(3, 4, (500 + k) | std::uint64_t{1} << 63);
    const double u = 1.0 - static_cast<double>(words[0] >> 12) * 0x1p-52;
    const double turn = 2.0 * std::numbers::pi * (static_cast<double>(words[1] >> 12) * 0x1p-52);
    const double radius = std::sqrt(-2.0 * std::log(u));
    worst = std::max({worst, std::abs(x[2 * k] - radius * std::cos(turn)),
                      std::abs(x[2 * k + 1] - radius * std::sin(turn))});
  }
  CHECK(worst < 1e-14);
}

TEST_CASE("random numbers are the same bits on every machine", "[rng]") {
  const std::vector<double> x = numbers(wg::Rng{1}.normal({4}, wg::f64));
  CHECK(x == std::vector<double>{0x1.27eec691ccc99p-1, -0x1.6396182dedbdap-2, -0x1.9b87fe7fc8c67p-5,
                                 0x1.d110a90a36189p-1});
}

TEST_CASE("equal seed and stream give equal draws, and other ones give others", "[rng]") {
  const wg::Tensor draws = wg::Rng{1}.normal({many});
  CHECK(same_bits(wg::Rng{1}.normal({many}), draws));
  const double noise = 4.0 / std::sqrt(static_cast<double>(many));
  CHECK(std::abs(correlation(numbers(wg::Rng{2}.normal({many})), numbers(draws))) < noise);
  CHECK(std::abs(correlation(numbers(wg::Rng(1, 1).normal({many})), numbers(draws))) < noise);
}

TEST_CASE("a draw depends on its counter and not on how draws are grouped", "[rng]") {
  const std::size_t total = 1000;
  const auto draw = [](wg::Rng& rng, std::size_t n, int kind) {
    if (kind == 0) return rng.normal({n});
    if (kind == 1) return rng.uniform({n}, -2.0, 3.0, wg::f64);
    return rng.bernoulli({n}, 0.3);
  };
  const int kind = GENERATE(0, 1, 2);
  wg::Rng rng{7};
  const std::vector<double> whole = numbers(draw(rng, total, kind));
  const std::size_t piece = GENERATE(1, 2, 3, 127, 128, 129, 333);
  wg::Rng again{7};
  std::vector<double> pieces;
  while (pieces.size() < total)
    for (const double x : numbers(draw(again, std::min(piece, total - pieces.size()), kind)))
      pieces.push_back(x);
  CHECK(pieces == whole);
  CHECK(again == rng);
  CHECK(rng.state().counter == total);
}

TEST_CASE("single draws are the elements of a tensor of them", "[rng]") {
  wg::Rng one{5}, all{5};
  for (const double x : numbers(all.normal({7}, wg::f64))) CHECK(one.normal() == x);
  for (const double x : numbers(all.uniform({7}, 0.0, 1.0, wg::f64))) CHECK(one.uniform() == x);
  CHECK(one == all);
}

TEST_CASE("f32 draws are the f64 draws, rounded", "[rng]") {
  CHECK(same_bits(wg::Rng{1}.normal({many}), wg::Rng{1}.normal({many}, wg::f64).to(wg::f32)));
  CHECK(same_bits(wg::Rng{1}.bernoulli({many}, 0.2),
                  wg::Rng{1}.bernoulli({many}, 0.2, wg::f64).to(wg::f32)));
  const std::vector<double> narrow = numbers(wg::Rng{1}.uniform({many}));
  const std::vector<double> wide = numbers(wg::Rng{1}.uniform({many}, 0.0, 1.0, wg::f64));
  for (std::size_t i = 0; i < many; ++i)
    if (std::abs(narrow[i] - wide[i]) > 0x1p-24) FAIL("at " << i);
}

TEST_CASE("uniform never gives high, nor less than low, even where f32 is coarse", "[rng]") {
  const auto [low, high] = GENERATE(std::pair{0.0, 1.0}, std::pair{0.1, 0.3}, std::pair{-0.7, 0.7},
                                    std::pair{1e8, 1e8 + 20.0}, std::pair{1.0, 1.0 + 0x1p-22},
                                    std::pair{0.0, 1e-45}, std::pair{-1.5e-45, 0.0});
  const wg::DType dtype = GENERATE(wg::f32, wg::f64);
  for (const double x : numbers(wg::Rng{1}.uniform({10000}, low, high, dtype)))
    if (!(x >= low && x < high)) FAIL(x << " is outside [" << low << ", " << high << ")");
}

TEST_CASE("an interval that holds no number is refused", "[rng]") {
  wg::Rng rng{1};
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(rng.uniform({1}, 1.0, 1.0),
                    ContainsSubstring("uniform: low must be below high"));
  CHECK_THROWS_AS(rng.uniform({1}, 2.0, 1.0), wg::ValueError);
  CHECK_THROWS_AS(rng.uniform({1}, nan, 1.0), wg::ValueError);
  CHECK_THROWS_AS(rng.uniform({1}, -1e308, 1e308, wg::f64), wg::ValueError);
  CHECK_THROWS_AS(rng.uniform({1}, 0.0, 1e39, wg::f32), wg::ValueError);
  CHECK_THROWS_WITH(rng.uniform({1}, 0.1, 0.1 + 1e-12), ContainsSubstring("no f32 between"));
  CHECK_THROWS_AS(rng.bernoulli({1}, 1.5), wg::ValueError);
  CHECK_THROWS_AS(rng.bernoulli({1}, nan), wg::ValueError);
  CHECK_THROWS_AS(rng.integers(3, 3, {1}), wg::ValueError);
  CHECK_THROWS_AS(rng.normal({1}, wg::i64), wg::DTypeError);
  CHECK_THROWS_AS(rng.uniform({1}, 0.0, 1.0, wg::i64), wg::DTypeError);
  CHECK(rng == wg::Rng{1});
}

TEST_CASE("bernoulli gives 1 as often as asked, and never or always at the ends", "[rng]") {
  wg::Rng rng{1};
  CHECK(mean_of(numbers(rng.bernoulli({many}, 0.2))) ==
        Approx(0.2).margin(4.0 * std::sqrt(0.16 / many)));
  CHECK(mean_of(numbers(rng.bernoulli({many}, 0.0))) == 0.0);
  CHECK(mean_of(numbers(rng.bernoulli({many}, 1.0))) == 1.0);
  CHECK(rng.bernoulli({3}, 1.0, wg::i64).dtype() == wg::i64);
}

TEST_CASE("integers are equally likely", "[rng]") {
  wg::Rng rng{1};
  const wg::Tensor draws = rng.integers(-3, 4, {many});
  REQUIRE(draws.dtype() == wg::i64);
  std::array<double, 7> counts{};
  for (const std::int64_t x : draws.data<std::int64_t>()) {
    REQUIRE((x >= -3 && x < 4));
    counts[static_cast<std::size_t>(x + 3)] += 1.0;
  }
  double chi_squared = 0.0;
  for (const double count : counts) chi_squared += std::pow(count - many / 7.0, 2) / (many / 7.0);
  CHECK(chi_squared < 22.46);  // 6 degrees of freedom: exceeded once in a thousand
}

TEST_CASE("integers are unbiased where multiplying without rejection is not", "[rng]") {
  // Of a range of 3/4 of 2^64, every third number would come twice as often.
  wg::Rng rng{1};
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t high = std::int64_t{1} << 62;
  std::array<double, 3> counts{};
  const wg::Tensor draws = rng.integers(low, high, {many});
  for (const std::int64_t x : draws.data<std::int64_t>()) {
    REQUIRE(x < high);
    counts[(static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(low)) % 3] += 1.0;
  }
  double chi_squared = 0.0;
  for (const double count : counts) chi_squared += std::pow(count - many / 3.0, 2) / (many / 3.0);
  CHECK(chi_squared < 13.82);
}

TEST_CASE("integers take the widest range and the narrowest", "[rng]") {
  wg::Rng rng{1};
  constexpr std::int64_t low = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t high = std::numeric_limits<std::int64_t>::max();
  const wg::Tensor draws = rng.integers(low, high, {1000});
  const auto negative =
      std::ranges::count_if(draws.data<std::int64_t>(), [](auto x) { return x < 0; });
  CHECK((negative > 400 && negative < 600));
  const wg::Tensor only = rng.integers(high - 1, high, {});
  CHECK(only.data<std::int64_t>()[0] == high - 1);
}

TEST_CASE("a permutation has every number once, and every order is equally likely", "[rng]") {
  wg::Rng rng{1};
  const wg::Tensor order = rng.permutation(1000);
  REQUIRE(order.shape() == wg::Shape{1000});
  const std::set<std::int64_t> seen(order.data<std::int64_t>().begin(),
                                    order.data<std::int64_t>().end());
  CHECK(seen.size() == 1000);
  CHECK((*seen.begin() == 0 && *seen.rbegin() == 999));
  CHECK(rng.permutation(0).size() == 0);

  std::array<double, 64> counts{};
  constexpr int trials = 60000;
  for (int i = 0; i < trials; ++i) {
    const wg::Tensor three = rng.permutation(3);
    counts[static_cast<std::size_t>(three.at({0}) * 16 + three.at({1}) * 4 + three.at({2}))] += 1.0;
  }
  double chi_squared = 0.0;
  for (const double count : counts)
    if (count > 0.0) chi_squared += std::pow(count - trials / 6.0, 2) / (trials / 6.0);
  CHECK(std::ranges::count_if(counts, [](double count) { return count > 0.0; }) == 6);
  CHECK(chi_squared < 20.52);  // 5 degrees of freedom: exceeded once in a thousand
}

TEST_CASE("an Rng resumes from a saved state", "[rng]") {
  wg::Rng rng{9};
  rng.permutation(17);
  rng.normal({3});
  const wg::Rng::State saved = rng.state();
  const wg::Tensor expected = rng.normal({50});
  CHECK(same_bits(wg::Rng(saved).normal({50}), expected));
  wg::Rng other{1};
  other.set_state(saved);
  CHECK(same_bits(other.normal({50}), expected));
}

TEST_CASE("a copy of an Rng draws the same and leaves the original alone", "[rng]") {
  wg::Rng rng{1};
  wg::Rng copy = rng;
  const double drawn = copy.normal();
  CHECK(copy != rng);
  CHECK(rng.normal() == drawn);
  CHECK(copy == rng);
}

TEST_CASE("split gives streams that tell nothing of each other or their parent", "[rng]") {
  wg::Rng rng{1};
  rng.uniform();
  wg::Rng first = rng.split();
  wg::Rng second = rng.split();
  CHECK(first != second);
  const std::vector<double> a = numbers(first.normal({many}));
  const std::vector<double> b = numbers(second.normal({many}));
  const std::vector<double> c = numbers(rng.normal({many}));
  const double noise = 4.0 / std::sqrt(static_cast<double>(many));
  CHECK(std::abs(correlation(a, b)) < noise);
  CHECK(std::abs(correlation(a, c)) < noise);
  CHECK(std::abs(correlation(b, c)) < noise);
}

TEST_CASE("uniform and normal draws at the same counter are not made of the same bits", "[rng]") {
  const std::vector<double> u = numbers(wg::Rng{1}.uniform({many}));
  std::vector<double> folded;
  for (const double x : numbers(wg::Rng{1}.normal({many}))) folded.push_back(std::abs(x));
  CHECK(std::abs(correlation(u, folded)) < 4.0 / std::sqrt(static_cast<double>(many)));
}

TEST_CASE("a random op draws what the Rng would have drawn", "[rng]") {
  wg::Rng op{1}, direct{1};
  const wg::Var x = wg::zeros({3, 5});
  CHECK(same_bits(wg::normal_like(x, op).value(), direct.normal({3, 5})));
  CHECK(same_bits(wg::uniform_like(x, op, -1.0, 2.0).value(), direct.uniform({3, 5}, -1.0, 2.0)));
  CHECK(same_bits(wg::bernoulli_like(x, 0.5, op).value(), direct.bernoulli({3, 5}, 0.5)));
  CHECK(op == direct);
}

TEST_CASE("a recorded draw is on its operand's tape and carries no gradient", "[rng]") {
  wg::Rng rng{1};
  wg::Tape tape;
  const wg::Var noise = wg::normal_like(tape.variable(wg::zeros({4})), rng);
  CHECK(noise.on_tape());
  CHECK(!noise.tracked());
  CHECK(!wg::normal_like(wg::zeros({4}), rng).on_tape());
}

TEST_CASE("a tape that is run again meets the same noise, in f64 too", "[rng]") {
  wg::Rng rng{1};
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::zeros({1000}));
  const wg::Var noise = GENERATE(true, false) ? wg::normal_like(x, rng) : wg::uniform_like(x, rng);
  const wg::Tensor first = noise.value();
  rng.normal({10});
  CHECK(same_bits(tape.replay(noise), first));
  const wg::Tensor wide = tape.replay(noise, {}, wg::f64);
  REQUIRE(wide.dtype() == wg::f64);
  CHECK(same_bits(wide.to(wg::f32), first));
  CHECK(!same_bits(wide, first.to(wg::f64)));
}

TEST_CASE("dropout zeroes at its rate and keeps the expectation", "[rng]") {
  wg::Rng rng{1};
  const std::vector<double> y = numbers(wg::dropout(wg::ones({many}), 0.2, rng).value());
  const auto zeros = static_cast<double>(std::count(y.begin(), y.end(), 0.0));
  CHECK(zeros / many == Approx(0.2).margin(4.0 * std::sqrt(0.16 / many)));
  CHECK(static_cast<double>(std::count(y.begin(), y.end(), 1.25)) == many - zeros);
}

TEST_CASE("dropout's gradient is its mask over 1 - rate", "[rng]") {
  wg::Rng rng{1};
  wg::Tape tape;
  const wg::Var x = tape.variable(wg::full({100}, 3.0));
  const wg::Var y = wg::dropout(x, 0.5, rng);
  const wg::Tensor gradient = tape.backward(y, wg::ones({100}))[x].value();
  CHECK(same_bits((3.0 * wg::Var(gradient)).value(), y.value()));
}

TEST_CASE("dropout of rate 0 is its operand, and a rate below 0 or from 1 on is refused", "[rng]") {
  wg::Rng rng{1};
  const wg::Var x = rng.normal({10});
  const wg::Rng before = rng;
  CHECK(wg::dropout(x, 0.0, rng).value().shares_memory_with(x.value()));
  CHECK(rng == before);
  CHECK_THROWS_WITH(wg::dropout(x, 1.0, rng), "dropout: rate must be in [0, 1): 1");
  CHECK_THROWS_AS(wg::dropout(x, -0.1, rng), wg::ValueError);
  CHECK_THROWS_AS(wg::dropout(x, std::nan(""), rng), wg::ValueError);
  CHECK_THROWS_AS(wg::normal_like(wg::labels({1, 2}), rng), wg::DTypeError);
  CHECK(rng == before);
}
