// SPDX-License-Identifier: MIT
// Models that go to PyTorch and come from it. The cases tagged [exchange] are run by
// tests/golden/exchange.py, which holds the other end.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <wengert/wengert.h>

#include "../catch.h"
#include "../golden_file.h"
#include "distance.h"
#include "exchange_model.h"

using namespace wengert;
using namespace wengert::nn_tests;

namespace {

std::string folder() {
  const char* name = std::getenv("WENGERT_EXCHANGE");
  if (!name) throw std::runtime_error("WENGERT_EXCHANGE names no folder");
  return name;
}
std::string golden_file(const std::string& name) {
  return WENGERT_SOURCE_DIR "/tests/golden/" + name;
}
constexpr double tolerance(DType dtype) { return dtype == f32 ? 1e-6 : 1e-12; }
std::string suffix(DType dtype) { return dtype == f32 ? "_f32.safetensors" : "_f64.safetensors"; }

}  // namespace

TEST_CASE("a model that PyTorch has trained and written gives the same outputs here") {
  for (const DType dtype : {f32, f64}) {
    Rng rng{7};
    auto model = exchange_model(rng);
    to(model, dtype);
    const nlohmann::json file = golden::file("nn.json");
    const auto& expected = file.at("exchange");
    load(model, golden_file("torch" + suffix(dtype)));
    const Var x = golden::tensor(expected["input"]).to(dtype);
    const char* name = dtype == f32 ? "f32" : "f64";
    CHECK(distance(model(x).value(), golden::tensor(expected[name]).to(dtype)) < tolerance(dtype));
    CHECK(model.get<1>().num_batches_tracked.value().item() == 5);
  }
}

TEST_CASE("a model that PyTorch has trained is trained on, masked weights staying zero") {
  Rng rng{7};
  auto model = exchange_model(rng);
  load(model, golden_file("torch_f32.safetensors"));
  const auto& sparse = model.get<4>();
  Adam adam{{.rate = 0.05}};
  const Tensor x = rng.normal({16, 6});
  for (int step = 0; step < 5; ++step) {
    Tape tape;
    adam.update(model, tape.backward(mean(square(model(tape.input(x))))));
  }
  CHECK(max(abs(where(sparse.mask.value(), 0.0, Var(sparse.weight.value())))).item() == 0);
  CHECK(model.get<1>().num_batches_tracked.value().item() == 10);
}

TEST_CASE("for PyTorch: write models, inputs and outputs", "[.][exchange-write]") {
  for (const DType dtype : {f32, f64}) {
    Rng rng{3};
    auto model = exchange_model(rng);
    to(model, dtype);
    Sgd sgd{{.rate = 0.1}};
    for (int step = 0; step < 5; ++step) {
      Tape tape;
      const Tensor x = rng.normal({16, 6}, dtype);
      sgd.update(model, tape.backward(mse(model(tape.input(x)), slice(x, 1, 0, 3))));
    }
    const Tensor x = rng.normal({32, 6}, dtype);
    save(model, folder() + "/ours" + suffix(dtype));
    save(model, folder() + (dtype == f32 ? "/ours_f32.npz" : "/ours_f64.npz"));
    save_tensors(folder() + "/ours_io" + suffix(dtype), {{"x", x}, {"y", model(Var(x)).value()}});
  }
}

TEST_CASE("for PyTorch: read models and compare outputs", "[.][exchange-read]") {
  for (const DType dtype : {f32, f64}) {
    Rng rng{4};
    auto model = exchange_model(rng);
    to(model, dtype);
    load(model, folder() + "/theirs" + suffix(dtype));
    const auto io = load_tensors(folder() + "/theirs_io" + suffix(dtype)).tensors;
    const Tensor y = model(Var(io.at("x"))).value();
    // As the other end judges: relative to outputs above 1.
    const double scale = std::max(1.0, max(abs(Var(y))).item());
    CHECK(distance(y, io.at("y")) < tolerance(dtype) * scale);
    auto other = exchange_model(rng);
    to(other, dtype);
    load(other, folder() + (dtype == f32 ? "/theirs_f32.npz" : "/theirs_f64.npz"));
    CHECK(distance(other(Var(io.at("x"))).value(), y) == 0);
  }
}
