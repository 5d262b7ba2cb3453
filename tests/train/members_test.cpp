// SPDX-License-Identifier: MIT
// What fit says of a model whose member list is wrong.
#include <limits>

#include <wengert/train/fit.h>
#include <wengert/wengert.h>

#include "../catch.h"

using namespace wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class Middle>
struct Forgetful {
  Linear a;
  Middle middle;
  Linear b;
  Var operator()(const Var& x) const { return b(middle(relu(a(x)))); }
  static void members(auto& self, auto&& visit) {
    visit("a", self.a);
    visit("b", self.b);
  }
};

template <class Module>
struct Twice {
  Module a, b;
  Var operator()(const Var& x) const { return a(b(x)); }
  static void members(auto& self, auto&& visit) {
    visit("x", self.a);
    visit("x", self.b);
  }
};

struct Shared {
  BatchNorm norm{4, {.affine = false}};
  Linear line;
  Var operator()(const Var& x) const { return line(norm(norm(x))); }
  static void members(auto& self, auto&& visit) {
    visit("first", self.norm);
    visit("second", self.norm);
    visit("line", self.line);
  }
};

void train_on(const ModelRef& model) {
  Rng rng{1};
  const Tensor x = rng.normal({6, 4}), y = rng.normal({6, 4});
  fit(model, x, y, {.epochs = 2, .batch = 3, .show = Show::nothing});
}

}  // namespace

TEST_CASE("a Dropout or BatchNorm that the member list leaves out is named by fit and summary") {
  Rng rng{1};
  Forgetful<Dropout> noisy{Linear{4, 8, rng}, Dropout{0.5, rng}, Linear{8, 4, rng}};
  const Tensor before = noisy.a.weight.value();
  CHECK_THROWS_WITH(train_on(noisy),
                    ContainsSubstring("members: the model uses a Dropout for [3, 8], which its "
                                      "member list leaves out"));
  CHECK(before.address() == noisy.a.weight.value().address());
  CHECK_THROWS_WITH(summary(noisy, zeros({1, 4})), ContainsSubstring("uses a Dropout for [1, 8]"));
  Forgetful<BatchNorm> normal{Linear{4, 8, rng}, BatchNorm{8, {.affine = false}},
                              Linear{8, 4, rng}};
  CHECK_THROWS_WITH(train_on(normal), ContainsSubstring("uses a BatchNorm for [3, 8]"));
}

TEST_CASE("a Dropout and a BatchNorm that are listed, shared or drop nothing are no mistake") {
  Rng rng{1};
  Forgetful<Dropout> harmless{Linear{4, 8, rng}, Dropout{0.0, rng}, Linear{8, 4, rng}};
  train_on(harmless);
  Sequential listed{Linear{4, 8, rng}, BatchNorm{8}, Dropout{0.5, rng}, Linear{8, 4, rng}};
  train_on(listed);
  Mlp mlp{{4, 8, 8, 4}, relu, rng, {.dropout = 0.5}};
  train_on(mlp);
  Shared shared{.line = Linear{4, 4, rng}};
  train_on(shared);
}

TEST_CASE("two members of one name are refused by fit before the first step") {
  Rng rng{1};
  Twice<Linear> lines{Linear{4, 4, rng}, Linear{4, 4, rng}};
  CHECK_THROWS_WITH(train_on(lines),
                    ContainsSubstring("two members of the model are called 'x.weight'"));
  Twice<Dropout> noise{Dropout{0.5, rng}, Dropout{0.5, rng}};
  CHECK_THROWS_WITH(train_on(noise),
                    ContainsSubstring("two members of the model are called 'x.rng'"));
}

TEST_CASE("an early stopping that no gain can satisfy is refused") {
  Rng rng{1};
  Linear line{4, 4, rng};
  const Tensor x = rng.normal({6, 4});
  CHECK_THROWS_AS(fit(line, x, x,
                      {.early_stopping = {{.min_delta = std::numeric_limits<double>::infinity()}},
                       .show = Show::nothing}),
                  ValueError);
}
