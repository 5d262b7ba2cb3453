// SPDX-License-Identifier: MIT
// The data sets: image sets from folders, the bundled sample and the bundled series.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <wengert/data/idx.h>
#include <wengert/data/image_sets.h>
#include <wengert/data/series.h>

#include "../same_bits.h"
#include "files.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using wg::data::ImageSets;
using wg::data::Series;

namespace {

double mean_of(const wg::Tensor& x) {
  double sum = 0;
  for (const float value : x.data<float>()) sum += static_cast<double>(value);
  return sum / static_cast<double>(x.size());
}
double deviation_of(const wg::Tensor& x) {
  const double mean = mean_of(x);
  double sum = 0;
  for (const float value : x.data<float>()) sum += std::pow(static_cast<double>(value) - mean, 2);
  return std::sqrt(sum / static_cast<double>(x.size()));
}
std::vector<std::int64_t> first(const wg::Tensor& labels, std::size_t count) {
  return {labels.data<std::int64_t>().begin(),
          labels.data<std::int64_t>().begin() + static_cast<std::ptrdiff_t>(count)};
}
std::vector<std::int64_t> counts(const wg::Tensor& labels) {
  std::vector<std::int64_t> result(10);
  for (const std::int64_t label : labels.data<std::int64_t>())
    ++result[static_cast<std::size_t>(label)];
  return result;
}

/// Two images of 2 x 2 for training and one for testing.
void small_set(const Folder& folder) {
  const std::string images("\0\0\x08\x03", 4), labels("\0\0\x08\x01", 4);
  zipped(folder, "train-images-idx3-ubyte.gz",
         images + big_endian(2) + big_endian(2) + big_endian(2) +
             std::string("\0\x33\x66\x99\xcc\xff\0\0", 8));
  folder.file("train-labels-idx1-ubyte", labels + big_endian(2) + "\1\2");
  folder.file("t10k-images-idx3-ubyte",
              images + big_endian(1) + big_endian(2) + big_endian(2) + std::string(4, '\xff'));
  zipped(folder, "t10k-labels-idx1-ubyte.gz", labels + big_endian(1) + "\2");
}

}  // namespace

TEST_CASE("a folder of four IDX files, gzip'd or not, is a set of images", "[data][sets]") {
  const Folder folder;
  small_set(folder);
  const ImageSets sets = wg::data::idx_folder(folder.path().string(), 3);
  REQUIRE(sets.train.images.shape() == wg::Shape{2, 4});
  CHECK(sets.train.images.at({0, 1}) == 0.2f);
  CHECK(sets.train.images.at({1, 1}) == 1.0);
  CHECK(same_bits(sets.train.labels, wg::labels({1, 2})));
  CHECK(sets.test.images.shape() == wg::Shape{1, 4});
  CHECK((sets.height == 2 && sets.width == 2 && sets.classes.size() == 3));
}

TEST_CASE("a set whose files do not fit each other is a FileError", "[data][sets]") {
  const Folder folder;
  const auto message = [&](const std::string& file, const std::string& bytes) {
    small_set(folder);
    folder.file(file, bytes);
    return message_of([&] { wg::data::idx_folder(folder.path().string(), 3); });
  };
  const std::string labels("\0\0\x08\x01", 4);
  CHECK_THAT(message("train-labels-idx1-ubyte", labels + big_endian(1) + "\1"),
             ContainsSubstring("holds 1 labels for 2 images"));
  CHECK_THAT(message("train-labels-idx1-ubyte", labels + big_endian(2) + "\1\3"),
             ContainsSubstring("label 3 at 1, outside [0, 3)"));
  CHECK_THAT(message("t10k-images-idx3-ubyte", std::string("\0\0\x08\x03", 4) + big_endian(1) +
                                                   big_endian(1) + big_endian(1) + "a"),
             ContainsSubstring("images for training are [2, 2] and those for testing [1, 1]"));
  CHECK_THAT(message("t10k-images-idx3-ubyte", labels + big_endian(1) + "a"),
             ContainsSubstring("images are bytes [n, height, width]"));
}

TEST_CASE("another set under MNIST's file names is told by its sums", "[data][sets]") {
  const Folder folder;
  small_set(folder);
  const std::string message = message_of([&] { wg::data::mnist(folder.path().string()); });
  CHECK_THAT(message, ContainsSubstring("mnist: '") &&
                          ContainsSubstring("train-images-idx3-ubyte.gz' has other content") &&
                          ContainsSubstring("not e9f4d8b3") && ContainsSubstring("idx_folder"));
  CHECK_THAT(message_of([] { wg::data::mnist("/nowhere"); }),
             ContainsSubstring("'/nowhere/train-images-idx3-ubyte.gz' cannot be opened"));
}

TEST_CASE("MNIST is what LeCun, Cortes and Burges published", "[data][sets]") {
  const std::string folder = given("WENGERT_MNIST", "mnist");
  if (folder.empty()) return;
  const ImageSets digits = wg::data::mnist(folder);
  REQUIRE(digits.train.images.shape() == wg::Shape{60000, 784});
  REQUIRE(digits.test.images.shape() == wg::Shape{10000, 784});
  REQUIRE(digits.train.images.dtype() == wg::f32);
  CHECK(std::abs(mean_of(digits.train.images) - 0.13066) < 5e-6);
  CHECK(std::abs(deviation_of(digits.train.images) - 0.30811) < 5e-6);
  CHECK(std::abs(mean_of(digits.test.images) - 0.13251) < 5e-6);
  CHECK(first(digits.train.labels, 8) == std::vector<std::int64_t>{5, 0, 4, 1, 9, 2, 1, 3});
  CHECK(digits.test.labels.size() == 10000);
  CHECK((digits.height == 28 && digits.width == 28 && digits.classes.size() == 10));
}

TEST_CASE("60000 images of 784 pixels are read to the last pixel", "[data][sets]") {
  const Folder folder;
  const std::string bytes = std::string("\0\0\x08\x03", 4) + big_endian(60000) + big_endian(28) +
                            big_endian(28) + std::string(60000 * 784, '\x55');
  const std::string path = folder.file("images", bytes);
  const wg::Tensor images = wg::data::read_idx(path);
  REQUIRE(images.size() == 60000 * 784);
  CHECK(images.data<float>().front() == images.data<float>().back());
  CHECK(images.data<float>().back() != 0);
}

TEST_CASE("Fashion-MNIST is read where Debian's package puts it", "[data][sets]") {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    WARN("SKIPPED: Debian's package dataset-fashion-mnist is not installed");
    return;
  }
  const ImageSets clothes = wg::data::fashion_mnist();
  REQUIRE(clothes.train.images.shape() == wg::Shape{60000, 784});
  CHECK(counts(clothes.train.labels) == std::vector<std::int64_t>(10, 6000));
  CHECK(counts(clothes.test.labels) == std::vector<std::int64_t>(10, 1000));
  CHECK(clothes.classes.at(9) == "Ankle boot");
  // The sample is part of it: its first image is the first of all.
  const ImageSets sample = wg::data::fashion_mnist_sample();
  CHECK(same_bits(sample.train.images[0], clothes.train.images[0]));
  CHECK(first(sample.train.labels, 12) == first(clothes.train.labels, 12));
}

TEST_CASE("without Fashion-MNIST the message says how to get it", "[data][sets]") {
  CHECK_THAT(message_of([] { wg::data::fashion_mnist("/nowhere"); }),
             ContainsSubstring("'/nowhere'") && ContainsSubstring("dataset-fashion-mnist") &&
                 ContainsSubstring("fashion_mnist_sample()"));
}

TEST_CASE("the bundled sample of Fashion-MNIST has as many of each class", "[data][sets]") {
  const Environment none("WENGERT_DATA", nullptr);
  const ImageSets sample = wg::data::fashion_mnist_sample();
  REQUIRE(sample.train.images.shape() == wg::Shape{2000, 784});
  CHECK(counts(sample.train.labels) == std::vector<std::int64_t>(10, 200));
  CHECK(counts(sample.test.labels) == std::vector<std::int64_t>(10, 50));
  const auto pixels = sample.train.images.data<float>();
  CHECK(*std::min_element(pixels.begin(), pixels.end()) == 0.0f);
  CHECK(*std::max_element(pixels.begin(), pixels.end()) == 1.0f);
}

TEST_CASE("the bundled series have the length, time and sum of their sources", "[data][sets]") {
  const Environment none("WENGERT_DATA", nullptr);
  const auto check = [](const Series& series, std::size_t n, double from, double to, double sum) {
    CAPTURE(series.name);
    REQUIRE(series.time.shape() == wg::Shape{n});
    REQUIRE(series.values.shape() == wg::Shape{n});
    CHECK(series.time.at({0}) == from);
    CHECK(series.time.at({n - 1}) == to);
    const auto time = series.time.data<double>();
    CHECK(std::is_sorted(time.begin(), time.end()));
    double total = 0;
    for (const double value : series.values.data<double>()) total += std::isnan(value) ? 0 : value;
    CHECK(std::abs(total - sum) < 1e-6 * sum);
  };
  check(wg::data::sunspots(), 309, 1700, 2008, 15373.4);
  check(wg::data::nile(), 100, 1871, 1970, 91935.0);
  check(wg::data::elnino(), 732, 1950, 2010 + 11.0 / 12, 16903.8);
  check(wg::data::co2(), 2284, 1958 + 87.0 / 365, 2001 + 362.0 / 365, 756816.5);
}

TEST_CASE("the 59 weeks without a measurement of CO2 are NaN until they are interpolated",
          "[data][sets]") {
  const Series gaps = wg::data::co2();
  const auto missing = [](const Series& series) {
    const auto values = series.values.data<double>();
    return std::count_if(values.begin(), values.end(),
                         [](double value) { return std::isnan(value); });
  };
  CHECK(missing(gaps) == 59);
  const Series whole = wg::data::interpolated(gaps);
  CHECK(missing(whole) == 0);
  CHECK(missing(gaps) == 59);
  // 1958-05-10, between 316.9 and 317.5 in the weeks around it.
  CHECK(std::abs(whole.values.at({6}) - (gaps.values.at({5}) + gaps.values.at({7})) / 2) < 1e-9);
}

TEST_CASE("a series is interpolated along its time, and not beyond its ends", "[data][sets]") {
  const double nan = std::nan("");
  const wg::Tensor time = wg::tensor({0, 1, 3, 4}, wg::f64);
  const Series line{
      .name = "line", .unit = "", .time = time, .values = wg::tensor({0, nan, nan, 8}, wg::f64)};
  const Series whole = wg::data::interpolated(line);
  CHECK(std::abs(whole.values.at({1}) - 2) < 1e-12);
  CHECK(std::abs(whole.values.at({2}) - 6) < 1e-12);
  const Series open{
      .name = "open", .unit = "", .time = time, .values = wg::tensor({0, 1, 2, nan}, wg::f64)};
  CHECK_THROWS_WITH(wg::data::interpolated(open),
                    ContainsSubstring("interpolated: the first or last value of 'open'"));
}
