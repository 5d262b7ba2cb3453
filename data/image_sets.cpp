// SPDX-License-Identifier: MIT
#include "image_sets.h"

#include <array>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "../graph/error.h"
#include "bundled.h"
#include "byte_source.h"
#include "digits.h"
#include "idx_stream.h"

namespace wengert::data {
namespace {

namespace fs = std::filesystem;

/// Train images and labels, test images and labels.
constexpr std::array<const char*, 4> files{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
/// Of the uncompressed bytes.
using Sums = std::array<std::uint32_t, files.size()>;
constexpr Sums mnist_sums{0xe9f4d8b3, 0xe0cb4ad2, 0x91373bdf, 0x4ab9eff9};
constexpr Sums fashion_sums{0xb4f29f28, 0x741a4657, 0x678fe0b1, 0x80142c1f};

class Folder {
 public:
  Folder(std::string reader, std::string path, std::optional<Sums> sums)
      : reader_(std::move(reader)), path_(std::move(path)), sums_(sums) {}

  Labelled part(std::size_t first, std::size_t classes, Shape& size) const {
    ByteSource images = open(first);
    Tensor pixels = read_idx(images);
    compare(images, first);
    ByteSource labels = open(first + 1);
    const Tensor classes_of = read_idx_labels(labels, static_cast<std::int64_t>(classes));
    compare(labels, first + 1);
    if (pixels.rank() != 3 || pixels.dtype() != f32)
      images.fail(fmt::format("holds {} {}, and images are bytes [n, height, width]",
                              to_string(pixels.dtype()), to_string(pixels.shape())));
    if (pixels.shape()[0] != classes_of.size())
      labels.fail(
          fmt::format("holds {} labels for {} images", classes_of.size(), pixels.shape()[0]));
    size = pixels.shape().without(0);
    for (float& pixel : pixels.mutable_data<float>()) pixel /= 255.0f;
    return {pixels.reshape({pixels.shape()[0], size.size()}), classes_of};
  }

  ImageSets read(const std::string& name, const std::vector<std::string>& classes) const {
    Shape train, test;
    ImageSets result{
        .name = name, .train = part(0, classes.size(), train), .test = {}, .classes = classes};
    result.test = part(2, classes.size(), test);
    result.height = train[0];
    result.width = train[1];
    if (train != test)
      throw FileError(
          fmt::format("{}: '{}': the images for training are {} and those for testing {}", reader_,
                      path_, to_string(train), to_string(test)));
    return result;
  }

 private:
  ByteSource open(std::size_t file) const {
    const fs::path plain = fs::path(path_) / files[file];
    fs::path packed = plain;
    packed += ".gz";
    std::error_code ignored;
    ByteSource source =
        ByteSource::file(reader_, fs::exists(plain, ignored) ? plain.string() : packed.string());
    if (sums_) source.start_sum();
    return source;
  }

  void compare(const ByteSource& source, std::size_t file) const {
    if (sums_ && source.sum() != (*sums_)[file])
      source.fail(
          fmt::format("has other content: the CRC-32 of its uncompressed bytes is {:08x}, not "
                      "{:08x}; idx_folder reads sets that only have the same file names",
                      source.sum(), (*sums_)[file]));
  }

  std::string reader_;
  std::string path_;
  std::optional<Sums> sums_;
};

std::vector<std::string> digits_from_zero(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}", i));
  return names;
}

const std::vector<std::string> clothes{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                       "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

}  // namespace

ImageSets mnist(const std::string& folder) {
  return Folder("mnist", folder, mnist_sums).read("MNIST", digits_from_zero(10));
}

ImageSets fashion_mnist(const std::string& folder) {
  if (!fs::is_directory(folder))
    throw FileError(fmt::format(
        "fashion_mnist: there is no folder '{}'; Debian's package dataset-fashion-mnist installs "
        "the "
        "files, github.com/zalandoresearch/fashion-mnist has them, and fashion_mnist_sample() is a "
        "bundled part of them",
        folder));
  return Folder("fashion_mnist", folder, fashion_sums).read("Fashion-MNIST", clothes);
}

ImageSets fashion_mnist_sample() {
  const std::string any =
      bundled("fashion_mnist_sample", fmt::format("fashion_mnist_sample/{}.gz", files[0]));
  return Folder("fashion_mnist_sample", fs::path(any).parent_path().string(), {})
      .read("Fashion-MNIST (sample)", clothes);
}

ImageSets idx_folder(const std::string& folder, std::size_t classes) {
  return Folder("idx_folder", folder, {})
      .read(fs::path(folder).filename().string(), digits_from_zero(classes));
}

ImageSets images(const std::string& folder) {
  if (!folder.empty()) return idx_folder(folder);
  std::error_code ignored;
  if (fs::is_directory(fashion_mnist_folder, ignored)) return fashion_mnist();
  const Digits all = digits();
  const std::size_t n = all.labels.size();
  const std::size_t split = n - n / 4;
  return {.name = "digits, 8 x 8",
          .train = {all.images.rows(0, split), all.labels.rows(0, split)},
          .test = {all.images.rows(split, n), all.labels.rows(split, n)},
          .height = 8,
          .width = 8,
          .classes = digits_from_zero(10)};
}

}  // namespace wengert::data
