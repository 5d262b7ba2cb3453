// SPDX-License-Identifier: MIT
#include <wengert/graph/path_pattern.h>

#include "../catch.h"

using wengert::path_matches;

TEST_CASE("a star in a path pattern stands for any characters, dots included") {
  CHECK(path_matches("*bias", "encoder.0.bias"));
  CHECK(path_matches("*bias", "bias"));
  CHECK(path_matches("encoder.*.weight", "encoder.0.weight"));
  CHECK(path_matches("encoder.*.weight", "encoder.0.attention.weight"));
  CHECK(path_matches("*", ""));
  CHECK(path_matches("a*b*c", "abbcbc"));
  CHECK(path_matches("**", "x"));
}

TEST_CASE("a path pattern has to describe the whole path") {
  CHECK_FALSE(path_matches("bias", "encoder.0.bias"));
  CHECK_FALSE(path_matches("encoder", "encoder.0"));
  CHECK_FALSE(path_matches("encoder.*.weight", "encoder.weight"));
  CHECK_FALSE(path_matches("a*b*c", "abbcb"));
  CHECK_FALSE(path_matches("", "a"));
  CHECK(path_matches("", ""));
}

TEST_CASE("a question mark in a path pattern stands for one character") {
  CHECK(path_matches("?.weight", "0.weight"));
  CHECK_FALSE(path_matches("?.weight", "10.weight"));
  CHECK_FALSE(path_matches("weight?", "weight"));
}
