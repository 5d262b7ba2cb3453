// SPDX-License-Identifier: MIT
// doctest: the report's verdict is the assertion, its text the message. That the message of the
// case that fails names op and hint is for CTest to see: doctest has no matcher for its own output.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "powered.h"

TEST_CASE("a module with parameters has the gradient it claims") {
  const wengert::CheckReport report = wengert::gradcheck(right_model(), inputs());
  CHECK_MESSAGE(report.agrees(), to_string(report));
}

TEST_CASE("a pullback without its factor is reported" * doctest::should_fail()) {
  const wengert::CheckReport report = wengert::gradcheck(wrong_model(), inputs());
  CHECK_MESSAGE(report.agrees(), to_string(report));
}
