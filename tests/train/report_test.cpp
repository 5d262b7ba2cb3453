// SPDX-License-Identifier: MIT
// The report of a training that really was, its structure, and what hostile names do to it:
// nothing.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <wengert/graph/error.h>
#include <wengert/nn/dropout.h>
#include <wengert/nn/sequential.h>
#include <wengert/train/fingerprint.h>
#include <wengert/train/history_figures.h>
#include <wengert/train/report.h>
#include <wengert/wengert.h>

#include "../catch.h"
#include "../folder.h"
#include "lessons.h"

namespace wg = wengert;
using Catch::Matchers::ContainsSubstring;

namespace {

namespace fs = std::filesystem;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at) ++found;
  return found;
}

wg::Sequential<wg::Linear, wg::Dropout, wg::Linear> model(std::uint64_t seed = 1) {
  wg::Rng rng{seed};
  return {wg::Linear{64, 8, rng}, wg::Dropout{0.5, rng}, wg::Linear{8, 10, rng}};
}

const wg::History& trained() {
  static const wg::History history = [] {
    wg::History result = teach({.epochs = 12});
    result.floor = 0.01;
    result.epochs.back().validation_metrics["accuracy"] = {.value = 0.9, .error = 0.015};
    result.data = {wg::data_record("training inputs", wg::zeros({1000, 64}))};
    return result;
  }();
  return history;
}

wg::ReportParts everything() {
  return {.title = "A title",
          .notes = "First.\n\nSecond,\nstill second.",
          .strips = {{"original", wg::zeros({3, 64})}, {"copy", wg::ones({3, 64})}},
          .latent = wg::matrix({{1, 2}, {3, 4}, {5, 6}}),
          .latent_classes = wg::labels({0, 1, 1}),
          .confusion = wg::matrix({{8, 2}, {1, 9}}),
          .class_names = {"cat", "dog"}};
}

/// A parser's opinion: every element closed in turn, nothing loaded from elsewhere. Empty: none.
std::string complaints(const std::string& path) {
  static const char* const program =
      "import sys,html.parser as h\n"
      "void={'meta','br','img','link','input','hr'}\n"
      "class P(h.HTMLParser):\n"
      " def __init__(s): super().__init__(); s.open=[]; s.ids=set()\n"
      " def handle_startendtag(s,t,a): s.look(t,a)\n"
      " def handle_starttag(s,t,a):\n"
      "  s.look(t,a)\n"
      "  if t not in void: s.open.append(t)\n"
      " def handle_endtag(s,t):\n"
      "  o=s.open.pop() if s.open else None\n"
      "  if o!=t: print('closed',t,'in',o,s.getpos())\n"
      " def look(s,t,a):\n"
      "  if t in ('script','iframe','object','embed','link','base'): print('element',t)\n"
      "  for k,v in a:\n"
      "   if k.startswith('on'): print('handler',k)\n"
      "   if k in('href','src','xlink:href') and not v.startswith(('#','data:image/png;base64,')): "
      "print(k,v)\n"
      "   if k=='id':\n"
      "    if v in s.ids: print('twice',v)\n"
      "    s.ids.add(v)\n"
      "p=P(); p.feed(open(sys.argv[1],encoding='utf-8').read()); p.close()\n"
      "if p.open: print('open',p.open)\n";
  // A folder of a harmless name, so that no quoting is needed.
  std::string folder = (fs::temp_directory_path() / "wengert-page-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()));
  std::ofstream(folder + "/look.py") << program;
  fs::copy_file(path, folder + "/page.html");
  std::FILE* pipe =
      popen(fmt::format("python3 {0}/look.py {0}/page.html 2>&1", folder).c_str(), "r");
  REQUIRE(pipe);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) text += static_cast<char>(c);
  const int status = pclose(pipe);
  fs::remove_all(folder);
  return status == 0 ? text : fmt::format("python3: {}", text);
}

bool has_python() { return std::system("python3 -c 1 >/dev/null 2>&1") == 0; }

}  // namespace

TEST_CASE("a report holds all its parts in one page that loads nothing", "[report]") {
  const AwkwardFolder folder;
  const std::string path = folder.path("run.html");
  auto net = model();
  wg::report(path, net, trained(), everything());
  const std::string html = text_of(path);
  for (const char* heading :
       {"Diagnosis", "In short", "Curves", "Images", "Latent space", "Confusion matrix", "Model",
        "Gradients by parameter", "Epochs", "To do it again"}) {
    CAPTURE(heading);
    CHECK(count(html, fmt::format("<h2>{}</h2>", heading)) == 1);
  }
  CHECK_THAT(html, ContainsSubstring("<p>First.</p>\n<p>Second,\nstill second.</p>"));
  CHECK(count(html, "<svg") == 6);  // loss, rate, metrics, gradient, strip, latent
  CHECK(count(html, "</svg>") == 6);
  CHECK(count(html, "data:image/png;base64,") == 6);
  CHECK_THAT(html, ContainsSubstring("17 right: accuracy 85.00 ± 7.98 %"));
  CHECK_THAT(html, ContainsSubstring(wg::fingerprint(net)));
  CHECK_THAT(html, ContainsSubstring(trained().data[0].sum));
  CHECK_THAT(html, ContainsSubstring("default-src 'none'"));
  CHECK(count(html, "http") == count(html, "http-equiv") + count(html, "http://www.w3.org/"));
  if (has_python()) CHECK(complaints(path) == "");
}

TEST_CASE("beside a report are the numbers and scripts it was made from", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  wg::report(folder.path("a run.html"), net, trained());
  for (const char* name :
       {"loss.svg", "loss.csv", "loss.gp", "gradient.csv", "rate.gp", "epochs.csv", "steps.csv"})
    CHECK(fs::exists(folder.path(std::string("a run_files/") + name)));
  const wg::History again = wg::history_from_json(text_of(folder.path("a run_files/history.json")));
  CHECK(wg::to_json(again) == wg::to_json(trained()));
}

TEST_CASE("names of any kind are text in a report", "[report]") {
  const AwkwardFolder folder;
  const std::string hostile = "</title><script>alert(1)</script><img src=x onerror=y>\"'&\xff\x01";
  wg::History history = trained();
  history.loss_name = history.optimizer = history.stopped = hostile;
  history.data[0].name = history.data[0].dtype = history.data[0].sum = hostile;
  for (wg::EpochRecord& epoch : history.epochs) {
    epoch.metrics[hostile] = {.value = 1};
    epoch.validation_metrics[hostile] = {.value = 2};
    for (wg::GroupStatistics& group : epoch.groups) group.name = hostile;
  }
  wg::ReportParts parts = everything();
  parts.title = parts.notes = hostile;
  parts.strips[0].title = hostile;
  parts.class_names = {hostile, hostile};
  const std::string path = folder.path("hostile.html");
  auto net = model();
  wg::report(path, net, history, parts);
  const std::string html = text_of(path);
  CHECK(count(html, "<script") == 0);
  CHECK(count(html, "<img") == 0);
  CHECK(html.find('\xff') == std::string::npos);
  CHECK(count(html, "&lt;script&gt;") > 10);
  if (has_python()) CHECK(complaints(path) == "");
}

TEST_CASE("a report runs the model without changing it", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  const wg::Rng before = net.get<1>().rng;
  const std::string weights = wg::fingerprint(net);
  wg::report(folder.path("run.html"), net, trained());
  CHECK(net.get<1>().rng == before);
  CHECK(wg::fingerprint(net) == weights);
}

TEST_CASE("a model that does not take the sample is listed by its parameters", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  wg::ReportParts parts;
  parts.sample = wg::zeros({1, 5});
  wg::report(folder.path("run.html"), net, trained(), parts);
  CHECK_THAT(text_of(folder.path("run.html")),
             ContainsSubstring("<th scope=\"row\">0.weight</th><td>[8, 64]</td><td>512</td>"));
}

TEST_CASE("a report of nothing and of a training that burst are reports", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  wg::report(folder.path("nothing.html"), net, {});
  CHECK_THAT(text_of(folder.path("nothing.html")), ContainsSubstring("no epoch was completed") ||
                                                       ContainsSubstring("No epoch was completed"));
  const wg::History burst = teach(
      {.task = Lesson::Task::curve, .samples = 512, .epochs = 30, .adam = false, .rate = 0.8});
  wg::report(folder.path("burst.html"), net, burst);
  CHECK_THAT(text_of(folder.path("burst.html")),
             ContainsSubstring("Fault: not finite") && ContainsSubstring("learning rate too high"));
  if (has_python()) CHECK(complaints(folder.path("burst.html")) == "");
}

TEST_CASE("without gnuplot a report says so and is whole otherwise", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder.path("").c_str(), 1);
  wg::report(folder.path("run.html"), net, trained());
  setenv("PATH", path.c_str(), 1);
  const std::string html = text_of(folder.path("run.html"));
  CHECK(count(html, "gnuplot is not on PATH") == 4);
  CHECK_THAT(html, ContainsSubstring("To do it again"));
  CHECK(fs::exists(folder.path("run_files/loss.csv")));
}

TEST_CASE("parts that do not fit are refused before anything is written", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  const auto refused = [&](auto&& spoil, const std::string& message) {
    wg::ReportParts parts = everything();
    spoil(parts);
    CHECK_THROWS_WITH(wg::report(folder.path("run.html"), net, trained(), parts),
                      ContainsSubstring(message));
    CHECK(fs::is_empty(folder.path("")));
  };
  refused([](auto& p) { p.strips[0].images = wg::zeros({3, 60}); }, "not square");
  refused([](auto& p) { p.latent = wg::zeros({3, 3}); }, "latent points are [n, 2]: [3, 3]");
  refused([](auto& p) { p.latent_classes = wg::labels({1}); }, "as many latent_classes");
  refused([](auto& p) { p.confusion = wg::zeros({2, 3}); }, "square: [2, 3]");
  refused([](auto& p) { p.confusion = wg::matrix({{1, -1}, {0, 0}}); }, "holds counts: -1");
  refused([](auto& p) { p.class_names = {"one"}; }, "as many class names");
  CHECK_THROWS_AS(wg::report(folder.path(""), net, trained()), wg::FileError);
}

TEST_CASE("a report where nothing can be written names the path", "[report]") {
  const AwkwardFolder folder;
  auto net = model();
  std::ofstream(folder.path("file")) << "not a folder";
  CHECK_THROWS_WITH(wg::report(folder.path("file/run.html"), net, trained()),
                    ContainsSubstring("file/run_files"));
}

TEST_CASE("a band over runs is their median and quartiles, whatever run is short or burst",
          "[report]") {
  const std::vector<double> x{1, 2, 3};
  const std::vector<std::vector<double>> runs{
      {1, 10, 5}, {2, 20}, {3, 30, NAN}, {4, 40, INFINITY}, {5, 50}};
  const wg::Series series = wg::over_runs("loss", x, runs);
  CHECK(series.y == std::vector<double>{3, 30, 5});
  CHECK(series.low == std::vector<double>{2, 20, 5});
  CHECK(series.high == std::vector<double>{4, 40, 5});
  CHECK(wg::over_runs("loss", x, runs, wg::Band::extremes).high == std::vector<double>{5, 50, 5});
  // numpy.quantile([1, 2, 3, 4], [.25, .5, .75])
  const std::vector<std::vector<double>> four{{1}, {4}, {2}, {3}};
  const wg::Series even = wg::over_runs("", std::vector<double>{1}, four);
  CHECK(even.low[0] == 1.75);
  CHECK(even.y[0] == 2.5);
  CHECK(even.high[0] == 3.25);
  const std::vector<wg::History> histories{trained(), trained()};
  const auto loss = [](const wg::EpochRecord& e) { return e.loss; };
  CHECK(wg::over_runs("", histories, loss).y[4] == trained().epochs[4].loss);
}

TEST_CASE("the loss figure shows the excess where a floor is known, and steps if epochs are few",
          "[report]") {
  const wg::Figure figure = wg::loss_figure(trained());
  REQUIRE(figure.panels.size() == 2);
  CHECK(figure.panels[0].series[1].y[3] == trained().epochs[3].validation_loss->value);
  CHECK(figure.panels[1].series[0].y[3] == trained().epochs[3].loss - 0.01);
  CHECK(figure.panels[0].y.label == "cross_entropy / nats");
  const wg::History few = teach({.epochs = 2});
  CHECK(wg::loss_figure(few).panels[0].series.size() == 3);
  CHECK(wg::loss_figure(few).panels[0].series[2].y.size() == few.steps.size());
  CHECK(wg::metrics_figure(few).panels.empty());
}
