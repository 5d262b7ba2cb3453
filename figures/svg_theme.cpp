// SPDX-License-Identifier: MIT
#include "svg_theme.h"

#include <array>
#include <cctype>
#include <cstdlib>

#include <fmt/format.h>

#include "colour_scale.h"
#include "markup.h"

namespace wengert::detail {
namespace {

// Okabe and Ito (2008), "Color universal design", with two more; on dark paper the same hues,
// lighter.
constexpr std::array<Ink, 10> palette{{{"#0072b2", "#58b0ee"},
                                       {"#d55e00", "#f58b45"},
                                       {"#009e73", "#35cfa2"},
                                       {"#cc79a7", "#e7a2c8"},
                                       {"#56b4e9", "#a9dcff"},
                                       {"#e69f00", "#f6c24f"},
                                       {"#6a6a6a", "#b4b4b4"},
                                       {"#9a8f00", "#f0e442"},
                                       {"#7a4a22", "#c99567"},
                                       {"#5b3fa0", "#a994e8"}}};

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

// What gnuplot draws in black.
constexpr Ink writing{"#1c1c1c", "#e4e4e4"};

// gnuplot writes "rgb(  0, 114, 178)", with spaces or without.
void write_colours_as_hex(std::string& text) {
  constexpr std::string_view start = "rgb(";
  for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos;) {
    const std::size_t end = text.find(')', at);
    if (end == std::string::npos) return;
    std::array<int, 3> parts{};
    const char* next = text.c_str() + at + start.size();
    bool numbers = true;
    for (int& part : parts) {
      char* after = nullptr;
      part = static_cast<int>(std::strtol(next, &after, 10));
      numbers = numbers && after != next;
      next = after + 1;
    }
    const std::string hex = fmt::format("#{:02x}{:02x}{:02x}", parts[0], parts[1], parts[2]);
    if (numbers) text.replace(at, end + 1 - at, hex);
    at += numbers ? hex.size() : start.size();
  }
}

/// Width and height as the view box has them: without, a picture grows as wide as its page.
std::string natural_size(const std::string& svg) {
  constexpr std::string_view start = "viewBox=\"0 0 ";
  const std::size_t at = svg.find(start);
  if (at == std::string::npos) return {};
  const std::size_t width = at + start.size();
  const std::size_t height = svg.find(' ', width) + 1;
  const std::size_t end = svg.find('"', height);
  return fmt::format(R"( width="{}" height="{}")", svg.substr(width, height - 1 - width),
                     svg.substr(height, end - height));
}

}  // namespace

Ink ink(std::size_t index) { return palette.at(index % palette.size()); }

std::string figure_style() {
  std::string style =
      ".wg-figure{max-width:100%;height:auto}.wg-paper{fill:#fff}\n"
      "@media (prefers-color-scheme:dark){.wg-paper{fill:#1c1e21}\n";
  const auto add = [&](const Ink& both) {
    for (const char* attribute : {"stroke", "fill", "color"})
      style +=
          fmt::format(".wg-figure [{0}=\"{1}\"]{{{0}:{2}}}\n", attribute, both.light, both.dark);
  };
  add(writing);
  for (const Ink& both : palette) add(both);
  add(blank_cell);
  return style + "}\n";
}

std::string themed(std::string svg, std::string_view name, std::string_view description) {
  write_colours_as_hex(svg);
  for (const char quote : {'"', '\''})
    for (const char* black : {"black", "#000000"})
      replace_all(svg, fmt::format("{}{}{}", quote, black, quote),
                  fmt::format("\"{}\"", writing.light));
  for (const Ink& both : palette)  // one way of quoting is enough for the style's selectors
    replace_all(svg, fmt::format("'{}'", both.light), fmt::format("\"{}\"", both.light));
  for (const char* reference : {"id='", "id=\"", "href='#", "href=\"#", "url(#"})
    replace_all(svg, reference, fmt::format("{}{}-", reference, name));
  // A heat map's cells have edges; the older word is for viewers that do not know the newer.
  replace_all(svg, "<image x=",
              "<image style=\"image-rendering:optimizeSpeed;image-rendering:pixelated\" x=");
  replace_all(svg, "fill=\"none\"/>\n<defs>", "class=\"wg-paper\"/>\n<defs>");
  replace_all(svg, "<title>Gnuplot</title>", "");
  const std::size_t start = svg.find("<svg");
  if (start == std::string::npos) return svg;
  svg.erase(0, start);
  svg.insert(4, fmt::format(R"( class="wg-figure" role="img" aria-label="{}"{})",
                            escaped(description), natural_size(svg)));
  return svg;
}

}  // namespace wengert::detail
