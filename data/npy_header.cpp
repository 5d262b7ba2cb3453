// SPDX-License-Identifier: MIT
#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "npy_format.h"

namespace wengert::data {
namespace {

/// Reads the only kind of Python that NumPy writes: {'descr': '<f4', 'fortran_order': False,
/// 'shape': (3, 4), }.
class Dictionary {
 public:
  Dictionary(const Origin& origin, std::string_view text) : origin_(origin), rest_(text) {}

  NpyHeader parse() {
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !std::exchange(descr, true)) dtype();
      else if (key == "fortran_order" && !std::exchange(order, true)) result_.fortran = boolean();
      else if (key == "shape" && !std::exchange(shape, true)) extents();
      else fail(fmt::format("the key '{}' is unknown or stands there twice", key));
      if (!accept(',') && !next_is('}')) fail("a comma is missing");
    }
    skip_space();
    if (!rest_.empty()) fail("something follows it");
    if (!descr || !order || !shape) fail("'descr', 'fortran_order' or 'shape' is missing");
    return result_;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    origin_.fail(fmt::format("has a broken .npy header: {}", why));
  }
  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size()));
  }
  bool next_is(char c) {
    skip_space();
    return rest_.starts_with(c);
  }
  bool accept(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}' is missing", c));
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view string() {
    const char quote = next_is('"') ? '"' : '\'';
    expect(quote);
    const std::size_t end = rest_.find(quote);
    if (end == std::string_view::npos) fail("a string does not end");
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail("'fortran_order' is neither True nor False");
    return false;
  }

  void dtype() {
    if (next_is('['))
      origin_.fail(
          "holds records of several fields; save each field as an array of its own, "
          "numpy.savez(path, name=array['name'])");
    const std::string_view descr = string();
    std::string_view type = descr;
    if (type.starts_with('<')) result_.order = std::endian::little;
    if (type.starts_with('>')) result_.order = std::endian::big;
    if (!type.empty() && std::string_view("<>|=").find(type[0]) != std::string_view::npos)
      type.remove_prefix(1);
    for (const std::string_view known :
         {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"})
      if (type == known) {
        result_.kind = type[0];
        result_.size = static_cast<std::size_t>(type[1] - '0');
        return;
      }
    origin_.fail(
        fmt::format("holds numbers of the dtype '{}', and a tensor has float32, float64 or int64; "
                    "convert it with numpy.save(path, array.astype('float32'))",
                    descr));
  }

  void extents() {
    std::uint64_t elements = 1;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::uint64_t extent = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), extent);
      if (error != std::errc()) fail("the shape is no list of whole numbers below 2^64");
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
      (void)accept_word("L");  // Python 2's long
      if (result_.shape.rank() == Shape::max_rank)
        origin_.fail(fmt::format("has more axes than a tensor's {}", Shape::max_rank));
      result_.shape.append(extent);
      // Of the extents that are not 0, so that no order of them hides a product too large.
      if (extent != 0 && (__builtin_mul_overflow(elements, extent, &elements) || elements >> 48))
        origin_.fail(
            fmt::format("claims more than any file can hold: {}", to_string(result_.shape)));
      if (!accept(',') && !next_is(')')) fail("a comma is missing in the shape");
    }
  }

  const Origin& origin_;
  std::string_view rest_;
  NpyHeader result_;
};

}  // namespace

NpyHeader parse_npy_header(const Origin& origin, std::string_view text) {
  return Dictionary(origin, text).parse();
}

std::string npy_preamble(const Tensor& tensor) {
  constexpr std::size_t alignment = 64, before_text = 10;
  constexpr char order = std::endian::native == std::endian::little ? '<' : '>';
  std::string shape;
  for (const std::size_t extent : tensor.shape()) shape += fmt::format("{}, ", extent);
  // As Python writes tuples: (), (3,) and (3, 4).
  if (tensor.rank() == 1) shape.pop_back();
  if (tensor.rank() > 1) shape.resize(shape.size() - 2);
  std::string text =
      fmt::format("{{'descr': '{}{}{}', 'fortran_order': False, 'shape': ({}), }}", order,
                  is_float(tensor.dtype()) ? 'f' : 'i', size_of(tensor.dtype()), shape);
  text.append(alignment - (before_text + text.size() + 1) % alignment, ' ');
  text += '\n';
  return fmt::format("\x93NUMPY{}{}{}{}{}", '\1', '\0', static_cast<char>(text.size() & 0xff),
                     static_cast<char>(text.size() >> 8), text);
}

}  // namespace wengert::data
