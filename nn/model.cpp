// SPDX-License-Identifier: MIT
#include "model.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/path_pattern.h"

namespace wengert::detail {

void require_float(const char* what, DType dtype) {
  if (!is_float(dtype))
    throw DTypeError(fmt::format("{}: a model is f32 or f64, not {}", what, to_string(dtype)));
}

std::size_t set_trainable_of(const char* what,
                             const std::vector<std::pair<std::string, Parameter*>>& list,
                             std::string_view pattern, bool trainable) {
  std::set<Parameter*> fitting;
  std::string paths;
  for (const auto& [path, parameter] : list) {
    if (path_matches(pattern, path)) fitting.insert(parameter);
    paths += fmt::format("{}{}", paths.empty() ? "" : ", ", path);
  }
  if (fitting.empty())
    throw ValueError(fmt::format("{}: no parameter fits '{}'; there are: {}", what, pattern,
                                 paths.empty() ? "none" : paths));
  for (Parameter* parameter : fitting) parameter->set_trainable(trainable);
  return fitting.size();
}

}  // namespace wengert::detail
