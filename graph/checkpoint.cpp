// SPDX-License-Identifier: MIT
#include "checkpoint.h"

#include "error.h"
#include "recording.h"

namespace wengert::detail {

CheckpointSegment::CheckpointSegment(std::initializer_list<const Var*> inputs) {
  for (const Var* input : inputs) {
    Recording* recording = Recording::of(*input);
    if (recording && recording_ && recording != recording_)
      throw TapeError("checkpoint: its arguments are on two tapes");
    if (recording) recording_ = recording;
  }
  if (!recording_) return;
  begin_ = recording_->size();
  outermost_ = recording_->open_segment == Recording::none;
  if (outermost_) recording_->open_segment = begin_;
}

// Also after an exception in f: what was recorded lacks its values and has to be known as a
// segment.
CheckpointSegment::~CheckpointSegment() {
  if (!recording_) return;
  if (outermost_) recording_->open_segment = Recording::none;
  if (recording_->size() > begin_) recording_->segments.push_back({begin_, recording_->size()});
}

}  // namespace wengert::detail
