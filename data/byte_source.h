// SPDX-License-Identifier: MIT
// Where a reader's bytes come from: a file or memory, plain or gzip'd, or an entry of an archive, a
// piece at a time. Every failure names the reader and the file. What the bytes mean is left to the
// readers, and what is in memory is bounded by what was really there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace wengert::data {

/// Who reads what: the beginning of every message.
struct Origin {
  std::string reader;
  std::string name;
  /// Throws FileError("reader: 'name' why").
  [[noreturn]] void fail(std::string_view why) const;
};

class ByteSource {
 public:
  /// Fills the span from its front and returns how far; less than all of it only at the end.
  using Read = std::function<std::size_t(std::span<char>)>;

  /// `most` is a bound of what `read` will give.
  ByteSource(Origin origin, std::uint64_t most, Read read)
      : origin_(std::move(origin)), most_(most), read_(std::move(read)) {}
  /// Errors: FileError if there is no such file or it is a folder or device.
  static ByteSource file(const std::string& reader, const std::string& path);
  static ByteSource memory(const std::string& reader, std::span<const std::byte> bytes);

  /// As `Read`. Errors: FileError if the gzip data is cut short or damaged.
  std::size_t read(std::span<char> into);
  /// Fills the span. Errors: FileError if the bytes end before.
  void fill(std::span<char> into);
  /// To be asked before memory is taken for `bytes` more bytes, which a header promised.
  /// Errors: FileError, saying `claim`, if there cannot be so many.
  void require(std::uint64_t bytes, std::string_view claim) const;
  /// Errors: FileError if there are bytes left. Until here a damaged gzip file may go unnoticed.
  void require_end();

  /// Adds up a CRC-32 of all bytes from now on.
  void start_sum();
  std::uint32_t sum() const { return sum_; }

  const Origin& origin() const { return origin_; }
  [[noreturn]] void fail(std::string_view why) const { origin_.fail(why); }

 private:
  Origin origin_;
  std::uint64_t most_;
  Read read_;
  std::uint64_t done_ = 0;
  std::uint32_t sum_ = 0;
  bool summing_ = false;
};

}  // namespace wengert::data
