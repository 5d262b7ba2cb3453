// SPDX-License-Identifier: MIT
#include "tensorboard.h"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <boost/locale/utf.hpp>
#include <fmt/format.h>
#include <tensorboard.pb.h>
#include <unistd.h>

#include "../figures/png.h"
#include "../graph/error.h"
#include "buckets.h"
#include "event_record.h"

namespace wengert {
namespace {

constexpr std::size_t bucket_count = 30;
constexpr std::chrono::seconds between_flushes{2};

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool is_utf8(std::string_view text) {
  using Utf8 = boost::locale::utf::utf_traits<char>;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const auto point = Utf8::decode(at, end);
    if (point == boost::locale::utf::illegal || point == boost::locale::utf::incomplete)
      return false;
  }
  return true;
}

event::Event event_at(std::int64_t step) {
  event::Event event;
  event.set_wall_time(seconds_since_1970());
  event.set_step(step);
  return event;
}

event::Summary::Value& value_of(event::Event& event, const char* op, std::string_view tag) {
  if (tag.empty()) throw ValueError(fmt::format("{}: the tag is empty", op));
  if (!is_utf8(tag)) throw ValueError(fmt::format("{}: the tag is no UTF-8", op));
  event::Summary::Value& value = *event.mutable_summary()->add_values();
  value.set_tag(std::string(tag));
  return value;
}

}  // namespace

struct TensorBoard::State {
  struct Close {
    void operator()(std::FILE* open) const { std::fclose(open); }
  };
  std::string path;
  std::unique_ptr<std::FILE, Close> file;
  std::chrono::steady_clock::time_point flushed = std::chrono::steady_clock::now();

  explicit State(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
      throw FileError(
          fmt::format("tensorboard: cannot make the folder '{}': {}", folder, error.message()));
    open(folder);
    event::Event version = event_at(0);
    version.set_file_version("brain.Event:2");
    write(version);
    flush();
  }

  void open(const std::string& folder) {
    // TensorBoard reads the files of a folder in the order of their names: the time first.
    const auto now = static_cast<std::int64_t>(seconds_since_1970());
    for (int number = 0; !file; ++number) {
      const std::string name =
          fmt::format("events.out.tfevents.{:010}.{}.{}.wengert", now, getpid(), number);
      path = (std::filesystem::path(folder) / name).string();
      file.reset(std::fopen(path.c_str(), "wbx"));
      if (!file && errno != EEXIST) fail();
    }
  }

  void write(const event::Event& event) {
    const std::string record = detail::event_record(event.SerializeAsString());
    if (std::fwrite(record.data(), 1, record.size(), file.get()) != record.size()) fail();
    if (std::chrono::steady_clock::now() - flushed > between_flushes) flush();
  }

  void flush() {
    if (std::fflush(file.get()) != 0) fail();
    flushed = std::chrono::steady_clock::now();
  }

  [[noreturn]] void fail() const {
    throw FileError(fmt::format("tensorboard: cannot write '{}': {}", path, std::strerror(errno)));
  }
};

bool have_tensorboard() { return true; }

TensorBoard::TensorBoard(const std::string& folder) : state_(std::make_unique<State>(folder)) {}
TensorBoard::TensorBoard(TensorBoard&&) noexcept = default;
TensorBoard& TensorBoard::operator=(TensorBoard&&) noexcept = default;
TensorBoard::~TensorBoard() = default;

void TensorBoard::scalar(std::string_view tag, double value, std::int64_t step) {
  event::Event event = event_at(step);
  value_of(event, "tensorboard.scalar", tag).set_scalar(static_cast<float>(value));
  state_->write(event);
}

void TensorBoard::histogram(std::string_view tag, const Tensor& values, std::int64_t step) {
  const char* op = "tensorboard.histogram";
  if (values.size() == 0)
    throw ValueError(
        fmt::format("{}: '{}' has no elements: {}", op, tag, to_string(values.shape())));
  event::Event event = event_at(step);
  event::Histogram& histogram = *value_of(event, op, tag).mutable_histogram();
  const detail::Buckets counted = detail::buckets(values, bucket_count);
  histogram.set_min(counted.smallest);
  histogram.set_max(counted.largest);
  histogram.set_count(static_cast<double>(counted.finite));
  histogram.set_sum(counted.sum);
  histogram.set_sum_of_squares(counted.sum_of_squares);
  for (const double edge : counted.right_edges) histogram.add_bucket_limit(edge);
  for (const std::size_t count : counted.counts) histogram.add_bucket(static_cast<double>(count));
  if (counted.non_finite != 0)
    value_of(event, op, fmt::format("{}/non_finite", tag))
        .set_scalar(static_cast<float>(counted.non_finite));
  state_->write(event);
}

void TensorBoard::image(std::string_view tag, const Tensor& pixels, std::int64_t step) {
  const char* op = "tensorboard.image";
  event::Event event = event_at(step);
  event::Image& image = *value_of(event, op, tag).mutable_image();
  image.set_png(detail::png(op, pixels));
  image.set_height(static_cast<std::int32_t>(pixels.shape()[0]));
  image.set_width(static_cast<std::int32_t>(pixels.shape()[1]));
  image.set_channels(pixels.rank() == 3 ? 3 : 1);
  state_->write(event);
}

void TensorBoard::restart(std::int64_t step) {
  event::Event event = event_at(step);
  event.mutable_session_log()->set_status(event::SessionLog::START);
  // TensorBoard takes the first start it sees in a folder for the first of the training.
  state_->write(event);
  state_->write(event);
}

void TensorBoard::flush() { state_->flush(); }

const std::string& TensorBoard::path() const { return state_->path; }

}  // namespace wengert
