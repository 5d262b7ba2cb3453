// SPDX-License-Identifier: MIT
// Records of a training: written, read back, and gathered from gradients.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include <unistd.h>

#include <wengert/graph/error.h>
#include <wengert/nn/linear.h>
#include <wengert/train/fingerprint.h>
#include <wengert/train/history.h>
#include <wengert/train/statistics.h>

#include "../catch.h"
#include "../folder.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinRel;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Every field holds something that could be lost.
wg::History awkward() {
  const wg::GroupStatistics group{.name = "0.\"weight\", Größe",
                                  .gradient_norm = 1.0 / 3.0,
                                  .weight_norm = infinity,
                                  .update_ratio = wg::not_measured,
                                  .zero = 0.1,
                                  .denormal = -0.0,
                                  .nonfinite = 5e-324};
  return {.loss_name = "bce",
          .floor = -infinity,
          .optimizer = "adam",
          .steps = {{.step = 1, .epoch = 1, .loss = 0.1 + 0.2, .groups = {group, group}},
                    {.step = 9007199254740993, .epoch = 2, .loss = -infinity, .rate = 1e-300}},
          .epochs = {{.epoch = 1,
                      .loss = 2.0 / 3.0,
                      .validation_loss = wg::Estimate{.value = 0.7, .error = 1e-17},
                      .metrics = {{"accuracy", {.value = 0.9}},
                                  {"a,b\n\"c\"", {.value = infinity, .error = 0.1}}},
                      .samples = 1437,
                      .groups = {group}},
                     {.epoch = 2,
                      .loss = wg::not_measured,
                      .settled_loss = wg::Estimate{.value = 0.25}}},
          .stopped = "a line\nand a \x01",
          .seed = std::numeric_limits<std::uint64_t>::max(),
          .batch = 32,
          .shuffle = false,
          .drop_last = true,
          .samples = 1437,
          .validation_samples = 360,
          .has_dropout = true,
          .has_augmentation = true,
          .data = {{.name = "inputs", .shape = {1437, 8, 8}, .dtype = "f32", .sum = "00ff"}}};
}

}  // namespace

TEST_CASE("a history read back from JSON is the same to the last bit", "[history]") {
  const wg::History first = awkward();
  const wg::History again = wg::history_from_json(wg::to_json(first));
  CHECK(wg::to_json(again) == wg::to_json(first));
  REQUIRE(again.steps.size() == 2);
  CHECK(again.steps[0].loss == 0.1 + 0.2);
  CHECK(std::isnan(again.steps[0].rate));
  CHECK(again.steps[0].groups[1].name == first.steps[0].groups[1].name);
  CHECK(std::signbit(again.steps[0].groups[1].denormal));
  CHECK(again.steps[0].groups[1].nonfinite == 5e-324);
  CHECK(again.steps[0].groups[1].weight_norm == infinity);
  CHECK(again.steps[1].step == 9007199254740993);
  CHECK(again.steps[1].loss == -infinity);
  CHECK(again.floor == -infinity);
  REQUIRE(again.epochs.size() == 2);
  CHECK(again.epochs[0].validation_loss->error == 1e-17);
  CHECK(again.epochs[0].metrics.at("a,b\n\"c\"").value == infinity);
  CHECK(!again.epochs[1].validation_loss);
  CHECK(again.epochs[1].settled_loss->value == 0.25);
  CHECK(std::isnan(again.epochs[1].loss));
  CHECK(again.stopped == first.stopped);
  CHECK(again.seed == first.seed);
  CHECK(again.has_dropout);
  CHECK(again.has_augmentation);
  CHECK_FALSE(again.shuffle);
  CHECK(again.drop_last);
  CHECK(again.data[0].shape == wg::Shape{1437, 8, 8});
}

TEST_CASE("JSON that is no history is refused by the field's name", "[history]") {
  const std::string good = wg::to_json(awkward());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
  };
  CHECK_THROWS_WITH(wg::history_from_json(good.substr(0, good.size() / 2)),
                    ContainsSubstring("no JSON from byte"));
  CHECK_THROWS_WITH(wg::history_from_json("[1]"), ContainsSubstring("format"));
  CHECK_THROWS_WITH(wg::history_from_json("{}"), ContainsSubstring("format"));
  CHECK_THROWS_WITH(wg::history_from_json(with("\"batch\":32", "\"batch\":-32")),
                    ContainsSubstring("'batch' is not a whole number from 0"));
  CHECK_THROWS_WITH(wg::history_from_json(with("\"batch\":32,", "")),
                    ContainsSubstring("there is no 'batch'"));
  CHECK_THROWS_WITH(wg::history_from_json(with("\"step\":1}", "\"step\":\"one\"}")),
                    ContainsSubstring("'steps[0].step'"));
  CHECK_THROWS_WITH(wg::history_from_json(with("\"loss\":0.666", "\"loss\":null,\"x\":0.666")),
                    ContainsSubstring("'epochs[0].loss' is not a number: null found"));
  CHECK_THROWS_AS(wg::history_from_json(""), wg::ValueError);
  CHECK_THROWS_AS(wg::history_from_json("{\"seed\":1e400}"), wg::ValueError);
  CHECK_THROWS_WITH(wg::history_from_json(with("\"batch\":32", "\"batch\":1e400")),
                    ContainsSubstring("1e400"));
}

TEST_CASE("a history from before there was a field for it was shuffled and not augmented",
          "[history]") {
  std::string text = wg::to_json(awkward());
  for (const std::string field :
       {"\"shuffle\":false,", "\"drop_last\":true,", "\"has_augmentation\":true,"}) {
    const std::size_t at = text.find(field);
    REQUIRE(at != std::string::npos);
    text.erase(at, field.size());
  }
  const wg::History old = wg::history_from_json(text);
  CHECK(old.shuffle);
  CHECK_FALSE(old.drop_last);
  CHECK_FALSE(old.has_augmentation);
  CHECK(old.batch == 32);
}

TEST_CASE(
    "the table of epochs has a column for what was measured and an empty cell for what was not",
    "[history]") {
  const AwkwardFolder folder;
  const std::string path = folder.path("a folder's.csv");
  wg::write_csv(awkward(), path);
  CHECK(text_of(path) ==
        "epoch,loss,validation_loss,validation_loss_error,\"metric a,b\n\"\"c\"\"\","
        "\"metric a,b\n\"\"c\"\"_error\",metric accuracy,samples,"
        "\"gradient_norm 0.\"\"weight\"\", Größe\",\"weight_norm 0.\"\"weight\"\", Größe\","
        "\"zero 0.\"\"weight\"\", Größe\",\"denormal 0.\"\"weight\"\", Größe\","
        "\"nonfinite 0.\"\"weight\"\", Größe\",settled_loss\n"
        "1,0.6666666666666666,0.7,1e-17,inf,0.1,0.9,1437,0.3333333333333333,inf,0.1,-0,5e-324,\n"
        "2,nan,,,,,,0,,,,,,0.25\n");
  wg::write_steps_csv(awkward(), path);
  CHECK_THAT(text_of(path),
             ContainsSubstring("step,epoch,samples,loss,clip_factor,\"gradient_norm 0."));
}

TEST_CASE("a table that cannot be written says why and leaves nothing behind", "[history]") {
  const AwkwardFolder folder;
  CHECK_THROWS_WITH(wg::write_csv({}, folder.path("nowhere/h.csv")),
                    ContainsSubstring("nowhere/h.csv") && ContainsSubstring("No such file"));
  std::filesystem::create_directory(folder.path("taken.csv"));
  CHECK_THROWS_AS(wg::write_csv({}, folder.path("taken.csv")), wg::FileError);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path("")), {}) == 1);
}

TEST_CASE("group statistics are norms and shares of the elements", "[history]") {
  const float denormal = 1e-40F;
  wg::Tensor gradient = wg::tensor({3, 0, 0, -4, 0, 0, 0, 0, 0, 0});
  gradient.mutable_data<float>()[2] = denormal;
  const wg::Tensor before = wg::tensor({1, 2, 2, 0, 0, 0, 0, 0, 0, 0});
  const wg::Tensor after = wg::tensor({1, 2, 2, 0, 0, 0, 0, 0, 0, 0.3});
  const wg::GroupStatistics s = wg::group_statistics("w", gradient, before, after);
  CHECK(s.name == "w");
  CHECK_THAT(s.gradient_norm, WithinRel(5.0, 1e-6));
  CHECK_THAT(s.weight_norm, WithinRel(std::sqrt(9.09), 1e-6));
  CHECK_THAT(s.update_ratio, WithinRel(0.1, 1e-6));
  CHECK_THAT(s.zero, WithinRel(0.7, 1e-6));
  CHECK_THAT(s.denormal, WithinRel(0.1, 1e-6));
  CHECK(s.nonfinite == 0.0);
  gradient.mutable_data<float>()[0] = std::numeric_limits<float>::infinity();
  gradient.mutable_data<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(wg::group_statistics("w", gradient, before, after).nonfinite, WithinRel(0.2, 1e-6));
}

TEST_CASE("group statistics of double values tell denormals of double", "[history]") {
  const wg::Tensor gradient = wg::tensor({1e-40, 1e-310, 0, 1}, wg::f64);
  const wg::Tensor weight = wg::ones({4}, wg::f64);
  CHECK(wg::group_statistics("w", gradient, weight, weight).denormal == 0.25);
  CHECK(wg::group_statistics("w", gradient, weight, weight).update_ratio == 0.0);
  CHECK(wg::group_statistics("w", gradient, wg::zeros({4}, wg::f64), weight).update_ratio ==
        infinity);
  CHECK(std::isnan(wg::group_statistics("w", {}, weight, weight).zero));
  CHECK_THROWS_AS(wg::group_statistics("w", gradient, wg::ones({3}, wg::f64), weight),
                  wg::ShapeError);
  CHECK_THROWS_AS(wg::group_statistics("w", wg::ones({4}), weight, weight), wg::DTypeError);
}

TEST_CASE("means over steps pass over what is missing and the first step of a zero bias",
          "[history]") {
  const std::vector<wg::StepRecord> steps{
      {.groups = {{.name = "a", .update_ratio = infinity, .zero = 0.5}}},
      {.groups = {{.name = "b", .gradient_norm = 7},
                  {.name = "a", .update_ratio = 0.2, .zero = 1}}}};
  const auto means = wg::mean_statistics(steps);
  REQUIRE(means.size() == 2);
  CHECK(means[0].name == "a");
  CHECK(means[0].update_ratio == 0.2);
  CHECK(means[0].zero == 0.75);
  CHECK(std::isnan(means[0].gradient_norm));
  CHECK(means[1].gradient_norm == 7);
}

TEST_CASE("a fingerprint is the CRC-32 of the bytes and changes with a single weight",
          "[history]") {
  // zlib.crc32(numpy.array([1, 2, 3], 'f4').tobytes()) in Python.
  CHECK(wg::fingerprint(wg::tensor({1, 2, 3})) == "b20e96b1");
  CHECK(wg::fingerprint(std::vector{wg::tensor({1}), wg::tensor({2, 3})}) == "b20e96b1");
  CHECK(wg::fingerprint(wg::zeros({0})) == "00000000");
  wg::Rng rng{1};
  wg::Linear model{3, 2, rng};
  const std::string before = wg::fingerprint(model);
  model.bias.set(wg::tensor({0, 1e-30}));
  CHECK(wg::fingerprint(model) != before);
}
