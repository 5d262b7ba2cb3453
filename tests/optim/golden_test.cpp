// SPDX-License-Identifier: MIT
// Every optimizer against PyTorch, or the paper's recurrence in numpy, step by step in f64.
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include <wengert/wengert.h>

#include "../catch.h"

using namespace wengert;

namespace {

const nlohmann::json& golden() {
  static const nlohmann::json file = [] {
    std::ifstream in(std::string(WENGERT_SOURCE_DIR) + "/tests/golden/optim.json");
    return nlohmann::json::parse(in);
  }();
  return file;
}

const std::map<std::string, AnyOptimizer>& rows() {
  static const std::map<std::string, AnyOptimizer> table{
      {"sgd", Sgd{{.rate = 0.05}}},
      {"sgd decay", Sgd{{.rate = 0.05, .decay = 0.1}}},
      {"sgd momentum", Sgd{{.rate = 0.02, .momentum = 0.9}}},
      {"sgd nesterov", Sgd{{.rate = 0.02, .momentum = 0.9, .nesterov = true, .decay = 0.1}}},
      {"adagrad", Adagrad{{.rate = 0.5}}},
      {"adagrad initial", Adagrad{{.rate = 0.5, .initial = 0.1, .epsilon = 1e-7}}},
      {"adadelta torch", Adadelta{{.rho = 0.9, .epsilon = 1e-6}}},
      {"adadelta keras", Adadelta{{.rate = 0.001}}},
      {"adadelta zeiler", Adadelta{{.epsilon = 1e-6}}},
      {"rms_prop", RmsProp{{.rate = 0.01, .rho = 0.99, .epsilon = 1e-8}}},
      {"rms_prop momentum", RmsProp{{.rate = 0.01, .epsilon = 1e-8, .momentum = 0.8}}},
      {"rms_prop centred", RmsProp{{.rate = 0.01, .epsilon = 1e-8, .centred = true}}},
      {"rms_prop centred momentum",
       RmsProp{{.rate = 0.01, .epsilon = 1e-8, .momentum = 0.8, .centred = true}}},
      {"adam", Adam{{.rate = 0.1}}},
      {"adam l2", Adam{{.rate = 0.1}}.group("w", {.l2 = 0.1})},
      {"adam amsgrad", Adam{{.rate = 0.1, .beta1 = 0.8, .beta2 = 0.9, .amsgrad = true}}},
      {"adam without amsgrad", Adam{{.rate = 0.1, .beta1 = 0.8, .beta2 = 0.9}}},
      {"adam_w", AdamW{{.rate = 0.1, .decay = 0.1}}},
      {"adam_w amsgrad",
       AdamW{{.rate = 0.1, .beta1 = 0.8, .beta2 = 0.9, .decay = 0.1, .amsgrad = true}}},
      {"nadam", NAdam{{.rate = 0.1}}},
      {"nadam decay", NAdam{{.rate = 0.1}}.group("w", {.decay = 0.1})},
      {"lion", Lion{{.rate = 0.05}}},
      {"lion decay", Lion{{.rate = 0.05, .decay = 0.1}}},
  };
  return table;
}

Tensor vector_of(const nlohmann::json& numbers) {
  const auto values = numbers.get<std::vector<double>>();
  return Tensor::from(std::span<const double>(values), Shape{values.size()});
}

}  // namespace

TEST_CASE("every optimizer agrees with its oracle for 50 steps") {
  const Tensor curvature = vector_of(golden()["curvature"]);
  for (const auto& [row, made] : rows()) {
    AnyOptimizer optimizer = made;
    Parameter w(vector_of(golden()["start"]), "w");
    const auto& path = golden()["optimizers"].at(row);
    REQUIRE(path.size() == 50);
    for (std::size_t step = 0; step < path.size(); ++step) {
      Tape tape;
      const Var x = w.on(tape.input(zeros({1}, f64)));
      optimizer->update(w, tape.backward(sum(Var(curvature) * square(x - 3.0) + sin(x))));
      for (std::size_t i = 0; i < w.size(); ++i) {
        INFO(row << ", step " << step + 1 << ", element " << i);
        REQUIRE(std::abs(w.value().at({i}) - path[step][i].get<double>()) < 1e-12);
      }
    }
  }
}

TEST_CASE("every golden path of an optimizer is compared") {
  std::set<std::string> compared, recorded;
  for (const auto& [row, made] : rows()) compared.insert(row);
  for (const auto& [row, path] : golden()["optimizers"].items()) recorded.insert(row);
  CHECK(compared == recorded);
}
