// SPDX-License-Identifier: MIT
#include "report_sections.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "../figures/markup.h"
#include "../figures/page.h"
#include "../graph/error.h"
#include "../graph/tape.h"
#include "../nn/summary.h"
#include "environment.h"
#include "fingerprint.h"

namespace wengert::detail {
namespace {

std::string number(double value, const char* missing = "") {
  return std::isnan(value) ? missing : fmt::format("{:.4g}", value);
}
std::string number(const Estimate& estimate) {
  std::string text = to_string(estimate);
  if (const std::size_t at = text.find("+-"); at != std::string::npos) text.replace(at, 2, "±");
  return escaped(text);
}
std::string percentage(double share) {
  if (std::isnan(share)) return "";
  return share == 0 ? "0" : fmt::format("{:.3g} %", 100 * share);
}
std::string thousands(std::size_t count) {
  std::string digits = fmt::format("{}", count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, "\u202f");
  return digits;
}
std::string flops(double count) {
  return count < 1e15 ? thousands(static_cast<std::size_t>(count)) : fmt::format("{:.3g}", count);
}
std::string duration(double seconds) {
  if (seconds < 100) return fmt::format("{:.3g} s", seconds);
  if (seconds < 7200) return fmt::format("{:.1f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

std::string sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

/// A table built row by row; cells are HTML already. The first cell of a row is its heading.
class Rows {
 public:
  explicit Rows(const std::vector<std::string>& heads) {
    html_ = "<div class=\"wide\"><table>\n<thead><tr>";
    for (const std::string& head : heads) html_ += fmt::format("<th scope=\"col\">{}</th>", head);
    html_ += "</tr></thead>\n<tbody>\n";
  }
  void add(const std::vector<std::string>& cells) {
    html_ += fmt::format("<tr><th scope=\"row\">{}</th>", cells.front());
    for (std::size_t i = 1; i < cells.size(); ++i) html_ += fmt::format("<td>{}</td>", cells[i]);
    html_ += "</tr>\n";
  }
  std::string html() const { return html_ + "</tbody></table></div>\n"; }

 private:
  std::string html_;
};

/// Names and values side by side.
std::string pairs(const std::vector<std::pair<std::string, std::string>>& all) {
  std::string html = "<dl>\n";
  for (const auto& [name, value] : all)
    if (!value.empty())
      html += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>\n",
                          value.size() > 50 ? " class=\"long\"" : "", name, value);
  return html + "</dl>\n";
}

std::string parameter_table(const ModelRef& model) {
  Rows rows({"parameter", "shape", "values"});
  std::size_t total = 0;
  for (const Parameter* parameter : model.parameters()) {
    rows.add(
        {escaped(parameter->name()), to_string(parameter->shape()), thousands(parameter->size())});
    total += parameter->size();
  }
  rows.add({"total", "", thousands(total)});
  return rows.html();
}

std::string summary_table(const Summary& summary) {
  Rows rows({"module", "ops", "output", "parameters", "of these held at zero", "of these frozen",
             "forward / flop"});
  const auto some = [](std::size_t count) { return count == 0 ? "" : thousands(count); };
  for (const Summary::Row& row : summary.rows)
    rows.add(
        {escaped(row.steps > 1 ? fmt::format("{}, × {} steps", row.path, row.steps) : row.path),
         escaped(row.ops), to_string(row.output), some(row.parameters), some(row.masked),
         some(row.frozen), flops(row.flops)});
  rows.add({"total", "", "", thousands(summary.parameters), some(summary.masked),
            some(summary.frozen), flops(summary.flops)});
  return rows.html();
}

const EpochRecord* best_epoch(const History& history) {
  const EpochRecord* best = nullptr;
  for (const EpochRecord& epoch : history.epochs)
    if (epoch.validation_loss && std::isfinite(epoch.validation_loss->value) &&
        (!best || epoch.validation_loss->value < best->validation_loss->value))
      best = &epoch;
  return best;
}

double total_seconds(const History& history, double EpochRecord::*part) {
  double total = 0;
  for (const EpochRecord& epoch : history.epochs)
    if (!std::isnan(epoch.*part)) total += epoch.*part;
  return total;
}

}  // namespace

std::string diagnosis_section(const Diagnosis& diagnosis) {
  std::string body;
  for (const Finding& finding : diagnosis.findings) {
    const bool good = finding.condition == Condition::good;
    const char* kind = good ? "good" : finding.is_fault() ? "fault" : "remark";
    body += fmt::format("<article class=\"finding {}\">\n<h3>{}{}</h3>\n<p>{}.</p>\n", kind,
                        good                 ? ""
                        : finding.is_fault() ? "Fault: "
                                             : "Remark: ",
                        good ? "Good" : escaped(to_string(finding.condition)),
                        escaped(sentence(finding.text)));
    body += fmt::format("<p class=\"small\">Statistic: {}: <b>{:.3g}</b> (threshold {:.3g})</p>\n",
                        escaped(finding.statistic), finding.value, finding.threshold);
    if (!finding.cure.empty()) body += fmt::format("<p>Try: {}.</p>\n", escaped(finding.cure));
    body += "</article>\n";
  }
  return section("Diagnosis", body);
}

std::string facts_section(const History& history) {
  if (history.epochs.empty()) return {};
  const EpochRecord& last = history.epochs.back();
  std::vector<std::pair<std::string, std::string>> facts{
      {"loss", escaped(history.loss_name)},
      {"training loss, last epoch", number(last.loss, "nan")},
      {"validation loss, last epoch", last.validation_loss ? number(*last.validation_loss) : ""}};
  if (const EpochRecord* best = best_epoch(history))
    facts.emplace_back("best validation loss",
                       fmt::format("{} in epoch {}", number(*best->validation_loss), best->epoch));
  if (history.floor) {
    facts.emplace_back("floor of the loss", number(*history.floor));
    facts.emplace_back("training loss above its floor", number(last.loss - *history.floor, "nan"));
  }
  for (const auto& [name, value] : last.validation_metrics)
    facts.emplace_back(fmt::format("validation {}, last epoch", escaped(name)), number(value));
  facts.emplace_back("epochs", fmt::format("{}", history.epochs.size()));
  facts.emplace_back("training", duration(total_seconds(history, &EpochRecord::seconds)));
  facts.emplace_back("ended because", escaped(history.stopped));
  return section("In short", pairs(facts));
}

std::string model_section(const ModelRef& model, const Tensor& sample) {
  std::string body;
  if (sample.defined()) {
    try {
      body = summary_table(model.summary(sample));
    } catch (const Error&) {  // it takes other inputs than the sample
      body.clear();
    }
  }
  return section("Model", body.empty() ? parameter_table(model) : body);
}

std::string gradient_section(const History& history) {
  if (history.epochs.empty() || history.epochs.back().groups.empty()) return {};
  const EpochRecord& first = history.epochs.front();
  const EpochRecord& last = history.epochs.back();
  Rows rows({"parameter", "|g|, first epoch", "|g|, last epoch", "|w|", "|change of w| / |w|",
             "g zero", "g denormal", "g not finite"});
  for (const GroupStatistics& group : last.groups) {
    const auto before = std::find_if(
        first.groups.begin(), first.groups.end(),
        [&](const GroupStatistics& candidate) { return candidate.name == group.name; });
    const auto marked = [](const std::string& text, bool odd) {
      return odd ? fmt::format("<strong>{}</strong>", text) : text;
    };
    rows.add(
        {escaped(group.name), before == first.groups.end() ? "" : number(before->gradient_norm),
         number(group.gradient_norm), number(group.weight_norm),
         marked(number(group.update_ratio), group.update_ratio > 0.1 || group.update_ratio < 1e-6),
         marked(percentage(group.zero), group.zero > 0.9),
         marked(percentage(group.denormal), group.denormal > 0.01),
         marked(percentage(group.nonfinite), group.nonfinite > 0)});
  }
  return section("Gradients by parameter",
                 "<p class=\"small\">Means over the steps of the last epoch, but for the second "
                 "column. Bold: steps above 10 % or below 1e-6 of the weights, more than 90 % "
                 "zeros, 1 % denormals, anything not finite.</p>\n" +
                     rows.html());
}

void check_confusion(const Tensor& confusion, const std::vector<std::string>& names) {
  if (!confusion.defined()) return;
  if (confusion.rank() != 2 || confusion.shape()[0] != confusion.shape()[1])
    throw ShapeError(
        fmt::format("report: a confusion matrix is square: {}", to_string(confusion.shape())));
  if (!names.empty() && names.size() != confusion.shape()[0])
    throw ShapeError(fmt::format("report: as many class names as classes: {} and {}", names.size(),
                                 confusion.shape()[0]));
  const Tensor counts = confusion.to(f64);
  for (const double count : counts.data<double>())
    if (!(count >= 0) || std::isinf(count))
      throw ValueError(fmt::format("report: a confusion matrix holds counts: {}", count));
}

std::string confusion_section(const Tensor& confusion, const std::vector<std::string>& names) {
  if (!confusion.defined()) return {};
  check_confusion(confusion, names);
  const std::size_t classes = confusion.shape()[0];
  const Tensor counts = confusion.to(f64);
  const auto count = [&](std::size_t i, std::size_t j) {
    return counts.data<double>()[i * classes + j];
  };
  std::vector<double> rows(classes), columns(classes);
  double total = 0, hits = 0;
  for (std::size_t i = 0; i < classes; ++i)
    for (std::size_t j = 0; j < classes; ++j) {
      rows[i] += count(i, j);
      columns[j] += count(i, j);
      total += count(i, j);
      if (i == j) hits += count(i, j);
    }
  const auto name = [&](std::size_t i) {
    return names.empty() ? fmt::format("{}", i) : escaped(names[i]);
  };
  const auto ratio = [](double part, double whole) {
    return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "";
  };
  const double accuracy = total > 0 ? hits / total : not_measured;
  std::string html = fmt::format(
      "<p>{} samples, {} right: accuracy {:.2f} ± {:.2f} %. Rows: the true class; columns: the "
      "predicted one. The colour is the share of the row.</p>\n<div class=\"wide\"><table "
      "class=\"confusion\">\n<thead><tr><td></td>",
      total, hits, 100 * accuracy, 100 * std::sqrt(accuracy * (1 - accuracy) / total));
  for (std::size_t j = 0; j < classes; ++j)
    html += fmt::format("<th scope=\"col\">{}</th>", name(j));
  html += "<th scope=\"col\">recall</th></tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < classes; ++i) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", name(i));
    for (std::size_t j = 0; j < classes; ++j) {
      const double share = rows[i] > 0 ? count(i, j) / rows[i] : 0;
      html += fmt::format("<td style=\"--share:{:.3f}\"{}>{}</td>", share,
                          i == j ? " class=\"right\"" : "",
                          count(i, j) == 0 ? "·" : fmt::format("{}", count(i, j)));
    }
    html += fmt::format("<td>{}</td></tr>\n", ratio(count(i, i), rows[i]));
  }
  html += "<tr><th scope=\"row\">precision</th>";
  for (std::size_t j = 0; j < classes; ++j)
    html += fmt::format("<td>{}</td>", ratio(count(j, j), columns[j]));
  return section("Confusion matrix", html + "<td></td></tr>\n</tbody></table></div>\n");
}

std::string epochs_section(const History& history) {
  if (history.epochs.empty()) return {};
  constexpr std::size_t most = 200;
  const std::size_t every = (history.epochs.size() + most - 1) / most;
  std::vector<std::string> heads{"epoch", "training loss", "validation loss"};
  const EpochRecord& last = history.epochs.back();
  for (const auto& [name, value] : last.metrics) heads.push_back(escaped(name));
  for (const auto& [name, value] : last.validation_metrics)
    heads.push_back(fmt::format("validation {}", escaped(name)));
  for (const char* head : {"rate", "|g|", "seconds"}) heads.emplace_back(head);
  Rows rows(heads);
  for (std::size_t i = every - 1; i < history.epochs.size(); i += every) {
    const EpochRecord& epoch = history.epochs[i];
    std::vector<std::string> cells{fmt::format("{}", epoch.epoch), number(epoch.loss, "nan"),
                                   epoch.validation_loss ? number(*epoch.validation_loss) : ""};
    const auto add = [&](const auto& of_last, const auto& of_this) {
      for (const auto& [name, value] : of_last) {
        const auto found = of_this.find(name);
        cells.push_back(found == of_this.end() ? "" : number(found->second));
      }
    };
    add(last.metrics, epoch.metrics);
    add(last.validation_metrics, epoch.validation_metrics);
    for (const double value : {epoch.rate, epoch.gradient_norm, epoch.seconds})
      cells.push_back(number(value));
    rows.add(cells);
  }
  const std::string which = every == 1 ? "All epochs" : fmt::format("Every {}th epoch", every);
  return section("Epochs",
                 fmt::format("<details><summary>{}</summary>\n{}</details>\n", which, rows.html()));
}

namespace {

/// "12.5 % of the steps, their gradients to 0.31 on average"; empty if nothing was clipped.
std::string clipping(const History& history) {
  std::size_t clipped = 0;
  double factors = 0;
  for (const StepRecord& step : history.steps) {
    if (step.clip_factor == 1.0) continue;
    ++clipped;
    factors += step.clip_factor;
  }
  if (clipped == 0) return {};
  const auto count = static_cast<double>(clipped);
  return fmt::format("{} of the steps, their gradients to {:.2g} of their size on average",
                     percentage(count / static_cast<double>(history.steps.size())),
                     factors / count);
}

}  // namespace

std::string provenance_section(const ModelRef& model, const History& history) {
  std::vector<Tensor> values;
  std::size_t count = 0;
  for (const Parameter* parameter : model.parameters()) {
    values.push_back(parameter->value());
    count += parameter->size();
  }
  for (const Buffer* buffer : model.buffers()) values.push_back(buffer->value());
  std::vector<std::pair<std::string, std::string>> facts{
      {"optimizer", escaped(history.optimizer)},
      {"seed", fmt::format("{}", history.seed)},
      {"batch", fmt::format("{}", history.batch)},
      {"training samples", thousands(history.samples)},
      {"validation samples", thousands(history.validation_samples)},
      {"steps", history.steps.empty() ? "" : thousands(history.steps.size())},
      {"gradients clipped", clipping(history)},
      {"parameters", thousands(count)},
      {"fingerprint of the weights", fmt::format("<code>crc32 {}</code>", fingerprint(values))},
      {"time in training steps", duration(total_seconds(history, &EpochRecord::seconds))},
      {"time in validation", duration(total_seconds(history, &EpochRecord::validation_seconds))}};
  for (const DataRecord& data : history.data)
    facts.emplace_back(escaped(data.name),
                       fmt::format("{} {}, <code>crc32 {}</code>", escaped(data.dtype),
                                   to_string(data.shape), escaped(data.sum)));
  for (const auto& [name, value] : environment()) facts.emplace_back(name, escaped(value));
  return section("To do it again", pairs(facts));
}

}  // namespace wengert::detail
