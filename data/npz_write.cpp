// SPDX-License-Identifier: MIT
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <zip.h>

#include "../graph/error.h"
#include "file_replacement.h"
#include "npy_format.h"
#include "npz.h"
#include "npz_names.h"

namespace wengert::data {
namespace {

/// An archive that libzip builds in memory and that is then one stream of bytes.
class ArchiveWriter {
 public:
  explicit ArchiveWriter(const std::string& path) : path_(path) {
    if (bytes_) archive_ = zip_open_from_source(bytes_, ZIP_TRUNCATE, nullptr);
    if (!archive_) throw std::bad_alloc();
    zip_source_keep(bytes_);  // beyond the archive, which closes it
  }
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;
  ~ArchiveWriter() {
    if (archive_) zip_discard(archive_);
    zip_source_free(bytes_);
  }

  /// What libzip reads when the archive is finished; both have to live until then.
  void add(const std::string& name, const std::string& preamble, const Tensor& tensor) {
    const auto bytes_of = [](const void* data) {
      return static_cast<zip_uint8_t*>(const_cast<void*>(data));  // libzip only reads them
    };
    const zip_buffer_fragment_t pieces[] = {
        {bytes_of(preamble.data()), preamble.size()},
        {bytes_of(tensor.address()), tensor.size() * size_of(tensor.dtype())}};
    zip_source_t* source = zip_source_buffer_fragment(archive_, pieces, 2, 0);
    if (!source) fail(name);
    const std::string file = fmt::format("{}.npy", name);
    const zip_int64_t added = zip_file_add(archive_, file.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (added < 0) {
      zip_source_free(source);
      fail(name);
    }
    const auto index = static_cast<zip_uint64_t>(added);
    zip_set_file_compression(archive_, index, ZIP_CM_STORE, 0);
    // The time of writing would make equal arrays unequal files; this is the oldest that zip knows.
    constexpr zip_uint16_t first_of_january_1980 = (1 << 5) + 1;
    zip_file_set_dostime(archive_, index, 0, first_of_january_1980, 0);
  }

  void finish(detail::FileReplacement& file) {
    if (zip_close(archive_) != 0) fail("the archive");
    archive_ = nullptr;
    std::vector<std::byte> piece(1 << 16);
    zip_int64_t count = zip_source_open(bytes_);
    while (count >= 0 && (count = zip_source_read(bytes_, piece.data(), piece.size())) > 0)
      file.write(std::span(piece).first(static_cast<std::size_t>(count)));
    zip_source_close(bytes_);
    if (count < 0) throw std::bad_alloc();
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(fmt::format("write_npz: cannot write '{}': {}: {}", path_, printable(what),
                                zip_strerror(archive_)));
  }

  std::string path_;
  zip_source_t* bytes_ = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_t* archive_ = nullptr;
};

}  // namespace

void write_npz(const std::string& path, const std::map<std::string, Tensor>& tensors) {
  // libzip would write no file at all.
  if (tensors.empty()) throw ValueError(fmt::format("write_npz: '{}': no tensors", path));
  for (const auto& [name, tensor] : tensors) {
    if (const auto why = objection_to_name(name))
      throw ValueError(
          fmt::format("write_npz: '{}': a name {}: '{}'", path, *why, printable(name)));
    if (!tensor.defined())
      throw ValueError(fmt::format("write_npz: '{}': '{}' holds nothing", path, name));
  }
  detail::FileReplacement file("write_npz", path);
  std::vector<std::string> preambles;
  preambles.reserve(tensors.size());  // so that they stay where they are
  ArchiveWriter archive(path);
  for (const auto& [name, tensor] : tensors)
    archive.add(name, preambles.emplace_back(npy_preamble(tensor)), tensor);
  archive.finish(file);
  file.put_in_place();
}

}  // namespace wengert::data
