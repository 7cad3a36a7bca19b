// The memory that all connections of a process may hold.
#pragma once

#include <atomic>
#include <cstddef>

namespace meshcheck::http {

// Shared by the servers of all threads. A connection reports each change of what it holds, and asks
// before it takes memory that it can do without. The bound is soft: up to kAlwaysMax for each
// connection, and one answer that is being made, come on top.
class MemoryBudget {
 public:
  // Bytes that any connection may hold, so that small requests and answers go on when the budget is
  // used up.
  static constexpr std::size_t kAlwaysMax = 16 * 1024;

  explicit MemoryBudget(std::size_t max) : max_(max) {}

  void change(std::size_t before, std::size_t now) { held_ += now - before; }
  // Whether `more` bytes would exceed the budget.
  bool is_short_of(std::size_t more) const { return held_ + more > max_; }
  std::size_t held() const { return held_; }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> held_ = 0;
};

}  // namespace meshcheck::http
