// SPDX-License-Identifier: MIT
// Nets before and after a cure: a line each of the table, and one page with their lag profiles side
// by side. Not part of the library.
#pragma once

#include <cmath>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <wengert/wengert.h>

/// What remembers: h, and of an LSTM c.
inline const wengert::Var& memory(const wengert::Var& h) { return h; }
inline const wengert::Var& memory(const wengert::LstmState& state) { return state.c; }

/// h_t = h_{t-1} + rate cell(x_t, h_{t-1}): a residual through time.
struct ResidualCell {
  wengert::RnnCell cell;
  double rate = 1;
  wengert::Var operator()(const wengert::Var& x, const wengert::Var& h) const {
    return h + rate * cell(x, h);
  }
  auto initial(const wengert::Var& x) const { return cell.initial(x); }
  static void members(auto& self, auto&& visit) { visit("cell", self.cell); }
};

class Cures {
 public:
  Cures() {
    wengert::print("{:34}  {:>8}  {:>9}  {:>8}  {:>9}  {:>9}  {:>8}", "", "factor", "half-life",
                   "horizon", "saturated", "|dL/dW|", "loss");
    wengert::print("{:34}  {:>8}  {:>9}  {:>8}", "", "a step", "/ steps", "(1 %)");
  }
  /// A net as it was before the cures that follow.
  void before(const std::string& name, const wengert::gradflow::Study& study, double loss) {
    before_ = line(name, study, loss);
  }
  void after(const std::string& name, const wengert::gradflow::Study& study, double loss) {
    pairs_.emplace_back(*before_, line(name, study, loss, "  "));
  }
  /// Errors: FileError.
  void write(const std::string& path) const {
    wengert::Figure figure{.title = "How |dL_s/dh_t| falls with the lag s - t, before and after",
                           .panel_width = 400,
                           .panel_height = 290};
    std::string rows;
    for (const auto& [before, after] : pairs_) {
      wengert::Panel panel{.title = after.name,
                           .x = {.label = "lag s - t / steps"},
                           .y = {.label = "log10, lag 0 = 0", .low = -10, .high = 10}};
      panel.series = {series(before, "before: " + before.name), series(after, "after")};
      figure.panels.push_back(std::move(panel));
      rows += row(before) + row(after);
    }
    const std::string picture = wengert::write_figure(figure, path + ".svg");
    std::ofstream page(path);
    page << "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cures</title><style>"
            "body{font:16px sans-serif;max-width:1250px;margin:auto}td,th{padding:.1rem .8rem;"
            "text-align:right}th:first-child,td:first-child{text-align:left}"
            "tr:nth-child(2n) td{border-bottom:1px solid #bbb}svg{max-width:100%;height:auto}"
            "</style><h1>Recurrent nets before and after a cure</h1><p>Medians over all losses s; "
            "bands: quartiles. Curves leave the frame beyond 1e-10 and 1e10, and end where no "
            "path is left for a quarter of the losses.</p>"
         << picture
         << "<table><thead><tr><th>net, and below it the cured one<th>factor a step<th>half-life / "
            "steps<th>horizon (1 %) / steps<th>saturated<th>|dL/dW|<th>loss</thead><tbody>"
         << rows << "</tbody></table></html>\n";
    if (!page.flush()) throw wengert::FileError(path + ": cannot be written");
  }

 private:
  struct Net {
    std::string name;
    wengert::gradflow::LagProfile lags;
    std::vector<std::string> cells;
  };
  static Net line(const std::string& name, const wengert::gradflow::Study& study, double loss,
                  const std::string& indent = "") {
    double squares = 0;
    for (const auto& row : study.ledger.rows) squares += row.gradient_norm * row.gradient_norm;
    const auto half_life = study.lags.half_life();
    const auto horizon = study.lags.horizon(0.01);
    Net net{name,
            study.lags,
            {wengert::format("{:.3f}", std::exp(study.lags.log_factor)),
             half_life ? wengert::format("{:.1f}", *half_life) : "grows",
             horizon ? wengert::format("{}", *horizon) : wengert::format("> {}", study.steps - 1),
             wengert::format("{:.0f} %", 100 * study.saturation.share),
             wengert::format("{:.2g}", std::sqrt(squares)), wengert::format("{:.2g}", loss)}};
    wengert::print("{:34}  {:>8}  {:>9}  {:>8}  {:>9}  {:>9}  {:>8}", indent + name, net.cells[0],
                   net.cells[1], net.cells[2], net.cells[3], net.cells[4], net.cells[5]);
    return net;
  }
  static wengert::Series series(const Net& net, const std::string& name) {
    wengert::Series result{.name = name};
    for (std::size_t k = 0; k < net.lags.median.size() && std::isfinite(net.lags.low[k]); ++k) {
      result.x.push_back(static_cast<double>(k));
      result.y.push_back(net.lags.median[k] / std::log(10));
      result.low.push_back(net.lags.low[k] / std::log(10));
      result.high.push_back(net.lags.high[k] / std::log(10));
    }
    return result;
  }
  static std::string row(const Net& net) {
    std::string text = "<tr><td>" + net.name;
    for (const std::string& cell : net.cells)
      text += "<td>" + (cell[0] == '>' ? "&gt;" + cell.substr(1) : cell);
    return text + "</tr>\n";
  }

  std::optional<Net> before_;
  std::vector<std::pair<Net, Net>> pairs_;
};
