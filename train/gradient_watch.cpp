// SPDX-License-Identifier: MIT
#include "gradient_watch.h"

#include <chrono>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "../gradflow/flow.h"
#include "../gradflow/slope.h"
#include "../graph/error.h"

namespace wengert {

GradientWatch::GradientWatch(Probe probe, const GradientWatchOptions& options)
    : state_(std::make_shared<State>(State{std::move(probe), options})) {
  if (options.every < 0 || !(options.share > 0.0 && options.share <= 1.0))
    throw ValueError(
        fmt::format("GradientWatch: every = {} steps and a share of {}; steps are 0 or more, the "
                    "share is above 0 and "
                    "at most 1",
                    options.every, options.share));
}

void GradientWatch::State::look(std::int64_t step) {
  const auto start = std::chrono::steady_clock::now();
  Tape tape;
  const Unrolling run = probe(tape);
  const Gradients gradients = tape.backward(run.loss, wrt(run.h));
  GradientLook seen;
  seen.step = step;
  seen.flow = gradflow::flow(gradients, run.h);
  const std::vector<double> backward(seen.flow.median.rbegin(), seen.flow.median.rend());
  seen.log_factor = gradflow::slope_of(backward);
  seen.saturated = gradflow::saturated_share(run.h, options.activation);
  seen.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  last_look = seen.seconds;
  trained = 0.0;
  waited = 0;
  looks.push_back(std::move(seen));
}

bool GradientWatch::State::due() const {
  if (options.every > 0) return waited >= options.every;
  return looks.empty() || last_look <= options.share * (trained + last_look);
}

Callback GradientWatch::callback() const {
  Callback result;
  result.after_step = [state = state_](Run& run, const StepRecord& record) {
    state->trained += std::isfinite(record.seconds) ? record.seconds : 0.0;
    ++state->waited;
    if (state->due()) state->look(run.step);
  };
  return result;
}

const GradientLook& GradientWatch::look(std::int64_t step) {
  state_->look(step);
  return state_->looks.back();
}

std::string GradientWatch::text() const {
  std::string lines;
  for (const GradientLook& seen : state_->looks) {
    const double f = seen.log_factor;
    const std::string rate =
        f < 0 ? fmt::format("halves every {:.3g} steps back", std::log(2.0) / -f)
              : (f > 0 ? fmt::format("doubles every {:.3g} steps back", std::log(2.0) / f)
                       : "keeps its size");
    lines += fmt::format("step {}: the gradient {}, {:.0f} % of the units saturated\n", seen.step,
                         rate, 100 * seen.saturated);
  }
  return lines;
}

}  // namespace wengert
