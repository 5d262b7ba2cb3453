// SPDX-License-Identifier: MIT
// Small grey pictures as PNG (ISO/IEC 15948), for pages that hold their pictures themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace wengert::detail {

/// `pixels` row by row, 0 black to 255 white; width * height of them.
std::string grey_png(std::span<const std::uint8_t> pixels, std::size_t width, std::size_t height);

}  // namespace wengert::detail
