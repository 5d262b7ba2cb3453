// SPDX-License-Identifier: MIT
#include "contract.h"

#include <exception>

#include <fmt/format.h>

#include "../graph/recording.h"
#include "contract_rules.h"
#include "contract_values.h"

namespace wengert::detail {
namespace {

using contract::Found;
using contract::Recorded;
using contract::Subject;

/// Tries one rule after the other, as far as those before make it safe and meaningful.
class Trial {
 public:
  explicit Trial(const Subject& subject) : subject_(subject) {}

  ContractReport run() {
    name_the_op();
    if (!rule("result", contract::result)) not_tried_ = true;
    // After memory that is shared and not counted, the rest would read what is no longer there.
    const bool safe = rule("result of its own", contract::ownership);
    if (!safe) not_tried_ = true;
    rule("inputs left alone", contract::inputs_left_alone);
    rule("earlier results stay", contract::earlier_results);
    rule("forward repeats", contract::forward_repeats);
    rule("result written", contract::result_written);
    const bool fit = rule("gradients fit", contract::gradients_fit);
    rule("off the tape", contract::off_tape);
    rule("replay", contract::replay);
    rule("replay at other inputs", contract::replay_elsewhere);
    if (!fit) not_tried_ = true;
    rule("pullback repeats", contract::pullback_repeats);
    rule("gradients written", contract::gradients_written);
    rule("zero cotangent", contract::zero_cotangent);
    rule("linear in the cotangent", contract::linear);
    rule("gradient", contract::gradient);
    rule("second order", contract::second_order);
    return std::move(report_);
  }

 private:
  /// Tries the rule in both precisions.
  template <class Rule>
  bool rule(const std::string& name, Rule tried) {
    if (not_tried_) {
      report_.not_tried.push_back(name);
      return false;
    }
    std::string remark;
    for (const DType dtype : {f64, f32}) {
      Found found;
      try {
        found = tried(subject_, dtype);
      } catch (const std::exception& error) {
        found.complaint = error.what();
      }
      if (!found.remark.empty()) remark = found.remark;
      if (found.complaint.empty()) continue;
      report_.rules.push_back(
          {name, false, fmt::format("in {}: {}", to_string(dtype), found.complaint)});
      return false;
    }
    report_.rules.push_back({name, true, remark});
    return true;
  }

  void name_the_op() {
    report_.op = "op";
    try {
      const Recorded one(subject_.op, subject_.inputs(f64));
      if (const Recording* tape = Recording::of(one.y))
        report_.op = tape->op_name(Recording::index_of(one.y));
    } catch (const std::exception&) {  // the first rule will say it
    }
  }

  const Subject& subject_;
  ContractReport report_;
  bool not_tried_ = false;
};

}  // namespace

ContractReport check_contract(const Checked& op, std::span<const Tensor> inputs,
                              const ContractOptions& options) {
  const Subject subject{op, contract::deep_copy(inputs), options};
  return Trial(subject).run();
}

}  // namespace wengert::detail
