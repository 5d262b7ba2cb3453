// SPDX-License-Identifier: MIT
// Text of any origin made safe to stand in XML and HTML, between tags and in quoted attributes.
#pragma once

#include <string>
#include <string_view>

namespace wengert::detail {

/// Valid UTF-8 without control characters: bytes that are neither become U+FFFD, line ends and tabs
/// stay.
std::string printable(std::string_view text);
/// printable(text) with & < > " ' written as entities.
std::string escaped(std::string_view text);
/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace wengert::detail
