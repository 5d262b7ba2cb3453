// SPDX-License-Identifier: MIT
// Sets of small labelled images: MNIST from a folder, Fashion-MNIST as Debian installs it, a
// bundled sample of it, and any other set of the same four IDX files. Batches and shuffling are
// left to others.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../graph/tensor.h"

namespace wengert::data {

struct Labelled {
  Tensor images;  ///< f32 [n, height width], rows one after the other, in [0, 1]
  Tensor labels;  ///< i64 [n], in [0, classes)
};

struct ImageSets {
  std::string name;
  Labelled train, test;
  std::size_t height = 0;
  std::size_t width = 0;
  std::vector<std::string> classes;  ///< what label 0, 1, ... stands for

  std::size_t pixels() const { return height * width; }
};

/// MNIST (LeCun, Cortes and Burges 1998): 60000 and 10000 handwritten digits, 28 x 28. The folder
/// holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
/// t10k-labels-idx1-ubyte, each as it is or with .gz. The CRC-32 of their uncompressed bytes is
/// compared with MNIST's, because other sets (Fashion-MNIST, KMNIST) come under the same names.
/// Errors: FileError if a file is missing, damaged or another.
ImageSets mnist(const std::string& folder);

/// Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747): as many pictures of clothes of
/// the same size, under the same file names and checked the same way. Errors: as above; where the
/// folder is missing, it says how to get the files.
inline constexpr const char* fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";
ImageSets fashion_mnist(const std::string& folder = fashion_mnist_folder);

/// The bundled sample of Fashion-MNIST: the first 200 of each class for training and the first 50
/// for testing, 2000 and 500 in all.
ImageSets fashion_mnist_sample();

/// Four IDX files of those names with any bytes as pixels, labels in [0, classes), unchecked by
/// sums. Errors: FileError if a file is missing, damaged, or does not fit the others.
ImageSets idx_folder(const std::string& folder, std::size_t classes = 10);

/// What a program trains on that is not told more: the folder's images if one is given (as
/// idx_folder), else Fashion-MNIST if Debian's package is installed, else the bundled digits, the
/// first 1348 for training and the last 449 for testing.
ImageSets images(const std::string& folder = {});

}  // namespace wengert::data
