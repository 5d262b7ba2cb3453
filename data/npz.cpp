// SPDX-License-Identifier: MIT
#include "npz.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <zip.h>

#include "npy_format.h"
#include "npz_names.h"

namespace wengert::data {
namespace {

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, Discard>;

constexpr std::string_view suffix = ".npy";

std::string array_name(const Origin& origin, zip_t* archive, zip_uint64_t index) {
  const char* raw = zip_get_name(archive, index, ZIP_FL_ENC_RAW);
  // Where a NUL ends the raw name too early, the decoded one shows another character.
  const char* decoded = zip_get_name(archive, index, ZIP_FL_ENC_GUESS);
  if (!raw || !decoded || std::string_view(raw) != decoded)
    origin.fail(fmt::format("has an entry whose name is no text without a NUL: '{}'",
                            printable(raw ? raw : "")));
  std::string_view name = raw;
  if (const auto why = objection_to_name(name))
    origin.fail(fmt::format("has an entry whose name {}: '{}'", *why, printable(name)));
  if (!name.ends_with(suffix) || name.size() == suffix.size())
    origin.fail(
        fmt::format("has an entry that is no array: '{}' does not end in .npy", printable(name)));
  name.remove_suffix(suffix.size());
  return std::string(name);
}

zip_stat_t entry_sizes(const Origin& origin, zip_t* archive, zip_uint64_t index) {
  constexpr zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0 || (stat.valid & needed) != needed)
    origin.fail(fmt::format("is damaged: {}", zip_strerror(archive)));
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    origin.fail(fmt::format("is packed by method {}; only stored and deflated entries are read",
                            stat.comp_method));
  // 1032 is the most that deflate packs into a byte.
  const bool stored = stat.comp_method == ZIP_CM_STORE;
  if (stored ? stat.size != stat.comp_size : stat.size / 1032 > stat.comp_size + 1)
    origin.fail(fmt::format("claims {} bytes, which its {} packed ones cannot hold", stat.size,
                            stat.comp_size));
  return stat;
}

Tensor entry(const Origin& origin, zip_t* archive, zip_uint64_t index, std::uint64_t size) {
  const std::shared_ptr<zip_file_t> file(zip_fopen_index(archive, index, 0),
                                         [](zip_file_t* opened) {
                                           if (opened) zip_fclose(opened);
                                         });
  if (!file) origin.fail(fmt::format("cannot be opened: {}", zip_strerror(archive)));
  ByteSource source(origin, size, [file, &origin](std::span<char> into) {
    std::size_t done = 0;
    while (done < into.size()) {
      const zip_int64_t count = zip_fread(file.get(), into.data() + done, into.size() - done);
      if (count < 0) origin.fail(fmt::format("is damaged: {}", zip_file_strerror(file.get())));
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  });
  return read_npy(source);
}

/// Takes over `bytes`, whose archive it is of `size` bytes.
std::map<std::string, Tensor> arrays(const Origin& origin, zip_source_t* bytes, zip_uint64_t size) {
  // libzip would take it for an archive of no entries.
  if (size == 0) {
    zip_source_free(bytes);
    origin.fail("is empty");
  }
  zip_error_t error;
  zip_error_init(&error);
  const Archive archive(zip_open_from_source(bytes, ZIP_RDONLY | ZIP_CHECKCONS, &error));
  if (!archive) {
    zip_source_free(bytes);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    origin.fail(fmt::format("is no .npz file, or a damaged one: {}", why));
  }
  std::map<std::string, Tensor> result;
  zip_uint64_t packed = 0;
  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(archive.get(), 0));
  for (zip_uint64_t index = 0; index < count; ++index) {
    const std::string name = array_name(origin, archive.get(), index);
    if (result.contains(name)) origin.fail(fmt::format("has two entries '{}.npy'", name));
    const Origin inner{origin.reader, fmt::format("{}:{}", origin.name, name)};
    const zip_stat_t stat = entry_sizes(inner, archive.get(), index);
    // Entries that share their bytes would multiply them.
    if (stat.comp_size > size - packed)
      inner.fail("and the entries before it claim more bytes than the file has");
    packed += stat.comp_size;
    result.emplace(name, entry(inner, archive.get(), index, stat.size));
  }
  return result;
}

}  // namespace

std::map<std::string, Tensor> read_npz(const std::string& path) {
  const Origin origin{"read_npz", path};
  // Says what is wrong with a path; libzip would call a folder an archive it cannot read.
  (void)ByteSource::file(origin.reader, path);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* file = zip_source_file_create(path.c_str(), 0, -1, &error);
  zip_stat_t stat;
  if (!file || zip_source_stat(file, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0) {
    zip_source_free(file);
    zip_error_fini(&error);
    origin.fail("cannot be read");
  }
  return arrays(origin, file, stat.size);
}

std::map<std::string, Tensor> read_npz(std::span<const std::byte> bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (!source) throw std::bad_alloc();
  return arrays({"read_npz", "memory"}, source, bytes.size());
}

}  // namespace wengert::data
