// SPDX-License-Identifier: MIT
// Tensors are values: no copy sees another's change.
#include <thread>

#include <wengert/wengert.h>

#include "catch.h"

using namespace wengert;

TEST_CASE("writing to a tensor leaves its copies, views and originals as they were") {
  Tensor a = arange(6);
  const Tensor copy = a, view = a.reshape({2, 3}), row = view[1], rows = view.rows(0, 1);
  a.mutable_data<float>()[4] = 100;
  CHECK(copy.at({4}) == 4);
  CHECK(view.at({1, 1}) == 4);
  CHECK(row.at({1}) == 4);
  CHECK(rows.at({0, 2}) == 2);
  Tensor changed = view;
  changed.mutable_data<float>()[0] = -1;
  CHECK(view.at({0, 0}) == 0);
}

TEST_CASE("reshape and slices of the leading axis share memory") {
  const Tensor a = arange(6);
  CHECK(a.reshape({2, -1}).shares_memory_with(a));
  CHECK(a.reshape({2, 3})[1].shares_memory_with(a));
  CHECK(a.reshape({2, 3}).rows(1, 2).shares_memory_with(a));
  Tensor b = a;
  CHECK(b.shares_memory_with(a));
  b.mutable_data<float>();
  CHECK_FALSE(b.shares_memory_with(a));
}

TEST_CASE("a sole owner writes in place") {
  Tensor a = arange(6);
  const void* before = a.address();
  a.mutable_data<float>()[0] = 1;
  CHECK(a.address() == before);
}

TEST_CASE("memory taken is given back") {
  const std::int64_t before = memory_use().live;
  {
    const Tensor a = zeros({1000}), b = zeros({1 << 20}), c = a;
    CHECK(memory_use().live > before + 4 * 1000 + 4 * (1 << 20));
  }
  CHECK(memory_use().live == before);
}

TEST_CASE("a tensor may be released on another thread, and after its thread has ended") {
  Tensor made;
  std::thread([&] { made = ones({100}); }).join();
  CHECK(made.at({99}) == 1);
  std::thread([moved = std::move(made)]() mutable { moved = Tensor(); }).join();
}

TEST_CASE("a tensor prints its values and shape, a single one as a number") {
  CHECK(to_string(scalar(2.5)) == "2.5");
  CHECK(to_string(tensor({1, 2})) == "[1, 2] of shape [2] f32");
  CHECK(to_string(zeros({0, 3})) == "[] of shape [0, 3] f32");
  CHECK(to_string(Shape{2, 3}) == "[2, 3]");
}

TEST_CASE("conversions between dtypes keep the values") {
  const Tensor a = tensor({1.5, -2.0}, f64);
  CHECK(a.to(f32).at({0}) == 1.5);
  CHECK(a.to(i64).at({0}) == 1);
  CHECK(a.to(f64).shares_memory_with(a));
}

TEST_CASE("a tape can be moved, and what it was moved from says so") {
  Tape first;
  const Var x = first.variable(scalar(3.0));
  Tape second = std::move(first);
  CHECK(second.backward(square(x))[x].item() == 6.0);
  CHECK_THROWS_WITH(first.size(), "tape: it was moved from; use the one it was moved to");
  CHECK_THROWS_AS(first.input(ones({1})), TapeError);
  second = Tape();
  CHECK_FALSE(x.on_tape());
}
