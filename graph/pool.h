// SPDX-License-Identifier: MIT
// Memory for tensors: a counted block (header and elements in one allocation) from a per-thread
// cache of freed blocks. The cache is bounded and no result depends on it. Leaves what the elements
// mean to tensor.h.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dtype.h"
#include "shape.h"

namespace wengert {

namespace detail {

/// Header of a tensor's memory. A view (`owner` set) holds a count on the block whose elements it
/// shows. 128 bytes, so that the elements behind it start on a cache line.
struct alignas(64) Block {
  std::atomic<std::uint32_t> count{1};
  std::uint16_t size_class = 0;
  DType dtype = DType::f32;
  void* data = nullptr;
  Block* owner = nullptr;
  std::size_t size = 0;  ///< elements
  Shape shape;
};

/// A block with room for `shape.size()` elements, uninitialised, count 1.
/// Errors: std::bad_alloc.
Block* allocate(const Shape& shape, DType dtype);
/// A header that shows elements of `owner` from `data` on; takes a count on the owner's root.
Block* allocate_view(Block* owner, void* data, const Shape& shape);
void release(Block* block) noexcept;

inline void retain(Block* block) noexcept { block->count.fetch_add(1, std::memory_order_relaxed); }
inline void drop(Block* block) noexcept {
  // A sole owner needs no read-modify-write: nobody else can add a count meanwhile.
  if (block->count.load(std::memory_order_acquire) == 1 ||
      block->count.fetch_sub(1, std::memory_order_acq_rel) == 1)
    release(block);
}

}  // namespace detail

/// Bytes of tensor memory taken and not yet given back by the calling thread, and the highest value
/// since `reset_peak_memory` (blocks as allocated, headers included, views without their elements).
struct MemoryUse {
  std::int64_t live = 0;
  std::int64_t peak = 0;
};
MemoryUse memory_use();
void reset_peak_memory();
/// Gives the calling thread's cached blocks back to the system.
void trim_memory();

}  // namespace wengert
