// SPDX-License-Identifier: MIT
// Rosenblatt's perceptron (1958), whose rule is a line of loss: SGD on max(0, y) for class 0 and on
// max(0, -y) for class 1, a point at a time, moves the line only for points on the wrong side. It
// separates two classes of 200 points after two epochs. On XOR it meets 70 to 100 of them on the
// wrong side for ever, where four hidden units end at none after five.
#include "options.h"
#include "pictures.h"
namespace wg = wengert;

/// 200 points about four corners of classes 0 and 1.
wg::data::Dataset points(const wg::Tensor& classes, wg::Rng& rng) {
  const auto corners = wg::matrix({{-1, -1}, {-1, 1}, {1, -1}, {1, 1}});
  const auto which = rng.integers(0, 4, {200});
  return {(wg::take(corners, which) + 0.25 * rng.normal({200, 2})).value(),
          wg::take(classes, which).value()};
}

int main(int argc, char** argv) {
  const Options options = parse(argc, argv, "Rosenblatt's perceptron, and what it cannot do",
                                {.epochs = 30, .rate = 0.01}, {"--data", "--batch", "--resume"});
  wg::Rng rng{options.seed};
  const auto halves = points(wg::matrix({{0}, {0}, {1}, {1}}), rng);
  const auto exclusive_or = points(wg::matrix({{0}, {1}, {1}, {0}}), rng);
  wg::Figure figure{.columns = 2};
  wg::Panel errors{.title = "points met on the wrong side",
                   .x = {.label = "epoch", .whole = true},
                   .y = {.label = "of 200", .low = 0}};
  const auto learn = [&](const char* title, const auto& data, auto model, const wg::Loss& loss,
                         const wg::AnyOptimizer& optimizer) {
    const auto history = wg::fit(model, data,
                                 {.loss = loss,
                                  .optimizer = optimizer,
                                  .epochs = options.epochs,
                                  .batch = 1,
                                  .metrics = {wg::binary_accuracy_from_logits},
                                  .seed = options.seed,
                                  .show = wg::Show::nothing});
    errors.series.push_back(curve(title, history, [](const wg::EpochRecord& epoch) {
      return 200 * (1 - epoch.metrics.at("binary_accuracy_from_logits"));
    }));
    wg::print("{}: {:.0f} of 200 wrong in epoch 1, {:.0f} in epoch {}", title,
              errors.series.back().y.front(), errors.series.back().y.back(), options.epochs);
    figure.panels.push_back(boundary(title, data, model));
    return model;
  };
  const wg::Loss rosenblatt{"rosenblatt", [](const wg::Var& y, const wg::Var& t) {
                              return wg::mean(wg::relu((1 - 2 * t) * y));
                            }};
  const wg::Sgd sgd{{.rate = options.rate}};
  const auto line = learn("perceptron", halves, wg::Linear{2, 1, rng}, rosenblatt, sgd);
  wg::print("  its line: {:.3f} x_1 {:+.3f} x_2 {:+.3f} = 0", line.weight.value().at({0, 0}),
            line.weight.value().at({0, 1}), line.bias);
  learn("perceptron on XOR", exclusive_or, wg::Linear{2, 1, rng}, rosenblatt, sgd);
  learn("MLP 2-4-1 on XOR", exclusive_or, wg::Mlp{{2, 4, 1}, wg::tanh, rng}, wg::bce_from_logits,
        wg::Adam{{.rate = options.rate}});
  figure.panels.push_back(errors);
  wg::write_figure(figure, "perceptron.svg");
}
