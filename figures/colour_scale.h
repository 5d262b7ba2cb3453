// SPDX-License-Identifier: MIT
// The colours of heat maps: from dark violet over blue and green to light yellow.
#pragma once

#include <array>
#include <string_view>

#include "svg_theme.h"

namespace wengert::detail {

/// Equally distant. Made for this library: a path through CIELAB from lightness 14 to 90, hue 310
/// to 107 degrees, cut at equal differences of colour (CIE94), so that equal steps of a value look
/// equal. Because the lightness only grows, it can be read without any sense of hue, and printed
/// in grey.
inline constexpr std::array<std::string_view, 17> colour_scale{
    "#2c1457", "#39286a", "#3d3b7e", "#364e90", "#255f9d", "#1a6fa2",
    "#1c7da3", "#1e8ba5", "#2098a4", "#22a5a1", "#24b19a", "#31bb8c",
    "#5bc37e", "#7ccb6f", "#9dd361", "#bedc55", "#d8ee4f"};

/// Of cells without a value: a grey that the scale does not have.
inline constexpr Ink blank_cell{"#e9e9e9", "#4b4f55"};

}  // namespace wengert::detail
