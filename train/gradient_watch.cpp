// SPDX-License-Identifier: MIT
#include "gradient_watch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "../gradflow/flow.h"
#include "../gradflow/instruments.h"
#include "../gradflow/quantile.h"
#include "../gradflow/scaled_sum.h"
#include "../gradflow/slope.h"
#include "../gradflow/timeline.h"
#include "../graph/error.h"
#include "../graph/format.h"
#include "../nn/recurrent/sequence_mask.h"
#include "../nn/recurrent/step_losses.h"

namespace wengert {

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

bool finite(const Tensor& tensor) {
  return dispatch_float(tensor.dtype(), [&]<class T>(T) {
    return std::ranges::all_of(tensor.data<T>(), [](T x) { return std::isfinite(x); });
  });
}

/// Says what is not finite; empty if nothing is.
std::string trouble_of(const Tape& tape, const Unrolling& run, const Gradients& gradients) {
  std::size_t first = run.h.size();  // seen from the end, as the gradient goes
  for (std::size_t t = run.h.size(); t-- > 0 && first == run.h.size();)
    if (const Var* gradient = gradients.find(run.h[t]); gradient && !finite(gradient->value()))
      first = t;
  if (first == run.h.size() && finite(run.loss.value())) return {};
  try {
    const gradflow::Timeline timeline(tape, run.h, std::span(&run.loss, 1));
  } catch (const ValueError& error) {
    const std::string_view text = error.what(), prefix = "gradflow: ";
    return std::string(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
  }
  return fmt::format(
      "{} is not finite in {}, though in float64 all values are",
      finite(run.loss.value()) ? fmt::format("the gradient by h[{}]", first) : "the loss",
      run.loss.dtype());
}

/// Adds to ratios[k] what of one loss is left k steps before its own step.
void add_lags(const Gradients& gradients, std::span<const Var> h, const Tensor& mask,
              std::vector<std::vector<double>>& ratios) {
  // Without a mask all sequences end together, and the norm over the batch is that of a study.
  const std::size_t groups = mask.defined() ? mask.shape()[1] : 1;
  const double smallest = h[0].dtype() == f64 ? std::log(std::numeric_limits<double>::min())
                                              : std::log(std::numeric_limits<float>::min());
  std::vector<std::vector<double>> norms(groups, std::vector<double>(h.size(), none));
  for (std::size_t t = 0; t < h.size(); ++t) {
    const Var* found = gradients.find(h[t]);
    if (!found) continue;
    const Tensor gradient = found->value().to(f64);
    const std::size_t width = gradient.size() / groups;
    for (std::size_t g = 0; g < groups; ++g) {
      const double norm = gradflow::log_norm(gradient.data<double>().subspan(g * width, width));
      if (norm >= smallest) norms[g][t] = norm;
    }
  }
  std::vector<std::size_t> ends(groups, h.size() - 1);
  if (mask.defined()) ends = detail::last_steps(mask);
  for (std::size_t g = 0; g < groups; ++g) {
    std::size_t end = ends[g] + 1;
    while (end > 0 && norms[g][end - 1] == none) --end;
    for (std::size_t k = 0; k < end; ++k)
      ratios[k].push_back(norms[g][end - 1 - k] - norms[g][end - 1]);
  }
}

std::vector<double> lags_of(const Tape& tape, const Unrolling& run) {
  constexpr std::size_t most = 8;
  const std::size_t losses = run.losses.size(), looked_at = std::min(most, losses);
  std::vector<std::vector<double>> ratios(run.h.size());
  for (std::size_t i = 1; i <= looked_at; ++i)
    add_lags(tape.backward(run.losses[i * losses / looked_at - 1], wrt(run.h)), run.h, run.mask,
             ratios);
  std::vector<double> lags;
  for (std::vector<double>& ratio : ratios) {
    if (ratio.empty()) break;
    lags.push_back(gradflow::quantile(std::move(ratio), 0.5));
  }
  return lags;
}

std::string rate_text(const GradientLook& seen) {
  const std::vector<double>& lags = seen.lags;
  if (seen.flow.median.size() == 1) return "there is one hidden state: no rate";
  if (std::ranges::count(seen.flow.whole, none) == std::ssize(seen.flow.whole))
    return "the gradient is 0 at every hidden state";
  if (lags.empty())
    return fmt::format(
        "the loss reads {} hidden states itself, so what arrives at one is a sum over near and far "
        "and shows no rate (|dL/dh| {:.2g} at the first, {:.2g} at the last); give the losses "
        "apart, Unrolling::losses",
        seen.read, std::exp(seen.flow.whole.front()), std::exp(seen.flow.whole.back()));
  const std::size_t left =
      static_cast<std::size_t>(std::ranges::find(lags, none) - lags.begin());  // lags with a number
  const std::string lost =
      left == lags.size()
          ? ""
          : fmt::format("nothing in the normal range of its dtype is left {} step{} back", left,
                        left == 1 ? "" : "s");
  if (!seen.log_factor) return "of the gradient " + lost;
  const double f = *seen.log_factor;
  std::string rate = "keeps its size";
  if (std::abs(f) * static_cast<double>(lags.size() - 1) >= 0.01)
    rate = fmt::format("{} every {:.3g} steps back", f < 0 ? "halves" : "doubles",
                       std::log(2.0) / std::abs(f));
  return fmt::format("the gradient {}{}{}", rate, lost.empty() ? "" : "; ", lost);
}

}  // namespace

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
  Unrolling run = probe(tape);
  if (run.h.empty()) throw ValueError("GradientWatch: the list of hidden states is empty");
  gradflow::require_elements(run.h[0].shape());
  if (!run.loss.value().defined()) {
    if (run.losses.empty())
      throw ValueError("GradientWatch: the probe gave neither a loss nor losses");
    run.loss = reduce(run.losses, StepReduction::sum);
  }
  if (run.mask.defined())
    detail::require_sequence_mask("GradientWatch", run.mask, run.h.size(),
                                  run.h[0].rank() < 2 ? 1 : run.h[0].shape()[0]);
  GradientLook seen;
  seen.step = step;
  const Gradients gradients = tape.backward(run.loss, wrt(run.h));
  seen.trouble = trouble_of(tape, run, gradients);
  if (seen.trouble.empty()) {
    const gradflow::Timeline timeline(tape, run.h, std::span(&run.loss, 1), run.mask);
    seen.flow = gradflow::flow(gradients, run.h);
    seen.read = timeline.direct_steps(timeline.losses()[0]).size();
    if (run.losses.empty() && seen.read == 1) run.losses = {run.loss};
    seen.lags = lags_of(tape, run);
    if (std::ranges::count_if(seen.lags, [](double lag) { return std::isfinite(lag); }) > 1)
      seen.log_factor = gradflow::line_through(seen.lags).slope;
    if (const gradflow::Saturation found = gradflow::saturation_of(timeline); !found.uses.empty())
      seen.saturated = found.share;
  }
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
    if (!seen.trouble.empty()) {
      lines += fmt::format("step {}: {}\n", seen.step, seen.trouble);
      continue;
    }
    lines += fmt::format(
        "step {}: {}, {}\n", seen.step, rate_text(seen),
        seen.saturated ? fmt::format("{:.0f} % of activations saturated", 100 * *seen.saturated)
                       : "no activation between states");
  }
  return lines;
}

}  // namespace wengert
