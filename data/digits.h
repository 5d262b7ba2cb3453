// SPDX-License-Identifier: MIT
// The bundled data set of handwritten digits, 8 x 8 pixels: small enough to train on in a second.
// Origin and licence are in data/bundled/README.md. Batches and shuffling are left to others.
#pragma once

#include <string>

#include "../graph/rng.h"
#include "image_sets.h"

namespace wengert::data {

/// images [n, 64], 0 paper to 1 ink; labels 0 to 9.
using Digits = Labelled;
struct DigitsSplit {
  Digits train, test;
};

/// The 1797 digits of data/bundled/digits.csv.gz; where the environment variable WENGERT_DATA names
/// a folder, those of the file there. Errors: FileError as below.
Digits digits();
/// From a CSV file, gzip'd or not: 64 pixel values in [0, 16] and the label a line.
/// Errors: FileError naming the file and line if it is missing, damaged, or has another content.
Digits digits(const std::string& path);

/// Shuffles, and puts round(test_fraction n) digits aside for testing.
/// Errors: ValueError if test_fraction is outside [0, 1].
DigitsSplit split(const Digits& all, double test_fraction, Rng& rng);

}  // namespace wengert::data
