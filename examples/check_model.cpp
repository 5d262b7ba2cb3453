// SPDX-License-Identifier: MIT
// Checks the gradient of a saved model on a batch of data, from the shell:
//     check_model model.safetensors batch.npz --loss cross_entropy
// The batch holds the arrays "x" and "y". Copy this file and put your own model in place of the
// Mlp. Without files it makes a pair first.
#include <CLI/CLI.hpp>

#include <wengert/data/npz.h>
#include <wengert/gradcheck/gradcheck.h>
#include <wengert/wengert.h>
namespace wg = wengert;

/// The perceptron whose weights are in the file: its widths are their shapes.
wg::Mlp model_of(const std::string& file) {
  const auto state = wg::load_tensors(file).tensors;
  std::vector<std::size_t> widths;
  for (std::size_t layer = 0; state.contains(wg::format("layers.{}.weight", layer)); ++layer) {
    const wg::Shape& shape = state.at(wg::format("layers.{}.weight", layer)).shape();
    if (layer == 0) widths.push_back(shape[1]);
    widths.push_back(shape[0]);
  }
  wg::Rng rng{1};
  wg::Mlp model{widths, wg::relu, rng};
  wg::load(model, file);
  return model;
}

void make_examples(const std::string& model_file, const std::string& batch_file) {
  wg::Rng rng{1};
  wg::Mlp model{{6, 16, 3}, wg::relu, rng};
  wg::save(model, model_file);
  wg::data::write_npz(batch_file,
                      {{"x", rng.normal({8, 6})}, {"y", wg::labels({0, 1, 2, 2, 1, 0, 0, 1})}});
}

int main(int argc, char** argv) {
  CLI::App app("Checks the gradient of a saved perceptron on a batch of data");
  std::string model_file, batch_file, loss_name = "cross_entropy";
  bool json = false, quick = false;
  app.add_option("model", model_file, "a file of wengert::save or of PyTorch's safetensors");
  app.add_option("batch", batch_file, "an npz file with x and y");
  app.add_option("--loss", loss_name, "name of a loss")->capture_default_str();
  app.add_flag("--json", json, "the report as JSON");
  app.add_flag("--quick", quick, "as always: the checks are quick");
  CLI11_PARSE(app, argc, argv);
  if (batch_file.empty())
    make_examples(model_file = "check_model.safetensors", batch_file = "check_model.npz");

  const wg::Mlp model = model_of(model_file);
  const auto batch = wg::data::read_npz(batch_file);
  const auto& losses = wg::all_losses();
  const auto loss = std::ranges::find(losses, loss_name, &wg::Loss::name);
  if (loss == losses.end()) throw wg::ValueError("there is no loss called " + loss_name);
  wg::Tape tape;
  const auto value = (*loss)(model(tape.input(batch.at("x"))), batch.at("y"));
  const wg::CheckReport report = wg::check_tape(tape, value);
  if (json) wg::print("{}", wg::to_json(report));
  else wg::print(report);
  return report.agrees() ? 0 : 1;
}
