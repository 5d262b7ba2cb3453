// SPDX-License-Identifier: MIT
// Initial values of weights. A weight is [fan_out, fan_in, window...]; a window multiplies both
// fans.
#pragma once

#include <functional>

#include "../graph/rng.h"
#include "../graph/tensor.h"

namespace wengert::init {

/// Any function of this form can initialise a layer.
using Initializer = std::function<Tensor(const Shape& shape, Rng& rng)>;

/// Uniform in +-sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). f32, as are all of these.
/// Errors of the scaled ones: ShapeError if the shape has no two fans.
Tensor glorot_uniform(const Shape& shape, Rng& rng);
/// Normal with variance 2 / (fan_in + fan_out).
Tensor glorot_normal(const Shape& shape, Rng& rng);
/// Uniform in +-sqrt(6 / fan_in) (He et al. 2015); for relu.
Tensor he_uniform(const Shape& shape, Rng& rng);
/// Normal with variance 2 / fan_in.
Tensor he_normal(const Shape& shape, Rng& rng);
/// Uniform in +-sqrt(3 / fan_in) (LeCun et al. 1998); for selu.
Tensor lecun_uniform(const Shape& shape, Rng& rng);
/// Normal with variance 1 / fan_in.
Tensor lecun_normal(const Shape& shape, Rng& rng);
/// Orthonormal rows or columns, whichever are fewer (Saxe et al. 2014).
Tensor orthogonal(const Shape& shape, Rng& rng);
/// Ones on the diagonal, zeros elsewhere; with relu, where a recurrent net begins by adding up (Le,
/// Jaitly and Hinton 2015). Errors: ShapeError unless the shape is a matrix.
Tensor identity(const Shape& shape, Rng& rng);

/// Another initialiser's values times `gain`: scaled(orthogonal, 1.4).
Initializer scaled(const Initializer& initializer, double gain);
/// Uniform in [low, high).
Initializer uniform(double low, double high);
/// Normal with this mean and standard deviation.
Initializer normal(double mean, double deviation);
Tensor zeros(const Shape& shape, Rng& rng);

}  // namespace wengert::init
