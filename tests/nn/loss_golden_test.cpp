// SPDX-License-Identifier: MIT
// Losses and their gradients against PyTorch's (tests/golden/loss.json), in float64.
#include <cmath>
#include <map>
#include <string>

#include <wengert/wengert.h>

#include "catch.h"
#include "golden_file.h"

using namespace wengert;

namespace {

Loss loss_named(const std::string& name) {
  for (const Loss& loss : all_losses())
    if (loss.name() == name) return loss;
  if (name == "huber_half") return huber_with(0.5);
  throw ValueError("no loss of this name: " + name);
}

Reduction reduction_named(const std::string& name) {
  if (name == "mean") return Reduction::mean;
  return name == "sum" ? Reduction::sum : Reduction::none;
}

/// The largest |a - b| / max(1, |b|).
double difference(const Tensor& ours, const Tensor& theirs) {
  REQUIRE(ours.shape() == theirs.shape());
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double b = theirs.data<double>()[i];
    const double off = std::abs(ours.data<double>()[i] - b) / std::max(1.0, std::abs(b));
    worst = off <= worst ? worst : off;  // keeps NaN
  }
  return worst;
}

}  // namespace

TEST_CASE("every loss and its gradient are PyTorch's, weighted, masked and reduced") {
  std::map<std::string, int> seen;
  const auto file = golden::file("loss.json");
  for (const auto& c : file["cases"]) {
    const std::string name = c["loss"].get<std::string>();
    ++seen[name];
    INFO(name << " " << c["reduction"] << (c["weights"].is_null() ? "" : " weighted")
              << (c["mask"].is_null() ? "" : " masked") << ", case " << seen[name]);
    Weighting weighting{.reduction = reduction_named(c["reduction"].get<std::string>())};
    if (!c["weights"].is_null()) weighting.weights = Var(golden::tensor(c["weights"]));
    if (!c["mask"].is_null()) weighting.mask = Var(golden::tensor(c["mask"]));
    Tape tape;
    const Var prediction = tape.variable(golden::tensor(c["prediction"]));
    const Var loss = loss_named(name)(prediction, golden::tensor(c["target"]), weighting);
    CHECK(difference(loss.value(), golden::tensor(c["output"])) <= 1e-12);
    if (c["gradient"].is_null()) continue;
    const Tensor cotangent = golden::tensor(c["cotangent"]);
    CHECK(difference(tape.backward(loss, Var(cotangent))[prediction].value(),
                     golden::tensor(c["gradient"])) <= 1e-12);
  }
  for (const Loss& loss : all_losses()) {
    INFO(loss.name());
    CHECK(seen[loss.name()] >= 10);
  }
}
