// SPDX-License-Identifier: MIT
#include "golden.h"

#include <map>

#include <nlohmann/json.hpp>

#include <wengert/ops/activation.h>
#include <wengert/ops/arithmetic.h>
#include <wengert/ops/elementwise.h>
#include <wengert/ops/indexing.h>
#include <wengert/ops/layout.h>
#include <wengert/ops/linalg.h>
#include <wengert/ops/reduce.h>
#include <wengert/ops/sequence.h>
#include <wengert/ops/softmax.h>

#include "golden_file.h"

namespace wengert::op_tests {

namespace {

namespace wg = wengert;
using Json = nlohmann::json;

const Json& golden_ops_file() {
  static const Json file = golden::file("ops.json");
  return file;
}

using Inputs = std::vector<Var>;
using Golden = std::function<Var(const Inputs&, const Json&)>;

std::int64_t integer(const Json& args, const char* name) { return args[name].get<std::int64_t>(); }
double real(const Json& args, const char* name) { return args[name].get<double>(); }
std::vector<std::int64_t> integers(const Json& args, const char* name) {
  return args[name].get<std::vector<std::int64_t>>();
}

Golden unary(Var (*f)(const Var&)) {
  return [f](const Inputs& x, const Json&) { return f(x[0]); };
}
Golden binary(Var (*f)(const Var&, const Var&)) {
  return [f](const Inputs& x, const Json&) { return f(x[0], x[1]); };
}
template <class F>
Golden reduction(F f) {
  return [f](const Inputs& x, const Json& args) -> Var {
    const std::vector<std::int64_t> axes = integers(args, "axes");
    switch (axes.size()) {
      case 0: return f(unsqueeze(x[0], -1), wg::Axes(-1));  // no axis of its own
      case 1: return f(x[0], wg::Axes(axes[0]));
      case 2: return f(x[0], wg::Axes{axes[0], axes[1]});
      default: return f(x[0], wg::Axes{axes[0], axes[1], axes[2]});
    }
  };
}
template <class F>
Golden along(F f) {
  return [f](const Inputs& x, const Json& args) -> Var {
    if (args["axis"].is_null()) return f(reshape(x[0], {-1}), 0);
    return f(x[0], integer(args, "axis"));
  };
}
template <class F>
Golden averaged(F f) {
  return [f](const Inputs& x, const Json& args) -> Var {
    const Var losses = f(x[0], x[1]);
    return args["reduction"] == "mean" ? mean(losses) : losses;
  };
}

/// The golden file's names; where they are ours, the arguments tell the overload.
const std::map<std::string, Golden>& golden_ops() {
  using Axis = std::int64_t;
  static const std::map<std::string, Golden> ops{
      {"neg", unary(wg::neg)},
      {"abs", unary(wg::abs)},
      {"sign", unary(wg::sign)},
      {"exp", unary(wg::exp)},
      {"expm1", unary(wg::expm1)},
      {"log", unary(wg::log)},
      {"log1p", unary(wg::log1p)},
      {"sqrt", unary(wg::sqrt)},
      {"rsqrt", unary(wg::rsqrt)},
      {"square", unary(wg::square)},
      {"reciprocal", unary(wg::reciprocal)},
      {"sin", unary(wg::sin)},
      {"cos", unary(wg::cos)},
      {"erf", unary(wg::erf)},
      {"tanh", unary(wg::tanh)},
      {"sigmoid", unary(wg::sigmoid)},
      {"log_sigmoid", unary(wg::log_sigmoid)},
      {"softplus", unary(wg::softplus)},
      {"softsign", unary(wg::softsign)},
      {"relu", unary(wg::relu)},
      {"selu", unary(wg::selu)},
      {"gelu", unary(wg::gelu)},
      {"gelu_tanh", unary(wg::gelu_tanh)},
      {"silu", unary(wg::silu)},
      {"pow", [](const Inputs& x, const Json& a) { return wg::pow(x[0], real(a, "p")); }},
      {"leaky_relu",
       [](const Inputs& x, const Json& a) { return wg::leaky_relu(x[0], real(a, "slope")); }},
      {"elu", [](const Inputs& x, const Json& a) { return wg::elu(x[0], real(a, "alpha")); }},
      {"clamp", [](const Inputs& x,
                   const Json& a) { return wg::clamp(x[0], real(a, "low"), real(a, "high")); }},
      {"add", binary(wg::add)},
      {"sub", binary(wg::sub)},
      {"mul", binary(wg::mul)},
      {"div", binary(wg::div)},
      {"maximum", binary(wg::maximum)},
      {"minimum", binary(wg::minimum)},
      {"sum", reduction([](const Var& x, wg::Axes axes) { return wg::sum(x, axes); })},
      {"mean", reduction([](const Var& x, wg::Axes axes) { return wg::mean(x, axes); })},
      {"max", reduction([](const Var& x, wg::Axes axes) { return wg::max(x, axes); })},
      {"min", reduction([](const Var& x, wg::Axes axes) { return wg::min(x, axes); })},
      {"var", reduction([](const Var& x, wg::Axes axes) { return wg::var(x, axes); })},
      {"std", reduction([](const Var& x, wg::Axes axes) { return wg::std(x, axes); })},
      {"logsumexp", reduction([](const Var& x, wg::Axes axes) { return wg::logsumexp(x, axes); })},
      {"norm", reduction([](const Var& x, wg::Axes axes) { return wg::norm(x, axes); })},
      {"argmax", along([](const Var& x, Axis axis) { return wg::argmax(x, axis); })},
      {"argmin", along([](const Var& x, Axis axis) { return wg::argmin(x, axis); })},
      {"softmax", along([](const Var& x, Axis axis) { return wg::softmax(x, axis); })},
      {"log_softmax", along([](const Var& x, Axis axis) { return wg::log_softmax(x, axis); })},
      {"cross_entropy", averaged(wg::softmax_cross_entropy)},
      {"binary_cross_entropy_with_logits", averaged(wg::logistic_loss)},
      {"matmul",
       [](const Inputs& x, const Json& a) {
         return wg::matmul(
             x[0], x[1],
             {.left = a["transpose_left"].get<bool>(), .right = a["transpose_right"].get<bool>()});
       }},
      {"linear",  // the golden weight is [in, out]
       [](const Inputs& x, const Json&) { return wg::linear(x[0], transpose(x[1]), x[2]); }},
      {"permute",
       [](const Inputs& x, const Json& a) { return wg::permute(x[0], integers(a, "axes")); }},
      {"flip", [](const Inputs& x, const Json& a) { return wg::flip(x[0], integers(a, "axes")); }},
      {"slice",
       [](const Inputs& x, const Json& a) {
         return wg::slice(x[0], integer(a, "axis"), integer(a, "start"), integer(a, "stop"),
                          integer(a, "step"));
       }},
      {"concat", [](const Inputs& x, const Json& a) { return wg::concat(x, integer(a, "axis")); }},
      {"pad",
       [](const Inputs& x, const Json& a) {
         std::vector<wg::Padding> widths;
         for (std::size_t k = 0; k < a["before"].size(); ++k)
           widths.push_back({integers(a, "before")[k], integers(a, "after")[k]});
         return wg::pad(x[0], widths, real(a, "value"));
       }},
      {"take",
       [](const Inputs& x, const Json& a) { return wg::take(x[0], x[1], integer(a, "axis")); }},
      {"gather",
       [](const Inputs& x, const Json& a) { return wg::gather(x[0], x[1], integer(a, "axis")); }},
      {"one_hot",
       [](const Inputs& x, const Json& a) {
         return wg::one_hot(x[0], a["classes"].get<std::size_t>(), wg::f64);
       }},
      {"rnn_sequence",
       [](const Inputs& x, const Json& a) {
         return wg::rnn_sequence(x[0], x[1], x[2], x[3], x[4],
                                 a["activation"] == "relu" ? wg::SequenceActivation::relu
                                                           : wg::SequenceActivation::tanh);
       }},
      {"lstm_sequence",  // all h, then the last c
       [](const Inputs& x, const Json&) {
         const auto [h, c] = wg::lstm_sequence(x[0], x[1], x[2], x[3], x[4], x[5]);
         const auto steps = static_cast<std::int64_t>(c.shape()[0]);
         return wg::concat({h, wg::slice(c, 0, steps - 1, steps)}, 0);
       }},
      {"gru_sequence",
       [](const Inputs& x, const Json&) {
         return wg::gru_sequence(x[0], x[1], x[2], x[3], x[4], x[5]);
       }},
      {"tril",
       [](const Inputs& x, const Json& a) { return wg::tril(x[0], integer(a, "diagonal")); }},
      {"triu",
       [](const Inputs& x, const Json& a) { return wg::triu(x[0], integer(a, "diagonal")); }},
  };
  return ops;
}

Case read(const Json& json) {
  Case c;
  c.op = json["op"].get<std::string>();
  c.args = json["args"].dump();
  c.label = c.op == "pow" ? "pow " + json["args"]["p"].dump() : c.op;
  c.call = [&call = golden_ops().at(c.op), &args = json["args"]](const Inputs& x) {
    return call(x, args);
  };
  c.single = json["dtype"] == "float32";
  const DType dtype = c.single ? f32 : f64;
  for (const Json& input : json["inputs"]) c.inputs.push_back(golden::tensor(input, dtype));
  c.output = golden::tensor(json["output"], dtype);
  for (const Json& value : json.value("reference", Json::array()))
    c.reference.push_back(golden::number(value));
  if (!json.contains("gradients")) return c;
  c.cotangent =
      json["cotangent"] == "ones" ? ones_like(c.output) : golden::tensor(json["cotangent"], dtype);
  for (const Json& gradient : json["gradients"])
    c.gradients.push_back(gradient.is_null() ? Tensor() : golden::tensor(gradient, dtype));
  return c;
}

}  // namespace

std::vector<Case> golden_cases(bool elementwise) {
  std::vector<Case> cases;
  for (const Json& json : golden_ops_file()["cases"])
    if (json.contains("reference") == elementwise) cases.push_back(read(json));
  return cases;
}

}  // namespace wengert::op_tests
