// SPDX-License-Identifier: MIT
#include "byte_source.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "../graph/error.h"
#include "gunzip.h"

namespace wengert::data {
namespace {

namespace fs = std::filesystem;

/// Uncompresses if `first`, the beginning of what `plain` gives, is that of a gzip file.
ByteSource source(const Origin& origin, std::span<const char> first, std::uint64_t size,
                  ByteSource::Read plain) {
  const bool packed = first.size() == 2 && first[0] == '\x1f' && first[1] == '\x8b';
  if (!packed) return {origin, size, std::move(plain)};
  // zlib's own bound on what deflate can do, and some for the smallest files.
  const std::uint64_t most =
      size < std::numeric_limits<std::uint64_t>::max() / 2048 ? 1032 * size + 64 : size;
  return {origin, most, gunzip(origin, std::move(plain))};
}

}  // namespace

void Origin::fail(std::string_view why) const {
  throw FileError(fmt::format("{}: '{}' {}", reader, name, why));
}

ByteSource ByteSource::file(const std::string& reader, const std::string& path) {
  const Origin origin{reader, path};
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status))
    origin.fail(fs::is_directory(status) ? "is a folder" : "is no regular file");
  const std::uint64_t size = fs::exists(status) ? fs::file_size(path, error) : 0;
  const std::shared_ptr<std::FILE> file(std::fopen(path.c_str(), "rbe"), [](std::FILE* opened) {
    if (opened) std::fclose(opened);
  });
  if (!file || error) {
    const int code = file ? error.value() : errno;
    origin.fail(fmt::format("cannot be opened: {}", std::generic_category().message(code)));
  }
  char first[2];
  const std::size_t there = std::fread(first, 1, sizeof first, file.get());
  std::rewind(file.get());
  return source(origin, {first, there}, size, [file, origin](std::span<char> into) {
    const std::size_t done = std::fread(into.data(), 1, into.size(), file.get());
    if (done < into.size() && std::ferror(file.get()))
      origin.fail(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    return done;
  });
}

ByteSource ByteSource::memory(const std::string& reader, std::span<const std::byte> bytes) {
  char first[2];
  const std::size_t there = std::min(bytes.size(), sizeof first);
  if (there != 0) std::memcpy(first, bytes.data(), there);
  return source({reader, "memory"}, {first, there}, bytes.size(),
                [bytes](std::span<char> into) mutable {
                  const std::size_t count = std::min(into.size(), bytes.size());
                  if (count != 0) std::memcpy(into.data(), bytes.data(), count);
                  bytes = bytes.subspan(count);
                  return count;
                });
}

std::size_t ByteSource::read(std::span<char> into) {
  if (into.empty()) return 0;
  const std::size_t count = read_(into);
  done_ += count;
  if (summing_)
    sum_ = static_cast<std::uint32_t>(
        crc32_z(sum_, static_cast<const Bytef*>(static_cast<const void*>(into.data())), count));
  return count;
}

void ByteSource::fill(std::span<char> into) {
  if (read(into) < into.size())
    fail(fmt::format("ends early, after {} bytes; was it copied whole?", done_));
}

void ByteSource::require(std::uint64_t bytes, std::string_view claim) const {
  if (bytes > most_ - std::min(done_, most_))
    fail(fmt::format(
        "claims more than it can hold: {} needs {} bytes more, and there are at most {}", claim,
        bytes, most_ - std::min(done_, most_)));
}

void ByteSource::require_end() {
  char more;
  if (read({&more, 1}) != 0)
    fail(fmt::format("has bytes behind its end, the first after {}", done_ - 1));
}

void ByteSource::start_sum() {
  summing_ = true;
  sum_ = 0;
}

}  // namespace wengert::data
