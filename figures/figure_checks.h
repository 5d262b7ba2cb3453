// SPDX-License-Identifier: MIT
// What a figure has to fulfil before anything of it is written.
#pragma once

#include "figure.h"

namespace wengert::detail {

/// Errors: ValueError, as write_figure says.
void check(const Figure& figure);

}  // namespace wengert::detail
