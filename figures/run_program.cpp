// SPDX-License-Identifier: MIT
#include "run_program.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../graph/error.h"

namespace wengert::detail {
namespace {

[[noreturn]] void fail(const std::string& program, const char* what, int error) {
  throw FileError(fmt::format("run_program: {} {}: {}; are there too many processes or files?",
                              what, program, std::generic_category().message(error)));
}

/// Ends of a pipe that are closed whatever happens.
struct Pipe {
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) close(end);
  }
  void close_end(std::size_t i) {
    close(ends.at(i));
    ends.at(i) = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

struct Actions {
  Actions() { posix_spawn_file_actions_init(&list); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { posix_spawn_file_actions_destroy(&list); }
  posix_spawn_file_actions_t list{};
};

std::string all_from(int end) {
  constexpr std::size_t most = std::size_t{1} << 16;
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = read(end, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    if (text.size() < most) text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

ProgramResult run_program(const std::vector<std::string>& arguments, const std::string& folder) {
  const std::string& program = arguments.at(0);
  Pipe pipe;
  if (pipe2(pipe.ends.data(), O_CLOEXEC) != 0) fail(program, "cannot start", errno);
  Actions actions;
  posix_spawn_file_actions_addopen(&actions.list, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions.list, pipe.ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions.list, pipe.ends[1], 2);
  posix_spawn_file_actions_addchdir_np(&actions.list, folder.c_str());
  std::vector<std::string> words = arguments;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  if (access(folder.c_str(), X_OK) != 0) fail(program, "cannot enter the folder for", errno);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, program.c_str(), &actions.list, nullptr, pointers.data(), environ);
  if (error == ENOENT) return {};
  if (error != 0) fail(program, "cannot start", error);
  pipe.close_end(1);
  ProgramResult result{.found = true, .status = -1, .output = all_from(pipe.ends[0])};
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return result;  // whoever runs us does not wait for children: unknown
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace wengert::detail
