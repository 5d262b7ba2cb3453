// SPDX-License-Identifier: MIT
// The figure of task_table: of every task and T the loss of each cell beside its baseline and how
// far back the trained net's gradient reaches, from the table that the program wrote. Not part of
// the library.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <wengert/wengert.h>

/// Small multiples: losses above, reach below, a column a task and a row a T. A point is the median
/// of the trainings, a line goes from the lowest to the highest of them.
class TaskFigure {
 public:
  explicit TaskFigure(const wengert::data::Table& table)
      : tasks_(table.text_column("task")), cells_(table.text_column("cell")) {
    for (const char* name : {"T", "baseline", "loss", "half_life", "horizon"}) {
      const wengert::Tensor column = table.column(name);
      const auto values = column.data<double>();
      numbers_.push_back({values.begin(), values.end()});
    }
    columns_ = unique(tasks_);
    names_ = unique(cells_);
    figure_.title = "Loss and reach after training: cell by task by T";
    figure_.columns = columns_.size();
    figure_.panel_width = 400, figure_.panel_height = 290;
    for (const bool reach : {false, true})
      for (const double T : unique(numbers_[0]))
        for (const std::string& task : columns_) add(task, T, reach);
  }
  const wengert::Figure& figure() const { return figure_; }

 private:
  enum Column { length, baseline, loss, half_life, horizon };
  /// What lies beyond is drawn at these ends, and the axis says so.
  static constexpr double least = 1e-5, longest = 1000;

  template <class T>
  static std::vector<T> unique(const std::vector<T>& values) {
    std::vector<T> result;
    for (const T& value : values)
      if (std::ranges::find(result, value) == result.end()) result.push_back(value);
    return result;
  }

  void add(const std::string& task, double T, bool reach) {
    wengert::Panel panel{.title = wengert::format("{}, T = {}", task, T)};
    for (const std::string& name : names_)
      panel.x.names.push_back(name == "orthogonal" ? "orth." : name);  // six of them have to fit
    panel.x.low = -0.5, panel.x.high = static_cast<double>(names_.size()) - 0.5;
    panel.y.log = true;
    if (reach) {
      panel.y.label = "lag / steps";
      panel.y.low = 1, panel.y.high = 1.6 * longest;
      spread(panel, "half-life", task, T, half_life, -0.15, 0);
      spread(panel, "less than 1 % left", task, T, horizon, 0.15, 1);
      panel.marks.push_back({longest, "at the line: longer, or never"});
    } else {
      panel.y.label = "loss / baseline";
      panel.y.low = 0.6 * least, panel.y.high = 3;
      spread(panel, "median, and lowest to highest", task, T, loss, 0, 0);
      panel.marks.push_back({1, "remembers nothing"});
    }
    figure_.panels.push_back(std::move(panel));
  }

  void spread(wengert::Panel& panel, const std::string& name, const std::string& task, double T,
              Column column, double aside, std::size_t colour) const {
    using Style = wengert::Series::Style;
    wengert::Series medians{.name = name, .style = Style::points, .colour = colour};
    wengert::Series ranges{.style = Style::line, .colour = colour};
    for (std::size_t k = 0; k < names_.size(); ++k) {
      std::vector<double> values = drawn(task, T, names_[k], column);
      if (values.empty()) continue;
      std::ranges::sort(values);
      const double x = static_cast<double>(k) + aside;
      medians.x.push_back(x), medians.y.push_back(values[values.size() / 2]);
      for (const double y : {values.front(), values.back(), std::nan("")})
        ranges.x.push_back(x), ranges.y.push_back(y);
    }
    panel.series.push_back(std::move(medians));
    panel.series.push_back(std::move(ranges));
  }

  std::vector<double> drawn(const std::string& task, double T, const std::string& cell,
                            Column column) const {
    std::vector<double> values;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (tasks_[i] != task || numbers_[length][i] != T || cells_[i] != cell) continue;
      const double value = numbers_[column][i];
      if (column == loss) values.push_back(std::max(value / numbers_[baseline][i], least));
      else values.push_back(std::isnan(value) ? longest : std::clamp(value, 1.0, longest));
    }
    return values;
  }

  std::vector<std::string> tasks_, cells_, columns_, names_;
  std::vector<std::vector<double>> numbers_;
  wengert::Figure figure_;
};
