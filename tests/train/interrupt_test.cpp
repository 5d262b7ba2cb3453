// SPDX-License-Identifier: MIT
// Ctrl-C while training.
#include <algorithm>
#include <csignal>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <wengert/train/interrupt.h>

#include "../catch.h"

using namespace wengert;

TEST_CASE("the first Ctrl-C asks for the end of the epoch and the second for the end of the step") {
  const Interrupt interrupt;
  CHECK_FALSE(interrupt.after_epoch());
  raise(SIGINT);
  CHECK(interrupt.after_epoch());
  CHECK_FALSE(interrupt.after_step());
  raise(SIGINT);
  CHECK(interrupt.after_step());
}

TEST_CASE("the third Ctrl-C ends the program, as does one after the training") {
  for (const int signals : {3, 1}) {
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGINT, SIG_DFL);
      {
        const Interrupt interrupt;
        if (signals == 3)
          for (int i = 0; i < 3; ++i) raise(SIGINT);
      }
      raise(SIGINT);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGINT);
  }
}

TEST_CASE("each Ctrl-C says on the error stream what it asked for") {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    const Interrupt interrupt;
    raise(SIGINT);
    raise(SIGTERM);
    _exit(0);
  }
  close(ends[1]);
  waitpid(child, nullptr, 0);
  std::string text(1000, '\0');
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, read(ends[0], text.data(), 1000))));
  close(ends[0]);
  CHECK(text ==
        "\nending after this epoch; again: after this step\n"
        "\nending after this step; again: at once\n");
}

TEST_CASE("of two Interrupts at a time the first counts, and a later one starts at zero") {
  {
    const Interrupt outer;
    const Interrupt inner;
    raise(SIGINT);
    CHECK(outer.after_epoch());
    CHECK_FALSE(inner.after_epoch());
  }
  const Interrupt later;
  CHECK_FALSE(later.after_epoch());
}
