// SPDX-License-Identifier: MIT
#include "interrupt.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <unistd.h>

namespace wengert {
namespace {

constexpr std::array signals{SIGINT, SIGTERM};

// A signal handler can reach nothing else than what is static.
std::atomic<int> wishes{0};
std::atomic<bool> taken{false};
std::array<struct sigaction, signals.size()> before;

static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not wait for a lock");

void put_back() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &before[i], nullptr);
}

void say(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

void count(int) {
  const int error = errno;  // of whatever was interrupted
  const int wish = wishes.fetch_add(1) + 1;
  if (wish == 1) say("\nending after this epoch; again: after this step\n");
  if (wish == 2) {
    put_back();  // the next one finds what was there before
    say("\nending after this step; again: at once\n");
  }
  errno = error;
}

}  // namespace

Interrupt::Interrupt() : acting_(!taken.exchange(true)) {
  if (!acting_) return;
  wishes = 0;
  struct sigaction action {};
  action.sa_handler = count;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &before[i]);
}

Interrupt::~Interrupt() {
  if (!acting_) return;
  put_back();
  taken = false;
}

bool Interrupt::after_epoch() const { return acting_ && wishes.load() >= 1; }
bool Interrupt::after_step() const { return acting_ && wishes.load() >= 2; }

}  // namespace wengert
