// SPDX-License-Identifier: MIT
#include "metric_function.h"

#include <array>

#include "../graph/error.h"

namespace wengert {
namespace {

struct Known {
  Metric::Function* function;
  const char* name;
};
constexpr std::array known{
    Known{accuracy, "accuracy"},
    Known{binary_accuracy, "binary_accuracy"},
    Known{binary_accuracy_from_logits, "binary_accuracy_from_logits"},
    Known{mean_absolute_error, "mean_absolute_error"},
    Known{r2, "r2"},
    Known{auc, "auc"},
};

const char* name_of(Metric::Function* function) {
  for (const Known& metric : known)
    if (metric.function == function) return metric.name;
  return "custom";
}

}  // namespace

Metric::Metric(Function* metric) : name_(name_of(metric)), call_(metric) {
  if (!metric) throw ValueError("metric: no function: null");
}

std::string Metric::checked(std::string name) {
  if (name.empty())
    throw ValueError("metric: it has an empty name; give it one: Metric(\"name\", function)");
  return name;
}

}  // namespace wengert
