// SPDX-License-Identifier: MIT
#include "resume.h"

#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <zlib.h>

#include "../graph/error.h"
#include "../nn/safetensors.h"

namespace wengert {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view number_note = "resume number";
constexpr std::string_view sum_note = "resume sum";

// Over names, values and notes, in the order of the maps.
std::string sum_of(const Snapshot& snapshot) {
  uLong sum = crc32(0, nullptr, 0);
  const auto add = [&](const void* bytes, std::size_t size) {
    sum = crc32_z(sum, static_cast<const Bytef*>(bytes), size);
  };
  for (const auto& [name, tensor] : snapshot.tensors) {
    add(name.data(), name.size());
    dispatch(tensor.dtype(), [&]<class T>(T) {
      const std::span<const T> values = tensor.data<T>();
      add(values.data(), values.size_bytes());
    });
  }
  for (const auto& [name, text] : snapshot.notes) {
    add(name.data(), name.size());
    add(text.data(), text.size());
  }
  return fmt::format("{:08x}", sum);
}

struct Found {
  std::uint64_t number = 0;
  Snapshot snapshot;
};

/// Errors: FileError if it is not whole.
Found read(const std::string& path) {
  SafeTensors file = load_tensors(path);
  Found found{0, {std::move(file.tensors), std::move(file.metadata)}};
  const auto take_note = [&](std::string_view name) {
    const auto note = found.snapshot.notes.find(std::string(name));
    if (note == found.snapshot.notes.end())
      throw FileError(fmt::format("resume: {} was not written by a training", path));
    std::string text = note->second;
    found.snapshot.notes.erase(note);
    return text;
  };
  const std::string number = take_note(number_note);
  const std::string sum = take_note(sum_note);
  std::from_chars(number.data(), number.data() + number.size(), found.number);
  if (sum != sum_of(found.snapshot) || found.number == 0)
    throw FileError(fmt::format("resume: the values in {} are damaged: their sum is wrong", path));
  return found;
}

}  // namespace

ResumeFiles::ResumeFiles(std::string folder) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error || !fs::is_directory(folder_))
    throw FileError(fmt::format("resume: cannot make the folder '{}': {}", folder_,
                                error ? error.message() : "a file is in its place"));
}

std::string ResumeFiles::path_of(std::uint64_t number) const {
  return (fs::path(folder_) / fmt::format("state-{}.safetensors", number % 2)).string();
}

std::optional<Snapshot> ResumeFiles::latest() {
  std::optional<Snapshot> newest;
  std::string reasons;
  last_ = 0;
  for (const std::uint64_t which : {0, 1}) {
    const std::string path = path_of(which);
    if (!fs::exists(path)) continue;
    try {
      Found found = read(path);
      if (found.number <= last_) continue;
      last_ = found.number;
      newest = std::move(found.snapshot);
    } catch (const Error& error) {
      reasons += fmt::format("\n  {}", error.what());
    }
  }
  remark_ = reasons.empty() ? "" : reasons.substr(3);
  if (!newest && !reasons.empty())
    throw FileError(fmt::format("resume: there is no whole file in '{}':{}", folder_, reasons));
  return newest;
}

void ResumeFiles::write(const Snapshot& snapshot) {
  std::map<std::string, std::string> notes = snapshot.notes;
  notes[std::string(number_note)] = fmt::format("{}", last_ + 1);
  notes[std::string(sum_note)] = sum_of(snapshot);
  save_tensors(path_of(last_ + 1), snapshot.tensors, notes);
  ++last_;
}

}  // namespace wengert
