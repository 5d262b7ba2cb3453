// SPDX-License-Identifier: MIT
#include "digits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <fast_float/fast_float.h>
#include <fmt/format.h>
#include <zlib.h>

#include "../graph/error.h"

namespace wengert::data {
namespace {

constexpr std::size_t pixels = 64;
constexpr double darkest = 16.0;
constexpr std::int64_t classes = 10;

std::string bundled(const char* file) {
  if (const char* folder = std::getenv("WENGERT_DATA"); folder && *folder)
    return (std::filesystem::path(folder) / file).string();
  // The source tree that the library was built from may be gone since.
  const std::filesystem::path built_from = std::filesystem::path(WENGERT_DATA_DIR) / file;
  std::error_code ignored;
  if (std::filesystem::exists(built_from, ignored)) return built_from.string();
  return (std::filesystem::path(WENGERT_INSTALLED_DATA_DIR) / file).string();
}

/// The lines of a file, unpacked a piece at a time: what is in memory is bounded by what was read.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
    if (!file_)
      throw FileError(
          fmt::format("digits: cannot open '{}': {}; the environment variable WENGERT_DATA "
                      "names the folder of the data sets",
                      path_, std::strerror(errno)));
  }

  /// False at the end of the file.
  bool next(std::string& line) {
    line.clear();
    while (true) {
      const auto rest = std::span(piece_).subspan(at_, filled_ - at_);
      const auto end = std::find(rest.begin(), rest.end(), '\n');
      line.append(rest.begin(), end);
      at_ += static_cast<std::size_t>(end - rest.begin());
      if (line.size() > longest)
        fail(fmt::format("is no CSV file of digits: line {} does not end", number_ + 1));
      if (at_ < filled_) {
        ++at_;
        break;
      }
      if (!refill()) {
        if (line.empty()) return false;
        break;
      }
    }
    if (line.ends_with('\r')) line.pop_back();
    ++number_;
    return true;
  }

  [[noreturn]] void fail(const std::string& why) const {
    throw FileError(fmt::format("digits: '{}' {}", path_, why));
  }
  [[noreturn]] void fail_here(const std::string& why) const {
    throw FileError(fmt::format("digits: '{}', line {}: {}", path_, number_, why));
  }

 private:
  static constexpr std::size_t longest = 4096;

  bool refill() {
    const int read = gzread(file_.get(), piece_.data(), static_cast<unsigned>(piece_.size()));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    // A file that is cut short gives what it has, then this code.
    if (code == Z_BUF_ERROR) fail("ends in the middle of its gzip data; was it copied whole?");
    if (read < 0 || code != Z_OK)
      fail(fmt::format("cannot be read: {}", code == Z_ERRNO ? std::strerror(errno) : message));
    at_ = 0;
    filled_ = static_cast<std::size_t>(read);
    return read > 0;
  }

  struct Close {
    void operator()(gzFile file) const { gzclose_r(file); }
  };

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::array<char, 1 << 14> piece_{};
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::size_t number_ = 0;
};

/// The numbers of one line.
std::array<double, pixels + 1> parse(const std::string& line, const Lines& lines) {
  const auto columns = static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')) + 1;
  if (columns != pixels + 1)
    lines.fail_here(fmt::format("{} columns instead of {}", columns, pixels + 1));
  std::array<double, pixels + 1> values{};
  std::string_view rest = line;
  for (std::size_t column = 0; column < values.size(); ++column) {
    const std::string_view field = rest.substr(0, rest.find(','));
    const char* end = field.data() + field.size();
    const auto [stop, error] = fast_float::from_chars(field.data(), end, values[column]);
    const double value = values[column];
    if (error != std::errc() || stop != end)
      lines.fail_here(fmt::format("column {}: '{}' is no number", column + 1, field));
    if (column < pixels && !(value >= 0.0 && value <= darkest))
      lines.fail_here(
          fmt::format("column {}: pixel value {} is outside [0, {}]", column + 1, field, darkest));
    if (column == pixels &&
        !(value >= 0.0 && value < static_cast<double>(classes) && value == std::trunc(value)))
      lines.fail_here(
          fmt::format("column {}: label {} is no class in [0, {})", column + 1, field, classes));
    rest.remove_prefix(std::min(field.size() + 1, rest.size()));
  }
  return values;
}

Digits rows(const Digits& all, std::span<const std::int64_t> which) {
  Digits result{Tensor::empty({which.size(), pixels}, f32), Tensor::empty({which.size()}, i64)};
  const std::span<const float> from = all.images.data<float>();
  const std::span<const std::int64_t> labels = all.labels.data<std::int64_t>();
  auto image = result.images.mutable_data<float>().begin();
  auto label = result.labels.mutable_data<std::int64_t>().begin();
  for (const std::int64_t row : which) {
    const auto index = static_cast<std::size_t>(row);
    image = std::ranges::copy(from.subspan(index * pixels, pixels), image).out;
    *label++ = labels[index];
  }
  return result;
}

}  // namespace

Digits digits() { return digits(bundled("digits.csv.gz")); }

Digits digits(const std::string& path) {
  std::vector<float> images;
  std::vector<std::int64_t> labels;
  Lines lines(path);
  for (std::string line; lines.next(line);) {
    const std::array<double, pixels + 1> values = parse(line, lines);
    for (std::size_t pixel = 0; pixel < pixels; ++pixel)
      images.push_back(static_cast<float>(values[pixel] / darkest));
    labels.push_back(static_cast<std::int64_t>(values[pixels]));
  }
  if (labels.empty()) lines.fail("holds no digits: it is empty");
  return {Tensor::from<float>(images, {labels.size(), pixels}), wengert::labels(labels)};
}

DigitsSplit split(const Digits& all, double test_fraction, Rng& rng) {
  if (!(test_fraction >= 0.0 && test_fraction <= 1.0))
    throw ValueError(fmt::format("split: test_fraction must be in [0, 1]: {}", test_fraction));
  const std::size_t count = all.labels.size();
  const auto tests =
      static_cast<std::size_t>(std::llround(test_fraction * static_cast<double>(count)));
  const Tensor permutation = rng.permutation(count);
  const std::span<const std::int64_t> order = permutation.data<std::int64_t>();
  return {.train = rows(all, order.subspan(tests)), .test = rows(all, order.first(tests))};
}

}  // namespace wengert::data
