// SPDX-License-Identifier: MIT
// The lengths at which recurrent nets are checked. Under the address sanitizer, which makes a check
// ten times slower, without the longest: its steps touch no memory that five do not.
#pragma once

#include <cstddef>

#ifdef __SANITIZE_ADDRESS__
inline constexpr std::size_t checked_lengths[] = {1, 2, 5};
#else
inline constexpr std::size_t checked_lengths[] = {1, 2, 5, 20};
#endif
