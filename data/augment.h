// SPDX-License-Identifier: MIT
// Changes to the inputs of a batch that leave its meaning alone, new ones each time a sample is
// seen. They go into LoaderOptions::augment; any function of (batch, rng) can stand beside them.
#pragma once

#include <cstddef>

#include "batch.h"

namespace wengert::data {

/// Adds sigma times a standard normal to each input, f32 or f64; not to padding. Targets stay, so
/// an autoencoder learns to take the noise away.
/// Errors: ValueError if sigma is negative or not finite; on use, DTypeError for i64 inputs.
Augmentation noise(double sigma);

/// Moves each image by whole numbers of pixels drawn evenly from [-most, most], down and across;
/// what comes in is 0. Images are rows of height * width elements, or of several such planes, in
/// any shape. Targets that are the inputs move with them, others stay.
/// Errors: ValueError if an extent is 0 or `most` reaches it; on use, ShapeError if rows are no
/// such images.
Augmentation shift(std::size_t height, std::size_t width, std::size_t most);

}  // namespace wengert::data
