// SPDX-License-Identifier: MIT
// GCC 12 with AVX-512 makes {1, 1, 1, 1} of this list at -O2 unless it is told not to
// (cmake/own_code.cmake).
#include <cstdint>

#include <wengert/wengert.h>

int main() {
  const wengert::Tensor list = wengert::labels({1, 1, 0, 0});
  const auto values = list.data<std::int64_t>();
  return values[0] == 1 && values[1] == 1 && values[2] == 0 && values[3] == 0 ? 0 : 1;
}
