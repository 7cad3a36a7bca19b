// One copy of a large answer for all clients that ask for it at once.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/guarded.h"
#include "lib/base/time.h"
#include "lib/http/message.h"
#include "lib/http/shared_body.h"

namespace meshcheck::server {

// The answer of one route. A request that comes within kAgeMax gets the copy that was made last,
// also if nobody is being sent it any more; stalled clients hold one copy in all. A copy that does
// not fit into the memory is not kept, and for kAgeMax requests are refused that it would not fit
// for either, without another being made. Otherwise a new answer is made. Gzip and plain are two
// answers. For all network threads; two of them may make an answer each at the same moment, as no
// lock is held meanwhile.
class AnswerShare {
 public:
  static constexpr std::chrono::seconds kAgeMax{1};
  // Smaller answers fit into the kernel's buffers, and are not shared.
  static constexpr std::size_t kSharedMin = 64 * 1024;

  // `memory` is charged with the copies, and outlives the share.
  explicit AnswerShare(http::MemoryBudget& memory,
                       std::function<Clock::time_point()> clock = Clock::now)
      : memory_(memory), clock_(std::move(clock)) {}

  // To a client that takes gzip, in gzip; not for HEAD, of which the connection says the same.
  http::Response answer(std::string_view content_type, const http::Request& request,
                        const std::function<std::string()>& make);
  // Frees copies that are sent to no client any more, and are too old or in the way of others. To
  // be called about twice a second.
  void forget_unused();

 private:
  struct Latest {
    http::SharedBody body;   // Empty: it did not fit.
    std::size_t size = 0;    // Of `body`; 0: none was made yet.
    Clock::time_point made;  // When the answer was complete.

    bool is_new(Clock::time_point now) const { return size != 0 && now - made <= kAgeMax; }
  };

  http::MemoryBudget& memory_;
  const std::function<Clock::time_point()> clock_;
  std::array<Guarded<Latest>, 2> latest_;  // As it is, and in gzip.
};

}  // namespace meshcheck::server
