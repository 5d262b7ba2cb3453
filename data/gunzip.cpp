// SPDX-License-Identifier: MIT
#include "gunzip.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

namespace wengert::data {
namespace {

class Gunzip {
 public:
  Gunzip(Origin origin, ByteSource::Read compressed)
      : origin_(std::move(origin)), compressed_(std::move(compressed)) {
    constexpr int largest_window = 15, gzip_only = 16;
    if (inflateInit2(&stream_, largest_window + gzip_only) != Z_OK) throw std::bad_alloc();
  }
  Gunzip(const Gunzip&) = delete;
  Gunzip& operator=(const Gunzip&) = delete;
  ~Gunzip() { inflateEnd(&stream_); }

  std::size_t read(std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size() && piece(into, done)) {}
    return done;
  }

 private:
  /// False at the end of the data.
  bool piece(std::span<char> into, std::size_t& done) {
    if (stream_.avail_in == 0 && !refill()) {
      if (between_members_ && any_) return false;
      origin_.fail("ends in the middle of its gzip data; was it copied whole?");
    }
    if (between_members_ && any_ && inflateReset(&stream_) != Z_OK) throw std::bad_alloc();
    const bool first_of_member = std::exchange(between_members_, false);
    const std::size_t room =
        std::min<std::size_t>(into.size() - done, std::numeric_limits<uInt>::max());
    stream_.next_out = static_cast<Bytef*>(static_cast<void*>(into.data() + done));
    stream_.avail_out = static_cast<uInt>(room);
    const int code = inflate(&stream_, Z_NO_FLUSH);
    done += room - stream_.avail_out;
    if (code == Z_STREAM_END) {
      between_members_ = any_ = true;
    } else if (code == Z_MEM_ERROR) {
      throw std::bad_alloc();
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      if (any_ && first_of_member) origin_.fail("has other bytes behind its gzip data");
      origin_.fail(fmt::format("is damaged: its gzip data cannot be uncompressed ({})",
                               stream_.msg ? stream_.msg : "needs a dictionary"));
    }
    return true;
  }

  bool refill() {
    const std::size_t count = compressed_(packed_);
    stream_.next_in = static_cast<Bytef*>(static_cast<void*>(packed_.data()));
    stream_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  Origin origin_;
  ByteSource::Read compressed_;
  std::vector<char> packed_ = std::vector<char>(1 << 16);
  z_stream stream_{};
  bool between_members_ = true;
  bool any_ = false;  ///< one member is complete
};

}  // namespace

ByteSource::Read gunzip(const Origin& origin, ByteSource::Read compressed) {
  const auto state = std::make_shared<Gunzip>(origin, std::move(compressed));
  return [state](std::span<char> into) { return state->read(into); };
}

}  // namespace wengert::data
