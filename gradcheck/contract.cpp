// SPDX-License-Identifier: MIT
#include "contract.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../graph/error.h"
#include "../graph/recording.h"
#include "../graph/rng.h"
#include "contract_values.h"

namespace wengert {

namespace {

using detail::Checked;
using detail::Recording;
using namespace detail::contract;

/// The first of `complaints` that is not empty, after what it is about.
struct Complaint {
  std::string text = {};
  void add(const std::string& about, const std::string& complaint) {
    if (text.empty() && !complaint.empty()) text = about + " " + complaint;
  }
};

constexpr int fills[] = {0xff, 0x3f};  // NaN, and a small positive number

/// The op on a tape of its own.
struct Recorded {
  std::vector<Tensor> inputs;
  Tape tape;
  std::vector<Var> xs;
  Var y;

  Recorded(const Checked& op, std::vector<Tensor> values) : inputs(std::move(values)) {
    for (const Tensor& input : inputs)
      xs.push_back(is_float(input.dtype()) ? tape.variable(input) : tape.input(input));
    y = op(xs);
  }

  /// By each input that can have a gradient.
  std::vector<Tensor> gradients(const Tensor& cotangent) const {
    const Gradients found = tape.backward(y, cotangent);
    std::vector<Tensor> result;
    for (const Var& x : xs)
      if (is_float(x.dtype()))
        result.push_back(found.find(x) ? found[x].value() : zeros_like(x.value()));
    return result;
  }
};

class Contract {
 public:
  Contract(const Checked& op, std::span<const Tensor> inputs, const ContractOptions& options)
      : op_(op), given_(deep_copy(inputs)), options_(options) {}

  ContractReport run() {
    name_the_op();
    if (!rule("result", [&](DType dtype) { return result(dtype); })) not_tried_ = true;
    // After memory that is shared and not counted, the rest would read what is no longer there.
    const bool safe = rule("result of its own", [&](DType dtype) { return ownership(dtype); });
    if (!safe) not_tried_ = true;
    rule("inputs left alone", [&](DType dtype) { return inputs_left_alone(dtype); });
    rule("earlier results stay", [&](DType dtype) { return earlier_results(dtype); });
    rule("forward repeats", [&](DType dtype) { return forward_repeats(dtype); });
    rule("result written", [&](DType dtype) { return result_written(dtype); });
    const bool fit = rule("gradients fit", [&](DType dtype) { return gradients_fit(dtype); });
    rule("off the tape", [&](DType dtype) { return off_tape(dtype); });
    rule("replay", [&](DType dtype) { return replay(dtype); });
    rule("replay at other inputs", [&](DType dtype) { return replay_elsewhere(dtype); });
    if (!fit) not_tried_ = true;
    rule("pullback repeats", [&](DType dtype) { return pullback_repeats(dtype); });
    rule("gradients written", [&](DType dtype) { return gradients_written(dtype); });
    rule("zero cotangent", [&](DType dtype) { return zero_cotangent(dtype); });
    rule("linear in the cotangent", [&](DType dtype) { return linear(dtype); });
    rule("gradient", [&](DType dtype) { return gradient(dtype); });
    rule("second order", [&](DType dtype) { return second_order(dtype); });
    return std::move(report_);
  }

 private:
  /// Tries the rule in both precisions. A rule returns what is wrong, or nothing.
  template <class Rule>
  bool rule(const std::string& name, Rule complaint_in) {
    if (not_tried_) {
      report_.not_tried.push_back(name);
      return false;
    }
    remark_.clear();
    for (const DType dtype : {f64, f32}) {
      std::string complaint;
      try {
        complaint = complaint_in(dtype);
      } catch (const std::exception& error) {
        complaint = error.what();
      }
      if (complaint.empty()) continue;
      report_.rules.push_back({name, false, fmt::format("in {}: {}", to_string(dtype), complaint)});
      return false;
    }
    report_.rules.push_back({name, true, remark_});
    return true;
  }

  std::vector<Tensor> inputs(DType dtype) const { return in(dtype, given_); }
  /// Other inputs nearby, inside the op's domain wherever the given ones are.
  std::vector<Tensor> others(DType dtype) const {
    std::vector<Tensor> result = inputs(dtype);
    for (Tensor& tensor : result)
      if (is_float(tensor.dtype()))
        dispatch_float(tensor.dtype(), [&]<class T>(T) {
          for (T& x : tensor.mutable_data<T>()) x *= T{1} + T{1} / T{1024};
        });
    return result;
  }
  Tensor alone(std::span<const Tensor> values) const {
    return op_(std::vector<Var>(values.begin(), values.end())).value();
  }
  /// The same at every call, and random, so that no symmetry hides a mistake.
  Tensor cotangent(const Tensor& y, std::uint64_t stream = 1) const {
    return Rng(options_.gradient.seed, stream).normal(y.shape(), y.dtype());
  }
  static std::vector<Tensor> everything(const Recorded& one) {
    std::vector<Tensor> all = one.inputs;
    all.push_back(one.y.value());
    return all;
  }

  void name_the_op() {
    report_.op = "op";
    try {
      const Recorded one(op_, inputs(f64));
      if (const Recording* tape = Recording::of(one.y))
        report_.op = tape->op_name(Recording::index_of(one.y));
    } catch (const std::exception&) {  // the first rule will say it
    }
  }

  std::string result(DType dtype) const {
    const Tensor y = alone(inputs(dtype));
    if (!y.defined()) return "the forward returned nothing";
    if (!std::ranges::any_of(given_, [](const Tensor& x) { return is_float(x.dtype()); }))
      return "no input is f32 or f64: there is nothing to differentiate by";
    if (y.dtype() != dtype)
      return fmt::format(
          "inputs of {} give {}; gradients are checked in f64 and have to keep its "
          "digits",
          to_string(dtype), to_string(y.dtype()));
    const Shape shape = alone(inputs(f64)).shape();
    if (y.shape() != shape)
      return fmt::format("the result is {}, in f64 {}", to_string(y.shape()), to_string(shape));
    return {};
  }

  std::string ownership(DType dtype) {
    const std::vector<Tensor> xs = inputs(dtype);
    Tensor y = alone(xs);
    Complaint complaint;
    for (std::size_t k = 0; k < xs.size(); ++k) {
      if (y.size() == 0 || xs[k].size() == 0) continue;
      if (y.shares_memory_with(xs[k])) {
        remark_ = fmt::format("shares the memory of input {}, counted: whoever writes copies", k);
        continue;
      }
      const auto begin = [](const Tensor& t) { return static_cast<const char*>(t.address()); };
      const auto end = [&](const Tensor& t) { return begin(t) + t.size() * size_of(t.dtype()); };
      if (std::less<>()(begin(y), end(xs[k])) && std::less<>()(begin(xs[k]), end(y)))
        return fmt::format(
            "the result lies in the memory of input {} and does not count on it: a "
            "write to one would change the other",
            k);
    }
    return complaint.text;
  }

  std::string inputs_left_alone(DType dtype) const {
    Complaint complaint;
    const Recorded one(op_, inputs(dtype));
    const std::vector<Tensor> before = inputs(dtype);
    for (std::size_t k = 0; k < before.size(); ++k)
      complaint.add(fmt::format("the forward wrote to input {}:", k),
                    difference(one.inputs[k], before[k]));
    if (!complaint.text.empty()) return complaint.text;
    const Tensor y = deep_copy(one.y.value());
    const Tensor g = cotangent(y);
    const Tensor g_before = deep_copy(g);
    try {
      one.gradients(g);
    } catch (const Error&) {
      return {};  // another rule says it
    }
    for (std::size_t k = 0; k < before.size(); ++k)
      complaint.add(fmt::format("the pullback wrote to input {}:", k),
                    difference(one.inputs[k], before[k]));
    complaint.add("the pullback wrote to the output:", difference(one.y.value(), y));
    complaint.add("the pullback wrote to its cotangent:", difference(g, g_before));
    return complaint.text;
  }

  std::string earlier_results(DType dtype) const {
    const std::vector<Tensor> xs = inputs(dtype);
    const Tensor y = alone(xs);
    const Tensor before = deep_copy(y);
    alone(others(dtype));
    Complaint complaint;
    complaint.add("a second call changed the first one's result:", difference(y, before));
    return complaint.text;
  }

  std::string forward_repeats(DType dtype) const {
    const std::vector<Tensor> all{alone(inputs(dtype))};
    fill_free_memory(all, fills[0]);
    const Tensor first = deep_copy(alone(inputs(dtype)));
    fill_free_memory(all, fills[0]);
    Complaint complaint;
    complaint.add("called again,", difference(alone(inputs(dtype)), first));
    return complaint.text;
  }

  std::string result_written(DType dtype) const {
    std::vector<Tensor> results;
    const std::vector<Tensor> xs = inputs(dtype);
    const std::vector<Tensor> like{alone(xs)};
    for (const int fill : fills) {
      fill_free_memory(like, fill);
      results.push_back(deep_copy(alone(xs)));
    }
    Complaint complaint;
    complaint.add("what memory held before shows in the result:",
                  difference(results[0], results[1]));
    return complaint.text;
  }

  std::string gradients_fit(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    const std::vector<Tensor> gradients = one.gradients(cotangent(one.y.value()));
    std::size_t at = 0;
    for (std::size_t k = 0; k < one.inputs.size(); ++k) {
      const Tensor& x = one.inputs[k];
      if (!is_float(x.dtype())) continue;
      const Tensor& gradient = gradients[at++];
      if (gradient.shape() != x.shape() || gradient.dtype() != x.dtype())
        return fmt::format("the gradient of input {}, {} {}, is {} {}", k, to_string(x.dtype()),
                           to_string(x.shape()), to_string(gradient.dtype()),
                           to_string(gradient.shape()));
    }
    return {};
  }

  std::string off_tape(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    Complaint complaint;
    complaint.add("off the tape", difference(alone(inputs(dtype)), one.y.value()));
    return complaint.text;
  }

  std::string replay(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    Complaint complaint;
    complaint.add("run again,", difference(one.tape.replay(one.y), one.y.value()));
    const Tensor lifted = one.tape.replay(one.y, {}, f64);
    const Tensor direct = alone(in(f64, one.inputs));
    const std::string other_bits = difference(lifted, direct);
    if (lifted.dtype() != f64 || lifted.shape() != direct.shape())
      complaint.add("lifted to f64, it", other_bits);
    else if (const double off = distance(lifted, direct);
             !other_bits.empty() && !(off <= 1e-15 * norm_of({{direct}})))
      complaint.add("lifted to f64,",
                    fmt::format("it is off by {:.1e} from a call with f64 inputs", off));
    return complaint.text;
  }

  std::string replay_elsewhere(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    const std::vector<Tensor> moved = others(dtype);
    std::vector<Binding> bindings;
    for (std::size_t k = 0; k < moved.size(); ++k) bindings.emplace_back(one.xs[k], moved[k]);
    Complaint complaint;
    complaint.add("run again at other inputs,",
                  difference(one.tape.replay(one.y, bindings), alone(moved)));
    if (!complaint.text.empty())
      complaint.text += "; was something computed from .value() when it was recorded?";
    return complaint.text;
  }

  std::string pullback_repeats(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    return compared(one, {fills[0], fills[0]}, "asked again,");
  }
  std::string gradients_written(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    return compared(one, {fills[0], fills[1]}, "what memory held before shows:");
  }
  /// The gradients after free memory held one byte and after it held the other.
  std::string compared(const Recorded& one, std::pair<int, int> bytes,
                       const std::string& about) const {
    const Tensor g = cotangent(one.y.value());
    fill_free_memory(everything(one), bytes.first);
    const std::vector<Tensor> first = deep_copy(one.gradients(g));
    fill_free_memory(everything(one), bytes.second);
    const std::vector<Tensor> second = one.gradients(g);
    Complaint complaint;
    for (std::size_t k = 0; k < first.size(); ++k)
      complaint.add(fmt::format("{} gradient {}:", about, k), difference(second[k], first[k]));
    return complaint.text;
  }

  std::string zero_cotangent(DType dtype) const {
    const Recorded one(op_, inputs(dtype));
    const std::vector<Tensor> gradients = one.gradients(zeros_like(one.y.value()));
    for (std::size_t k = 0; k < gradients.size(); ++k)
      if (const double size = std::sqrt(squared(gradients[k])); !(size == 0))
        return fmt::format("the cotangent 0 gives gradient {} a norm of {:.1e}", k, size);
    return {};
  }

  std::string linear(DType dtype) const {
    if (dtype != f64) return {};  // rounding would say nothing
    const Recorded one(op_, inputs(dtype));
    constexpr double factor = -1.75;
    const Tensor u = cotangent(one.y.value(), 1);
    const Tensor v = cotangent(one.y.value(), 2);
    const std::vector<Tensor> by_u = deep_copy(one.gradients(u));
    const std::vector<Tensor> by_v = deep_copy(one.gradients(v));
    const std::vector<Tensor> by_both = one.gradients(combined(u, factor, v));
    std::vector<Tensor> expected;
    for (std::size_t k = 0; k < by_u.size(); ++k)
      expected.push_back(combined(by_u[k], factor, by_v[k]));
    double off = 0;
    for (std::size_t k = 0; k < by_u.size(); ++k)
      off += std::pow(distance(by_both[k], expected[k]), 2);
    off = std::sqrt(off);
    // Where a gradient cancels to nothing, rounding is measured by what cancelled.
    const double scale =
        norm_of(by_u) + std::abs(factor) * norm_of(by_v) +
        1e-3 * norm_of({{one.y.value()}}) * norm_of({{u}}) / std::max(1.0, norm_of(one.inputs));
    if (off <= options_.tolerance * scale) return {};
    return fmt::format(
        "J'(u + a v) differs from J'u + a J'v by {:.1e} of its size; is the cotangent "
        "used twice, or not at all?",
        off / scale);
  }

  std::string gradient(DType dtype) const {
    const std::vector<Tensor> xs = inputs(dtype);
    CheckOptions gradient = options_.gradient;
    gradient.repeatability = gradient.adjoint = false;  // rules of their own
    const CheckReport report = gradcheck(op_, std::span<const Tensor>(xs), gradient);
    return report.agrees() ? std::string() : to_string(report);
  }

  std::string second_order(DType dtype) {
    if (dtype != f64) return {};
    const std::vector<Tensor> xs = inputs(dtype);
    try {
      if (std::string complaint = recorded_pullback(dtype); !complaint.empty()) return complaint;
      const CheckReport report =
          gradcheck_second_order(op_, std::span<const Tensor>(xs), options_.gradient);
      return report.agrees() ? std::string() : to_string(report);
    } catch (const FirstOrderError&) {
      remark_ = "first order only, and says so";
      return {};
    }
  }

  /// What is wrong with the pullback as it was recorded, at other inputs. A constant on the tape is
  /// one to the second derivative and to its differences alike, which therefore agree.
  std::string recorded_pullback(DType dtype) const {
    Recorded one(op_, inputs(dtype));
    const Tensor cotangent_value = cotangent(one.y.value());
    const Gradients recorded = one.tape.backward(one.y, one.tape.variable(cotangent_value));
    const std::vector<Tensor> moved = others(dtype);
    const std::vector<Tensor> direct = Recorded(op_, moved).gradients(cotangent_value);
    std::vector<Binding> bindings;
    for (std::size_t k = 0; k < moved.size(); ++k) bindings.emplace_back(one.xs[k], moved[k]);
    std::size_t at = 0;
    for (std::size_t k = 0; k < moved.size(); ++k) {
      if (!is_float(moved[k].dtype())) continue;
      const Tensor& wanted = direct[at++];
      const Var* gradient = recorded.find(one.xs[k]);
      if (!gradient || !gradient->on_tape()) continue;
      const double off = distance(one.tape.replay(*gradient, bindings), wanted);
      if (!(off <= options_.tolerance * norm_of(direct)))
        return fmt::format(
            "the recorded pullback, run again at other inputs, gives gradient {} off by {:.1e}; "
            "does it use something computed from .value()?",
            k, off);
    }
    return {};
  }

  const Checked& op_;
  std::vector<Tensor> given_;
  const ContractOptions& options_;
  ContractReport report_;
  std::string remark_;
  bool not_tried_ = false;
};

/// The text with its further lines under the first.
std::string indented(const std::string& text, std::size_t by) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '\n') result.append(by, ' ');
  }
  return result;
}

}  // namespace

bool ContractReport::kept() const {
  return not_tried.empty() && std::ranges::all_of(rules, &ContractRule::kept);
}

const ContractRule& ContractReport::operator[](std::string_view name) const {
  for (const ContractRule& rule : rules)
    if (rule.name == name) return rule;
  throw ValueError(fmt::format("contract: '{}' was not tried", name));
}

std::string to_string(const ContractReport& report) {
  const auto broken =
      std::ranges::count_if(report.rules, [](const ContractRule& rule) { return !rule.kept; });
  std::string text = fmt::format("op contract: {}   '{}'   {} rules",
                                 report.kept() ? "KEPT" : "BROKEN", report.op, report.rules.size());
  if (broken > 0) text += fmt::format(", {} broken", broken);
  for (const ContractRule& rule : report.rules) {
    text += fmt::format("\n  {:6}  {}", rule.kept ? "kept" : "BROKEN", rule.name);
    if (!rule.detail.empty()) text += "\n            " + indented(rule.detail, 12);
  }
  for (const std::string& name : report.not_tried) text += "\n  not tried  " + name;
  return text;
}

namespace detail {

ContractReport check_contract(const Checked& op, std::span<const Tensor> inputs,
                              const ContractOptions& options) {
  return Contract(op, inputs, options).run();
}

}  // namespace detail

}  // namespace wengert
