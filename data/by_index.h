// SPDX-License-Identifier: MIT
// Lets `for` walk through anything that has operator[] and size(), putting one entry together at a
// time.
#pragma once

#include <cstddef>
#include <iterator>

namespace wengert::data {

/// Looks at the range, which has to stay.
template <class Range, class Entry>
class ByIndex {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Entry;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Entry;

  ByIndex(const Range& range, std::size_t at) : range_(&range), at_(at) {}
  Entry operator*() const { return (*range_)[at_]; }
  ByIndex& operator++() {
    ++at_;
    return *this;
  }
  friend bool operator==(const ByIndex&, const ByIndex&) = default;

 private:
  const Range* range_;
  std::size_t at_;
};

}  // namespace wengert::data
