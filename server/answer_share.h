// One copy of a large answer for all who ask for it at once.
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

// Of one route. Who asks while another is still being sent the answer gets the same one if it is
// not older than kAgeMax; so readers that do not read hold one copy, not one each. Who asks alone
// gets a new one. With gzip and without are two answers. For all network threads; two of them that
// ask in the same moment may make one each, as no lock is held meanwhile.
class AnswerShare {
 public:
  static constexpr std::chrono::seconds kAgeMax{1};
  // Smaller ones are with the kernel at once, and are not shared.
  static constexpr std::size_t kSharedMin = 64 * 1024;

  // `memory` is charged with what is held, and outlives the share.
  explicit AnswerShare(http::MemoryBudget& memory,
                       std::function<Clock::time_point()> clock = Clock::now)
      : memory_(memory), clock_(std::move(clock)) {}

  // `gzips`: the client takes gzip.
  http::Response answer(std::string_view content_type, bool gzips,
                        const std::function<std::string()>& make);
  // Frees what nobody is being sent any more.
  void forget_unused();

 private:
  struct Latest {
    http::SharedBody body;
    Clock::time_point made;  // When that was done: requests wait for a thread that makes one.
  };

  http::MemoryBudget& memory_;
  const std::function<Clock::time_point()> clock_;
  std::array<Guarded<Latest>, 2> latest_;  // As it is, and in gzip.
};

}  // namespace meshcheck::server
