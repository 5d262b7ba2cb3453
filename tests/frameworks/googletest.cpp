// SPDX-License-Identifier: MIT
// GoogleTest: the report's verdict is the assertion, its text the message.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "powered.h"

TEST(Gradient, OfAModuleWithParametersIsRight) {
  const wengert::CheckReport report = wengert::gradcheck(right_model(), inputs());
  EXPECT_TRUE(report.agrees()) << to_string(report);
}

TEST(Gradient, MissingAFactorFailsWithTheOpInTheMessage) {
  const wengert::CheckReport report = wengert::gradcheck(wrong_model(), inputs());
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(report.agrees()) << to_string(report), "'power': input 0");
}

TEST(Gradient, MissingAFactorFailsWithTheHintInTheMessage) {
  const wengert::CheckReport report = wengert::gradcheck(wrong_model(), inputs());
  EXPECT_NONFATAL_FAILURE(EXPECT_TRUE(report.agrees()) << to_string(report),
                          "a factor 2 is missing");
}
