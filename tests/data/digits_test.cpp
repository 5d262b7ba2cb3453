// SPDX-License-Identifier: MIT
// The bundled digits, and files that are not what they claim to be.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <wengert/data/digits.h>

#include "files.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string line(const std::string& pixel, const std::string& label) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += pixel + ",";
  return text + label + "\n";
}

const std::string bundled = std::string(WENGERT_SOURCE_DIR) + "/data/bundled/digits.csv.gz";

std::string message_for(const std::string& path) {
  return message_of([&] { wg::data::digits(path); });
}

/// The label and the pixels' sum: enough to tell the digits apart.
std::vector<std::pair<std::int64_t, float>> fingerprints(const wg::data::Digits& digits) {
  std::vector<std::pair<std::int64_t, float>> result;
  for (std::size_t row = 0; row < digits.labels.size(); ++row) {
    float sum = 0.0f;
    float weight = 1.0f;
    const wg::Tensor image = digits.images[row];
    for (const float pixel : image.data<float>()) sum += pixel * (weight += 1.0f);
    result.emplace_back(digits.labels.data<std::int64_t>()[row], sum);
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace

TEST_CASE("the bundled digits are the 1797 that UCI describes", "[digits]") {
  const Environment none("WENGERT_DATA", nullptr);
  const wg::data::Digits digits = wg::data::digits();
  REQUIRE(digits.images.shape() == wg::Shape{1797, 64});
  REQUIRE(digits.images.dtype() == wg::f32);
  REQUIRE(digits.labels.shape() == wg::Shape{1797});
  std::array<int, 10> counts{};
  for (const std::int64_t label : digits.labels.data<std::int64_t>())
    ++counts[static_cast<std::size_t>(label)];
  CHECK(counts == std::array<int, 10>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});
  double sum = 0.0;
  for (const float pixel : digits.images.data<float>()) {
    REQUIRE((pixel >= 0.0f && pixel <= 1.0f));
    sum += static_cast<double>(pixel);
  }
  CHECK(sum * 16.0 == 561718.0);  // the sum of scikit-learn's load_digits().data
}

TEST_CASE("the first digit is a zero with the pixels it has in the file", "[digits]") {
  const wg::data::Digits digits = wg::data::digits(bundled);
  CHECK(digits.labels.at({0}) == 0.0);
  CHECK(digits.images.at({0, 2}) == 5.0 / 16.0);
  CHECK(digits.images.at({0, 3}) == 13.0 / 16.0);
  CHECK(digits.images.at({0, 63}) == 0.0);
}

TEST_CASE("WENGERT_DATA says where the data sets are", "[digits]") {
  const Folder folder;
  zipped(folder, "digits.csv.gz", line("16", "9"));
  const Environment there("WENGERT_DATA", folder.path().c_str());
  CHECK(wg::data::digits().labels.shape() == wg::Shape{1});
  const Environment nowhere("WENGERT_DATA", "/nowhere");
  CHECK_THROWS_WITH(wg::data::digits(), ContainsSubstring("'/nowhere/digits.csv.gz'") &&
                                            ContainsSubstring("WENGERT_DATA"));
}

TEST_CASE("a plain CSV file, its last line without an end, is read as well", "[digits]") {
  const Folder folder;
  std::string text = line("8", "3") + line("1.5", "4");
  text.pop_back();
  const wg::data::Digits digits = wg::data::digits(folder.file("plain.csv", text));
  CHECK(digits.images.at({0, 63}) == 0.5);
  CHECK(digits.images.at({1, 0}) == 1.5 / 16.0);
  CHECK(digits.labels.at({1}) == 4.0);
}

TEST_CASE("lines may end as on Windows", "[digits]") {
  const Folder folder;
  std::string text = line("8", "3");
  text.insert(text.size() - 1, "\r");
  CHECK(wg::data::digits(folder.file("windows.csv", text)).labels.at({0}) == 3.0);
}

TEST_CASE("a file that is not there is named", "[digits]") {
  CHECK_THAT(message_for("/nowhere/d.csv.gz"),
             ContainsSubstring("'/nowhere/d.csv.gz'") && ContainsSubstring("No such file"));
}

TEST_CASE("a folder, an empty file and a file without lines are no digits", "[digits]") {
  const Folder folder;
  CHECK_THAT(message_for(folder.path().string()), ContainsSubstring(folder.path().string()));
  CHECK_THAT(message_for(folder.file("empty", "")), ContainsSubstring("empty"));
  CHECK_THAT(message_for(zipped(folder, "empty.gz", "")), ContainsSubstring("empty"));
  CHECK_THAT(message_for(zipped(folder, "endless.gz", std::string(2 << 20, '1'))),
             ContainsSubstring("line 1: a cell does not end"));
}

TEST_CASE("a gzip file cut short anywhere is a FileError", "[digits]") {
  const Folder folder;
  const std::string whole = text_of(bundled);
  REQUIRE(whole.size() > 50000);
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{9}, std::size_t{30},
                                 std::size_t{20000}, whole.size() - 9, whole.size() - 1}) {
    CAPTURE(size);
    const std::string message = message_for(folder.file("cut.csv.gz", whole.substr(0, size)));
    CHECK_THAT(message, ContainsSubstring("cut.csv.gz"));
    if (size >= 30) CHECK_THAT(message, ContainsSubstring("ends in the middle"));
  }
}

TEST_CASE("a damaged byte in a gzip file is a FileError", "[digits]") {
  const Folder folder;
  const std::string whole = text_of(bundled);
  for (const std::size_t at : {whole.size() / 2, whole.size() - 3, whole.size() - 6}) {
    CAPTURE(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    CHECK_THAT(message_for(folder.file("damaged.csv.gz", damaged)),
               ContainsSubstring("damaged.csv.gz"));
  }
}

TEST_CASE("a line of another length is named by its number", "[digits]") {
  const Folder folder;
  const std::string good = line("1", "2");
  CHECK_THAT(message_for(zipped(folder, "few.gz", good + "1,2,3\n")),
             ContainsSubstring("few.gz', line 2: 3 columns instead of 65"));
  CHECK_THAT(message_for(zipped(folder, "more.gz", good + good + "1," + good)),
             ContainsSubstring("line 3: 66 columns"));
  CHECK_THAT(message_for(zipped(folder, "blank.gz", good + "\n" + good)),
             ContainsSubstring("line 2"));
}

TEST_CASE("what is no number or outside its range is named by line and column", "[digits]") {
  const Folder folder;
  const auto message = [&](const std::string& pixel, const std::string& label) {
    return message_for(zipped(folder, "bad.gz", line("0", "0") + line(pixel, label)));
  };
  CHECK_THAT(message("17", "1"), ContainsSubstring("line 2: column 1: pixel value 17"));
  CHECK_THAT(message("-1", "1"), ContainsSubstring("pixel value -1"));
  CHECK_THAT(message("nan", "1"), ContainsSubstring("line 2: column 1: 'nan'"));
  CHECK_THAT(message("1x", "1"), ContainsSubstring("'1x' is no number"));
  CHECK_THAT(message("", "1"), ContainsSubstring("'' is no number"));
  CHECK_THAT(message("1", "10"), ContainsSubstring("column 65: label 10 is no class in [0, 10)"));
  CHECK_THAT(message("1", "1.5"), ContainsSubstring("label 1.5"));
  CHECK_THAT(message("1", "-1"), ContainsSubstring("label -1"));
  CHECK_THAT(message("1", "inf"), ContainsSubstring("column 65: 'inf' is not finite"));
  CHECK_THAT(message("1", ""), ContainsSubstring("column 65: '' is no number"));
}

TEST_CASE("a split parts the digits and loses none", "[digits]") {
  const wg::data::Digits all = wg::data::digits(bundled);
  wg::Rng rng{1};
  const auto [train, test] = wg::data::split(all, 0.2, rng);
  REQUIRE(test.images.shape() == wg::Shape{359, 64});
  REQUIRE(train.images.shape() == wg::Shape{1438, 64});
  REQUIRE(train.labels.size() == 1438);
  auto parts = fingerprints(train);
  const auto of_test = fingerprints(test);
  parts.insert(parts.end(), of_test.begin(), of_test.end());
  std::sort(parts.begin(), parts.end());
  CHECK(parts == fingerprints(all));
  // Not the first digits of the file, which come in order.
  CHECK(of_test != fingerprints({all.images.rows(0, 359), all.labels.rows(0, 359)}));
}

TEST_CASE("a split is decided by the Rng alone", "[digits]") {
  const wg::data::Digits all = wg::data::digits(bundled);
  wg::Rng rng{1}, again{1}, other{2};
  const auto first = fingerprints(wg::data::split(all, 0.1, rng).test);
  CHECK(fingerprints(wg::data::split(all, 0.1, again).test) == first);
  CHECK(fingerprints(wg::data::split(all, 0.1, other).test) != first);
}

TEST_CASE("a split may leave one part empty and takes no fraction outside [0, 1]", "[digits]") {
  const wg::data::Digits all = wg::data::digits(bundled);
  wg::Rng rng{1};
  CHECK(wg::data::split(all, 0.0, rng).test.images.shape() == wg::Shape{0, 64});
  CHECK(wg::data::split(all, 1.0, rng).train.labels.shape() == wg::Shape{0});
  CHECK_THROWS_WITH(wg::data::split(all, 1.1, rng), ContainsSubstring("split: test_fraction"));
  CHECK_THROWS_AS(wg::data::split(all, std::nan(""), rng), wg::ValueError);
}
