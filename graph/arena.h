// SPDX-License-Identifier: MIT
// Memory for the op objects of one tape: bump allocation, freed together.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace wengert::detail {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { clear(); }

  template <class T>
  const T* make(const T& value) {
    static_assert(alignof(T) <= alignof(std::max_align_t));
    void* memory = take(sizeof(T));
    const T* object = new (memory) T(value);
    if constexpr (needs_destructor<T>) {
      destructors_.push_back({memory, [](void* p) { static_cast<T*>(p)->~T(); }});
    }
    return object;
  }

  /// Bytes taken so far, spare room at the ends of chunks included.
  std::size_t used() const {
    const std::size_t full = chunks_.empty() ? 0 : (chunks_.size() - 1) * chunk;
    return full + used_ + destructors_.size() * sizeof(Destructor);
  }

  /// Destroys everything; keeps the first chunk for the next use.
  void clear() {
    for (; !destructors_.empty(); destructors_.pop_back())
      destructors_.back().destroy(destructors_.back().object);
    if (chunks_.size() > 1) chunks_.resize(1);
    used_ = 0;
  }

 private:
  static constexpr std::size_t chunk = 1 << 16;
  // A virtual destructor is never trivial; an op whose members are all plain says so itself.
  template <class T>
  static constexpr bool needs_destructor = !requires {
    typename T::OnlyPlainMembers;
  };

  struct Destructor {
    void* object;
    void (*destroy)(void*);
  };

  void* take(std::size_t bytes) {
    bytes = (bytes + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) *
            alignof(std::max_align_t);
    if (chunks_.empty() || used_ + bytes > chunk) {
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(bytes > chunk ? bytes : chunk));
      used_ = 0;
    }
    void* memory = chunks_.back().get() + used_;
    used_ += bytes;
    return memory;
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::vector<Destructor> destructors_;
  std::size_t used_ = 0;
};

}  // namespace wengert::detail
