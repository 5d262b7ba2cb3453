// SPDX-License-Identifier: MIT
#include "print.h"

#include <cmath>
#include <cstdio>

#include <fmt/args.h>
#include <fmt/format.h>

#include "error.h"

/// As a double, but {} shows six significant digits, and whole numbers whole, as to_string(Tensor).
template <>
struct fmt::formatter<wengert::detail::OnlyElement> : fmt::formatter<double> {
  constexpr auto parse(fmt::format_parse_context& context) {
    plain_ = context.begin() == context.end() || *context.begin() == '}';
    return fmt::formatter<double>::parse(context);
  }
  template <class Context>
  auto format(const wengert::detail::OnlyElement& element, Context& context) const {
    const double value = element.value;
    if (!plain_) return fmt::formatter<double>::format(value, context);
    if (value == std::trunc(value) && std::abs(value) < 1e15)
      return fmt::format_to(context.out(), "{:.0f}", value);
    return fmt::format_to(context.out(), "{:.6g}", value);
  }

 private:
  bool plain_ = true;
};

namespace wengert::detail {

std::string format(const char* op, std::string_view text, std::span<const Argument> arguments) {
  fmt::dynamic_format_arg_store<fmt::format_context> store;
  for (const Argument& argument : arguments)
    std::visit([&](const auto& value) { store.push_back(value); }, argument);
  try {
    return fmt::vformat(text, store);
  } catch (const fmt::format_error& error) {
    throw ValueError(fmt::format("{}: the text does not fit the {} arguments after it: \"{}\"; {}",
                                 op, arguments.size(), text, error.what()));
  }
}

void print(std::string_view text, std::span<const Argument> arguments) {
  const std::string line = format("print", text, arguments) + '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

}  // namespace wengert::detail
