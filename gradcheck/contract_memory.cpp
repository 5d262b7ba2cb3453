// SPDX-License-Identifier: MIT
// Rules of an op's contract about memory: whose it is, who writes to it, what it held before.
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "../graph/error.h"
#include "contract_rules.h"
#include "contract_values.h"

namespace wengert::detail::contract {
namespace {

constexpr int fills[] = {0xff, 0x3f};  // NaN, and a small positive number

std::vector<Tensor> everything(const Recorded& one) {
  std::vector<Tensor> all = one.inputs;
  all.push_back(one.y.value());
  return all;
}

/// The gradients after free memory held one byte and after it held the other.
std::string compared(const Subject& subject, const Recorded& one, std::pair<int, int> bytes,
                     const std::string& about) {
  const Tensor g = subject.cotangent(one.y.value());
  fill_free_memory(everything(one), bytes.first);
  const std::vector<Tensor> first = deep_copy(one.gradients(g));
  fill_free_memory(everything(one), bytes.second);
  const std::vector<Tensor> second = one.gradients(g);
  Complaint complaint;
  for (std::size_t k = 0; k < first.size(); ++k)
    complaint.add(fmt::format("{} gradient {}:", about, k), difference(second[k], first[k]));
  return complaint.text;
}

}  // namespace

Found ownership(const Subject& subject, DType dtype) {
  const std::vector<Tensor> xs = subject.inputs(dtype);
  const Tensor y = subject.alone(xs);
  Found found;
  for (std::size_t k = 0; k < xs.size(); ++k) {
    if (y.size() == 0 || xs[k].size() == 0) continue;
    if (y.shares_memory_with(xs[k])) {
      found.remark =
          fmt::format("shares the memory of input {}, counted: whoever writes copies", k);
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
  return found;
}

std::string inputs_left_alone(const Subject& subject, DType dtype) {
  Complaint complaint;
  const Recorded one(subject.op, subject.inputs(dtype));
  const std::vector<Tensor> before = subject.inputs(dtype);
  for (std::size_t k = 0; k < before.size(); ++k)
    complaint.add(fmt::format("the forward wrote to input {}:", k),
                  difference(one.inputs[k], before[k]));
  if (!complaint.text.empty()) return complaint.text;
  const Tensor y = deep_copy(one.y.value());
  const Tensor g = subject.cotangent(y);
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

std::string earlier_results(const Subject& subject, DType dtype) {
  const std::vector<Tensor> xs = subject.inputs(dtype);
  const Tensor y = subject.alone(xs);
  const Tensor before = deep_copy(y);
  subject.alone(subject.others(dtype));
  Complaint complaint;
  complaint.add("a second call changed the first one's result:", difference(y, before));
  return complaint.text;
}

std::string forward_repeats(const Subject& subject, DType dtype) {
  const std::vector<Tensor> all{subject.alone(subject.inputs(dtype))};
  fill_free_memory(all, fills[0]);
  const Tensor first = deep_copy(subject.alone(subject.inputs(dtype)));
  fill_free_memory(all, fills[0]);
  Complaint complaint;
  complaint.add("called again,", difference(subject.alone(subject.inputs(dtype)), first));
  return complaint.text;
}

std::string result_written(const Subject& subject, DType dtype) {
  std::vector<Tensor> results;
  const std::vector<Tensor> xs = subject.inputs(dtype);
  const std::vector<Tensor> like{subject.alone(xs)};
  for (const int fill : fills) {
    fill_free_memory(like, fill);
    results.push_back(deep_copy(subject.alone(xs)));
  }
  Complaint complaint;
  complaint.add("what memory held before shows in the result:", difference(results[0], results[1]));
  return complaint.text;
}

std::string pullback_repeats(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  return compared(subject, one, {fills[0], fills[0]}, "asked again,");
}

std::string gradients_written(const Subject& subject, DType dtype) {
  const Recorded one(subject.op, subject.inputs(dtype));
  return compared(subject, one, {fills[0], fills[1]}, "what memory held before shows:");
}

}  // namespace wengert::detail::contract
