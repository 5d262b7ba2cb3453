// SPDX-License-Identifier: MIT
// Recurrent nets as layers of a Sequential.
#include <memory>
#include <sstream>
#include <string>

#include <wengert/gradcheck/gradcheck.h>
#include <wengert/nn/recurrent/gru_cell.h>
#include <wengert/nn/recurrent/lstm_cell.h>
#include <wengert/nn/recurrent/recurrent.h>
#include <wengert/nn/recurrent/rnn_cell.h>
#include <wengert/wengert.h>

#include "../../catch.h"
#include "../../folder.h"
#include "../distance.h"
#include "../lengths.h"

using namespace wengert;
using namespace wengert::nn_tests;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Sums its inputs; knows whole sequences.
struct Adder {
  Var initial(const Var& x) const { return zeros({x.shape()[0], x.shape()[1]}, x.dtype()); }
  Var operator()(const Var& x, const Var& h) const { return h + x; }
  Var sequence(const Var& x, const Var& h0) const {
    ++*taken_whole;
    std::vector<Var> sums{h0 + select(x, 0, 0)};
    for (std::size_t t = 1; t < x.shape()[0]; ++t)
      sums.push_back(sums.back() + select(x, 0, static_cast<std::int64_t>(t)));
    return stack(sums, 0);
  }
  std::shared_ptr<int> taken_whole = std::make_shared<int>(0);
};

template <class Module>
struct Masked {
  Recurrent<Module> layer;
  Tensor mask = {};
  Var operator()(const Var& x) const {
    return mean(square(mask.defined() ? layer(x, mask) : layer(x)));
  }
  static void members(auto& self, auto&& visit) { visit("layer", self.layer); }
};

template <class Module>
void check(const Module& module) {
  Rng rng{7};
  for (const std::size_t steps : checked_lengths) {
    const std::size_t lengths[] = {steps, (steps + 1) / 2};
    const Tensor mask = transpose(Var(sequence_mask(lengths))).value();
    const Tensor x = rng.normal({2, steps, 3});
    for (const Steps given : {Steps::all, Steps::last})
      for (const Tensor& own : {Tensor{}, mask}) {
        const CheckReport report =
            gradcheck(Masked<Module>{{module, given}, own}, {x}, {.coordinates = 60});
        INFO("T = " << steps << (own.defined() ? ", masked\n" : "\n") << to_string(report));
        CHECK(report.agrees());
      }
  }
}

/// The sign of what was seen `ago` steps before the end.
struct Recall {
  Tensor x, y;
  explicit Recall(Rng& rng, std::size_t n = 256, std::size_t steps = 8, std::size_t ago = 5) {
    x = rng.normal({n, steps, 1});
    Tensor sign = zeros({n});
    for (std::size_t i = 0; i < n; ++i)
      sign.mutable_data<float>()[i] =
          x.data<float>()[i * steps + steps - 1 - ago] > 0 ? 1.0F : 0.0F;
    y = cast(Var(sign), i64).value();
  }
};

}  // namespace

TEST_CASE("a recurrent layer keeps batches first and gives all steps or the last") {
  Rng rng{2};
  const LstmCell cell{3, 4, rng};
  const Tensor x = rng.normal({2, 5, 3});
  const auto run = unroll(cell, transpose(Var(x), 0, 1), {.fused = false});
  const Var all = Recurrent{cell, Steps::all}(x), last = Recurrent{cell, Steps::last}(x);
  CHECK(all.shape() == Shape{2, 5, 4});
  CHECK(distance(select(all, 1, 3).value(), run.h[3].value()) < 1e-6);
  CHECK(distance(last.value(), run.h[4].value()) < 1e-6);
  const Recurrent stacked{Stacked{cell, Linear{4, 2, rng}}, Steps::last};
  CHECK(stacked(x).shape() == Shape{2, 2});
  CHECK(distance(stacked(x).value(), stacked.cell.get<1>()(run.h[4]).value()) < 1e-6);
  const Recurrent both{Bidirectional{cell, GruCell{3, 3, rng}}, Steps::all};
  CHECK(both(x).shape() == Shape{2, 5, 7});
}

TEST_CASE("with a mask a recurrent layer gives each sequence's own last step") {
  Rng rng{2};
  const std::size_t lengths[] = {5, 2, 3};
  const Tensor mask = transpose(Var(sequence_mask(lengths))).value();
  const Tensor x = rng.normal({3, 5, 3});
  const auto compare = [&](const auto& layer) {
    const Var padded = layer(x, mask);
    for (std::size_t b = 0; b < 3; ++b) {
      const Var own = slice(Var(x.rows(b, b + 1)), 1, 0, static_cast<std::int64_t>(lengths[b]));
      CHECK(distance(padded.value().rows(b, b + 1), layer(own).value()) < 1e-6);
    }
  };
  compare(Recurrent{GruCell{3, 4, rng}, Steps::last});
  compare(Recurrent{Stacked{GruCell{3, 4, rng}, Linear{4, 2, rng}}, Steps::last});
  compare(Recurrent{Residual{RnnCell{3, 3, rng}}, Steps::last});
  compare(Recurrent{Bidirectional{GruCell{3, 4, rng}, RnnCell{3, 2, rng}}, Steps::last});
}

TEST_CASE("a recurrent layer takes the whole sequence at once where its cell can") {
  Rng rng{2};
  const Adder adder;
  const Tensor x = rng.normal({2, 5, 3}, f64);
  const Tensor total = sum(Var(x), 1).value();
  CHECK(distance(Recurrent{adder, Steps::last}(x).value(), total) < 1e-14);
  CHECK(*adder.taken_whole == 1);
  const Var all = Recurrent{adder, Steps::all}(x);
  CHECK(*adder.taken_whole == 2);
  CHECK(distance(select(all, 1, 4).value(), total) < 1e-14);
  const Tensor everything = ones({2, 5});
  CHECK(distance(Recurrent{adder, Steps::all}(x, everything).value(), all.value()) < 1e-14);
  CHECK(*adder.taken_whole == 2);
}

TEST_CASE("every kind of recurrent layer has the gradient it claims, masked or not") {
  Rng rng{3};
  SECTION("a cell") { check(GruCell{3, 4, rng}); }
  SECTION("a stack") { check(Stacked{RnnCell{3, 4, rng}, Linear{4, 2, rng}}); }
  SECTION("a residual") { check(Residual{LstmCell{3, 3, rng}}); }
  SECTION("both directions") { check(Bidirectional{RnnCell{3, 4, rng}, LstmCell{3, 2, rng}}); }
}

TEST_CASE("a recurrent layer in a Sequential is trained by fit to recall what it saw 5 steps ago") {
  Rng rng{6};
  const Recall task(rng), other(rng);
  Sequential net{Recurrent{GruCell{1, 12, rng}, Steps::last}, Linear{12, 2, rng}};
  const auto accuracy = [&](const Recall& data) {
    return mean(cast(equal(argmax(net(data.x)), Var(data.y)), f32)).item();
  };
  fit(net, task.x, task.y,
      {.loss = cross_entropy,
       .optimizer = Adam{{.rate = 1e-2}},
       .epochs = 80,
       .batch = 32,
       .seed = 5,
       .show = Show::nothing});
  CHECK(accuracy(task) > 0.95);
  CHECK(accuracy(other) > 0.85);
}

TEST_CASE("cells, stacks and recurrent layers are converted, saved, loaded and summarised") {
  Rng rng{3}, other{4};
  const auto make = [](Rng& own) {
    return Sequential{
        Recurrent{Stacked{RnnCell{3, 4, own}, Linear{4, 4, own}, Residual{LstmCell{4, 4, own}}},
                  Steps::all},
        Recurrent{Bidirectional{GruCell{4, 3, own}, GruCell{4, 3, own}}, Steps::last},
        Linear{6, 2, own}};
  };
  auto net = make(rng), copy = make(other);
  const Folder folder;
  const std::string path = folder.path("net.safetensors");
  save(net, path);
  load(copy, path);
  const Tensor x = rng.normal({2, 5, 3});
  CHECK(distance(net(x).value(), copy(x).value()) == 0.0);
  CHECK(state(net).contains("0.cell.2.module.W_h"));
  CHECK(state(net).contains("1.cell.backward.b_x"));

  to(copy, f64);
  CHECK(distance(copy(x.to(f64)).value().to(f32), net(x).value()) < 1e-6);

  const Summary rows = summary(net, zeros({1, 5, 3}));
  CHECK(rows.parameters == parameter_count(net));
  std::size_t listed = 0;
  for (const Summary::Row& row : rows.rows) listed += row.parameters;
  CHECK(listed == rows.parameters);
  INFO(to_string(rows));
  CHECK_THAT(to_string(rows), ContainsSubstring("0.cell.0"));
  CHECK_THAT(to_string(rows), ContainsSubstring("1.cell.backward"));
}

TEST_CASE("the summary of an unrolled net has one row a module for all its steps") {
  Rng rng{3};
  const auto net = [&](auto cell) {
    return Sequential{Linear{3, 3, rng}, Recurrent{std::move(cell), Steps::last},
                      Linear{4, 2, rng}};
  };
  const auto rows_at = [](auto model, std::size_t steps) {
    return summary(model, zeros({1, steps, 3}));
  };
  const auto unrolled = net(Stacked{GruCell{3, 4, rng}, Dropout{0.5, rng}, RnnCell{4, 4, rng}});
  const Summary short_one = rows_at(unrolled, 4), long_one = rows_at(unrolled, 100);
  INFO(to_string(long_one));
  CHECK(long_one.rows.size() == short_one.rows.size());
  CHECK(long_one.rows.size() <= 10);
  CHECK(long_one.parameters == parameter_count(unrolled));
  std::size_t dropouts = 0;
  for (std::size_t i = 0; i < long_one.rows.size(); ++i) {
    const Summary::Row& row = long_one.rows[i];
    CHECK(row.path == short_one.rows[i].path);
    CHECK(row.ops == short_one.rows[i].ops);
    if (row.steps == 1) continue;
    CHECK(row.steps == 100);
    CHECK(short_one.rows[i].steps == 4);
    CHECK(row.flops == 25.0 * short_one.rows[i].flops);
    dropouts += row.ops == "dropout" ? 1 : 0;
  }
  CHECK(dropouts == 1);
  CHECK(long_one.rows.front().path == "0");
  CHECK(long_one.rows.back().path == "2");
  CHECK_THAT(to_string(long_one), ContainsSubstring("1.cell.2, x 100 steps (linear, add, tanh)"));
  // Columns: every line reaches as far as the heading.
  std::istringstream lines(to_string(long_one));
  std::string heading, line;
  std::getline(lines, heading);
  while (std::getline(lines, line)) CHECK(line.size() == heading.size());
}

TEST_CASE("the summary of a model that is not to be changed is that of a copy") {
  Rng rng{3};
  const Sequential net{Linear{infer, 4, rng}, relu, Linear{4, 2, rng}};
  const Summary rows = summary(net, zeros({1, 3}));
  CHECK(rows.parameters == 3 * 4 + 4 + 4 * 2 + 2);
  CHECK(rows.rows.front().path == "0");
  CHECK_FALSE(has_all_sizes(net));
}

TEST_CASE("a recurrent layer says which shapes it takes") {
  Rng rng{3};
  const Recurrent layer{RnnCell{3, 4, rng}, Steps::all};
  CHECK_THROWS_WITH(layer(zeros({3})), ContainsSubstring("[batch, T, ...], got [3]"));
  CHECK_THROWS_WITH(layer(zeros({2, 5, 3}), ones({5, 2})),
                    ContainsSubstring("first two axes, got [5, 2]"));
  CHECK_THROWS_AS(layer(zeros({2, 5, 3}), zeros({2, 5})), ValueError);
}
