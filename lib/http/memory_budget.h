// What the connections of a process may hold in all.
#pragma once

#include <atomic>
#include <cstddef>

namespace meshcheck::http {

// Shared by the servers of all threads. A connection says how much more or less it holds than
// before; whoever could do without asks first. It is no hard wall: up to kAlwaysMax each, and one
// answer that is being made, come on top.
class MemoryBudget {
 public:
  // Bytes that any connection may hold, so that small requests and answers go on while some hold
  // all there is.
  static constexpr std::size_t kAlwaysMax = 16 * 1024;

  explicit MemoryBudget(std::size_t max) : max_(max) {}

  void change(std::size_t before, std::size_t now) { held_ += now - before; }
  // Whether so much more would be too much.
  bool is_short_of(std::size_t more) const { return held_ + more > max_; }
  std::size_t held() const { return held_; }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> held_ = 0;
};

}  // namespace meshcheck::http
