// SPDX-License-Identifier: MIT
#include "report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>

#include "../figures/markup.h"
#include "../figures/page.h"
#include "../figures/text_file.h"
#include "../graph/error.h"
#include "diagnosis.h"
#include "history_figures.h"
#include "report_sections.h"

namespace wengert {
namespace {

namespace fs = std::filesystem;
using detail::escaped;
using detail::section;

struct Strip {
  std::size_t height, width;
};

Strip strip_size(const ReportParts& parts) {
  if (parts.image_height > 0 || parts.image_width > 0 || parts.strips.empty())
    return {parts.image_height, parts.image_width};
  const Tensor& images = parts.strips.front().images;
  const std::size_t pixels = images.defined() && images.rank() == 2 ? images.shape()[1] : 0;
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(pixels))));
  if (side == 0 || side * side != pixels)
    throw ShapeError(
        fmt::format("report: images of {} pixels are not square; give image_height and "
                    "image_width",
                    pixels));
  return {side, side};
}

/// Points of each class as a series, at most `most` points in all.
Figure latent_figure(const ReportParts& parts, std::size_t most, std::size_t& every) {
  const Tensor& latent = parts.latent;
  if (latent.rank() != 2 || latent.shape()[1] != 2)
    throw ShapeError(
        fmt::format("report: latent points are [n, 2]: {}; project wider ones on two "
                    "principal components",
                    to_string(latent.shape())));
  const std::size_t n = latent.shape()[0];
  const Tensor& classes = parts.latent_classes;
  if (classes.defined() && (classes.rank() != 1 || classes.shape()[0] != n))
    throw ShapeError(fmt::format("report: as many latent_classes as latent points: {} and {}",
                                 to_string(classes.shape()), n));
  const Tensor points = latent.to(f64);
  every = std::max<std::size_t>(1, (n + most - 1) / most);
  std::map<std::int64_t, Series> series;
  for (std::size_t i = 0; i < n; i += every) {
    const std::int64_t label = classes.defined() ? classes.data<std::int64_t>()[i] : 0;
    Series& own = series[label];
    own.x.push_back(points.data<double>()[2 * i]);
    own.y.push_back(points.data<double>()[2 * i + 1]);
    if (!classes.defined() || !own.name.empty()) continue;
    const auto index = static_cast<std::size_t>(label);
    own.name = label >= 0 && index < parts.class_names.size() ? parts.class_names[index]
                                                              : fmt::format("{}", label);
  }
  Figure figure{
      .panels = {{.x = {.label = "first latent number"}, .y = {.label = "second latent number"}}},
      .panel_width = 640,
      .panel_height = 560};
  for (auto& [label, own] : series) {
    own.style = Series::Style::points;
    figure.panels[0].series.push_back(std::move(own));
  }
  return figure;
}

std::string curves(const History& history, detail::Page& page) {
  if (history.epochs.empty()) return {};
  std::string caption =
      "The training loss is the mean over the epoch's steps, while the model changes; the "
      "validation loss is measured after the epoch, its band is one standard error.";
  std::string html = page.figure(loss_figure(history), "loss", caption);
  html += page.figure(rate_figure(history), "rate", "The learning rate of the steps.");
  html += page.figure(metrics_figure(history), "metrics", "Metrics; bands are standard errors.");
  html += page.figure(gradient_figure(history), "gradient",
                      "The norm of the gradient before clipping, and the mean size of a step "
                      "relative to the weights.");
  return section("Curves", html);
}

std::string notes(const std::string& text) {
  std::string html, paragraph;
  const auto end = [&] {
    if (!paragraph.empty()) html += fmt::format("<p>{}</p>\n", escaped(paragraph));
    paragraph.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line_end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, line_end - at);
    if (line.find_first_not_of(" \t\r") == std::string::npos) end();
    else paragraph += (paragraph.empty() ? "" : "\n") + line;
    at = line_end + 1;
  }
  end();
  return html;
}

Tensor sample_of(const History& history, const ReportParts& parts) {
  if (parts.sample.defined() || history.data.empty()) return parts.sample;
  const DataRecord& inputs = history.data.front();
  if (inputs.shape.rank() == 0) return {};
  const DType dtype = inputs.dtype == "f64" ? f64 : inputs.dtype == "i64" ? i64 : f32;
  return zeros(inputs.shape.with(0, 1), dtype);
}

}  // namespace

void report(const std::string& path, const ModelRef& model, const History& history,
            const ReportParts& parts) {
  constexpr std::size_t most_points = 2000;
  // Everything that may be refused comes before anything that is written.
  const fs::path name = path;
  if (name.filename().empty()) throw FileError(fmt::format("report: '{}' names no file", path));
  std::string strip;
  if (!parts.strips.empty()) {
    const Strip size = strip_size(parts);
    strip =
        fmt::format("<figure>\n{}</figure>\n", image_strip(parts.strips, size.height, size.width));
  }
  std::size_t every = 1;
  Figure latent;
  if (parts.latent.defined()) latent = latent_figure(parts, most_points, every);
  const std::string confusion = detail::confusion_section(parts.confusion, parts.class_names);

  detail::Page page("report", path);
  const std::string title = parts.title.empty() ? name.stem().string() : parts.title;
  std::string body = fmt::format("<h1>{}</h1>\n{}", escaped(title), notes(parts.notes));
  body += detail::diagnosis_section(diagnose(history));
  body += detail::facts_section(history);
  body += curves(history, page);
  body += section("Images", strip);
  body += section(
      "Latent space",
      page.figure(latent, "latent",
                  every == 1 ? "One point a sample." : fmt::format("Every {}th sample.", every)));
  body += confusion;
  body += detail::model_section(model, sample_of(history, parts));
  body += detail::gradient_section(history);
  body += detail::epochs_section(history);
  body += detail::provenance_section(model, history);

  detail::replace_file("report", page.file("history.json"), to_json(history));
  write_csv(history, page.file("epochs.csv"));
  if (!history.steps.empty()) write_steps_csv(history, page.file("steps.csv"));
  page.write(title, body);
}

}  // namespace wengert
