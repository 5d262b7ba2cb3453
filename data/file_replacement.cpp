// SPDX-License-Identifier: MIT
#include "file_replacement.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

std::string behind_links(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_symlink(path, ignored)) return path;
  const std::filesystem::path target = std::filesystem::canonical(path, ignored);
  return target.empty() ? path : target.string();
}

// Two threads, or two processes, may write the same file at once: each its own draft.
std::string draft_beside(const std::string& path) {
  static std::atomic<unsigned> last{0};
  return fmt::format("{}.{}-{}.part", path, getpid(), ++last);
}

}  // namespace

FileReplacement::FileReplacement(std::string_view op, const std::string& path)
    : op_(op), path_(behind_links(path)), draft_(draft_beside(path_)) {
  struct stat before {};
  const bool there = stat(path_.c_str(), &before) == 0;
  // A rename would put a file in the place of a folder's name or a device such as /dev/null.
  if (there && !S_ISREG(before.st_mode))
    throw FileError(fmt::format("{}: cannot write '{}': it is no regular file", op_, path_));
  // What a process of the same number left when it was killed.
  unlink(draft_.c_str());
  file_ = open(draft_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail("cannot write");
  // Where the file system has no permissions, there are none to keep.
  if (there) (void)fchmod(file_, before.st_mode & 07777);
}

FileReplacement::~FileReplacement() {
  if (file_ >= 0) close(file_);
  if (!draft_.empty()) unlink(draft_.c_str());
}

void FileReplacement::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void FileReplacement::put_in_place() {
  if (fsync(file_) != 0) fail("cannot write");
  if (close(std::exchange(file_, -1)) != 0) fail("cannot write");
  if (std::rename(draft_.c_str(), path_.c_str()) != 0) fail("cannot replace");
  draft_.clear();
  // The new name is durable only once its folder is; not every file system can say.
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const int handle = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return;
  fsync(handle);
  close(handle);
}

void FileReplacement::fail(const char* what) const {
  const std::string reason = std::generic_category().message(errno);
  throw FileError(fmt::format("{}: {} '{}': {}; is its folder there, and yours to write to?", op_,
                              what, path_, reason));
}

}  // namespace wengert::detail
