// SPDX-License-Identifier: MIT
#include "adam_w.h"

#include "adam.h"
#include "option_checks.h"

namespace wengert {

namespace {

Adam::Options without_decay(const AdamW::Options& options) {
  return {.rate = options.rate,
          .beta1 = options.beta1,
          .beta2 = options.beta2,
          .epsilon = options.epsilon,
          .amsgrad = options.amsgrad};
}

}  // namespace

AdamW::AdamW(const Options& options) : options_(options) { check_options(); }

void AdamW::check_options() const {
  Adam::require("adam_w", without_decay(options_));
  detail::require_not_negative("adam_w", "decay", options_.decay);
}

std::span<const std::string_view> AdamW::slot_names() const {
  return Adam::slots(options_.amsgrad);
}

void AdamW::apply(const Step& step) const { Adam::run(step, without_decay(options_)); }

}  // namespace wengert
