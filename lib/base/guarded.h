// A value that several threads share, reachable only while its mutex is held.
#pragma once

#include <mutex>
#include <utility>

namespace meshcheck {

// With uv::Mailbox the only place that holds a mutex. Threads that pass messages use a Mailbox;
// this is for state that several network loops read and write at once, where a message to an
// owner and back would cost more than the work. The function must not block and must not take
// another Guarded: with one lock at a time there is no order to get wrong.
template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  // Runs `function(T&)` under the lock and returns its result, which must not point into T.
  template <typename Function>
  auto with(Function&& function) {
    const std::lock_guard lock(mutex_);
    return std::forward<Function>(function)(value_);
  }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace meshcheck
