// SPDX-License-Identifier: MIT
// Colours of figures on light and on dark paper.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wengert::detail {

/// Two colours of one meaning, as "#rrggbb".
struct Ink {
  std::string_view light;
  std::string_view dark;
};
/// The palette, repeating itself after ten.
Ink ink(std::size_t index);

/// CSS for everything that `themed` made; a page needs it once, a picture on its own as well.
std::string figure_style();

/// gnuplot's SVG with colours that follow the reader's scheme, a text for screen readers, and
/// identifiers that start with `name`, so that several pictures can share a page.
std::string themed(std::string svg, std::string_view name, std::string_view description);

}  // namespace wengert::detail
