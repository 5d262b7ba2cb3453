// SPDX-License-Identifier: MIT
// An allocator for arrays that grow with the tape: at ten million nodes, page faults on 4 KiB pages
// would cost three times as much as recording.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace wengert::detail {

template <class T>
struct HugePages {
  using value_type = T;

  HugePages() = default;
  template <class U>
  HugePages(const HugePages<U>&) {}  // NOLINT(google-explicit-constructor): as allocators do

  T* allocate(std::size_t count) {
    constexpr std::size_t page = std::size_t{2} << 20;
    const std::size_t bytes = count * sizeof(T);
    void* memory = nullptr;
    if (bytes < 2 * page) {
      memory = std::malloc(bytes);
    } else {
      const std::size_t rounded = (bytes + page - 1) / page * page;
      memory = std::aligned_alloc(page, rounded);
#if defined(MADV_HUGEPAGE)
      if (memory) madvise(memory, rounded, MADV_HUGEPAGE);  // a wish: without it only slower
#endif
    }
    if (!memory) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }

  friend bool operator==(const HugePages&, const HugePages&) { return true; }
};

}  // namespace wengert::detail
