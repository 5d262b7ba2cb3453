// SPDX-License-Identifier: MIT
// The command line that the lecture's programs share. Not part of the library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>

#include <CLI/CLI.hpp>

struct Options {
  std::size_t epochs = 20;
  std::size_t batch = 100;
  double rate = 1e-3;
  std::uint64_t seed = 1;
  std::string data = {};  ///< a folder with the four files of MNIST; empty: what is there
  std::string resume = {};
  bool quick = false;
};

/// Reads the command line; `given` says what holds where it is silent. The options of `without` are
/// not offered, those that `app` has already are read as well. With --help, or options that make no
/// sense, the program ends here.
inline Options parse(int argc, char** argv, CLI::App& app, Options given = {},
                     std::initializer_list<const char*> without = {}) {
  app.add_option(
         "--data", given.data,
         "folder with MNIST's files or others of that form; otherwise Debian's Fashion-MNIST, "
         "otherwise the bundled digits")
      ->check(CLI::ExistingDirectory);
  app.add_option("--epochs", given.epochs, "passes over the training set")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  app.add_option("--batch", given.batch, "samples a step")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  app.add_option("--rate", given.rate, "learning rate")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", given.seed, "of weights and order")->capture_default_str();
  app.add_option("--resume", given.resume, "folder to keep the state in, and to go on from");
  app.add_flag("--quick", given.quick, "two epochs only, to see that it runs");
  for (const char* name : without) app.remove_option(app.get_option(name));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  if (given.quick) given.epochs = std::min<std::size_t>(given.epochs, 2);
  return given;
}
inline Options parse(int argc, char** argv, const std::string& what, const Options& given = {},
                     std::initializer_list<const char*> without = {}) {
  CLI::App app(what);
  return parse(argc, argv, app, given, without);
}
