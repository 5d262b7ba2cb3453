// SPDX-License-Identifier: MIT
// The images that the lecture's programs train on. Not part of the library.
#pragma once

#include <algorithm>

#include <wengert/data/dataset.h>
#include <wengert/data/image_sets.h>

#include "options.h"

/// Those of the folder given with --data, else Fashion-MNIST where Debian's package is installed,
/// else the bundled digits; with --quick a few hundred of them.
inline wengert::data::ImageSets load_images(const Options& options) {
  wengert::data::ImageSets images = wengert::data::images(options.data);
  if (!options.quick) return images;
  for (wengert::data::Labelled* part : {&images.train, &images.test}) {
    const std::size_t few = std::min<std::size_t>(part->labels.size(), 500);
    *part = {part->images.rows(0, few), part->labels.rows(0, few)};
  }
  return images;
}

/// The first `count` samples with their labels, or all if they are fewer.
inline wengert::data::Dataset first(std::size_t count, const wengert::data::Labelled& part) {
  count = std::min(count, part.labels.size());
  return {part.images.rows(0, count), part.labels.rows(0, count)};
}
