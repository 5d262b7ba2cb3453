// SPDX-License-Identifier: MIT
#include "pool.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <new>

namespace wengert {
namespace detail {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool caching = false;  // let the sanitizer see every allocation
#else
constexpr bool caching = true;
#endif

// Size classes: 256 bytes and up, four steps an octave, so that rounding wastes at most a fifth.
constexpr std::size_t smallest = 256;
constexpr std::size_t largest_cached = std::size_t{64} << 20;
constexpr std::size_t most_cached = std::size_t{256} << 20;
constexpr std::size_t class_count = std::size_t{4} * 19;
constexpr std::uint16_t uncached = 0xffff;

constexpr std::size_t class_of(std::size_t bytes) {
  if (bytes <= smallest) return 0;
  const auto octave = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;
  const std::size_t quarter = ((bytes - 1) >> (octave - 2)) & 3;
  return (octave - 8) * 4 + quarter + 1;
}
constexpr std::size_t bytes_of(std::size_t size_class) {
  if (size_class == 0) return smallest;
  const std::size_t octave = (size_class - 1) / 4 + 8;
  const std::size_t quarter = (size_class - 1) % 4;
  return (std::size_t{5} + quarter) << (octave - 2);
}
static_assert(bytes_of(class_of(257)) == 320 && bytes_of(class_of(320)) == 320);
static_assert(bytes_of(class_of(512)) == 512 && bytes_of(class_of(513)) == 640);
static_assert(class_of(largest_cached) < class_count);

struct FreeBlock {
  FreeBlock* next;
};

// Trivially destructible, so that tensors which outlive their thread's other objects can still be
// released; `Emptier` gives the cache back when the thread ends.
struct Cache {
  std::array<FreeBlock*, class_count> free{};
  std::size_t bytes = 0;
  MemoryUse use;
  bool watched = false;
  bool over = false;
};
constinit thread_local Cache cache;

void empty_cache() noexcept {
  for (FreeBlock*& head : cache.free) {
    while (head) {
      FreeBlock* next = head->next;
      std::free(head);
      head = next;
    }
  }
  cache.bytes = 0;
}

struct Emptier {
  Emptier() { cache.watched = true; }
  ~Emptier() {
    empty_cache();
    cache.over = true;
  }
  Emptier(const Emptier&) = delete;
  Emptier& operator=(const Emptier&) = delete;
};

void watch_thread_end() { static thread_local Emptier emptier; }

void* system_allocate(std::size_t bytes) {
  void* memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory) throw std::bad_alloc();
  return memory;
}

void* take(std::size_t bytes, std::uint16_t& size_class) {
  if (bytes > largest_cached) {
    size_class = uncached;
    cache.use.live += static_cast<std::int64_t>(bytes);
    if (cache.use.live > cache.use.peak) cache.use.peak = cache.use.live;
    return system_allocate(bytes);
  }
  const std::size_t index = class_of(bytes);
  size_class = static_cast<std::uint16_t>(index);
  const std::size_t rounded = bytes_of(index);
  void* memory = nullptr;
  if (FreeBlock* head = cache.free[index]) {
    cache.free[index] = head->next;
    cache.bytes -= rounded;
    memory = head;
  } else {
    memory = system_allocate(rounded);
  }
  cache.use.live += static_cast<std::int64_t>(rounded);
  if (cache.use.live > cache.use.peak) cache.use.peak = cache.use.live;
  return memory;
}

}  // namespace

Block* allocate(const Shape& shape, DType dtype) {
  std::size_t size = 1;
  bool overflow = false;
  for (const std::size_t extent : shape) overflow |= __builtin_mul_overflow(size, extent, &size);
  std::size_t bytes = 0;
  overflow |= __builtin_mul_overflow(size, size_of(dtype), &bytes);
  overflow |= __builtin_add_overflow(bytes, sizeof(Block), &bytes);
  if (overflow || bytes > std::size_t{1} << 62) throw std::bad_alloc();
  std::uint16_t size_class = 0;
  void* memory = take(bytes, size_class);
  auto* block = new (memory) Block;
  block->size_class = size_class;
  block->dtype = dtype;
  block->data = block + 1;
  block->size = size;
  block->shape = shape;
  return block;
}

Block* allocate_view(Block* owner, void* data, const Shape& shape) {
  Block* root = owner->owner ? owner->owner : owner;
  std::uint16_t size_class = 0;
  auto* block = new (take(sizeof(Block), size_class)) Block;
  retain(root);
  block->size_class = size_class;
  block->dtype = root->dtype;
  block->data = data;
  block->owner = root;
  block->size = shape.size();
  block->shape = shape;
  return block;
}

void release(Block* block) noexcept {
  if (block->owner) drop(block->owner);
  const std::uint16_t size_class = block->size_class;
  if (size_class == uncached) {
    cache.use.live -=
        static_cast<std::int64_t>(block->size * size_of(block->dtype) + sizeof(Block));
    std::free(block);
    return;
  }
  const std::size_t bytes = bytes_of(size_class);
  cache.use.live -= static_cast<std::int64_t>(bytes);
  if (!caching || cache.over || cache.bytes + bytes > most_cached) {
    std::free(block);
    return;
  }
  if (!cache.watched) watch_thread_end();
  cache.free[size_class] = new (block) FreeBlock{cache.free[size_class]};
  cache.bytes += bytes;
}

}  // namespace detail

MemoryUse memory_use() { return detail::cache.use; }
void reset_peak_memory() { detail::cache.use.peak = detail::cache.use.live; }
void trim_memory() { detail::empty_cache(); }

}  // namespace wengert
