// How many octets a reflector still sends, to one address and in all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "lib/base/ip_address.h"
#include "lib/base/time.h"

namespace meshcheck::stamp {

// Token buckets of one second's worth each. A hash with a secret seed gives an address one of
// kBuckets buckets, so memory is bounded and no attacker can fill a table. Two addresses with the
// same bucket share its budget. Reads no clock; one thread; 16 KB.
class ReplyBudget {
 public:
  struct Options {
    std::uint64_t to_one = 1 << 20;  // Octets of UDP payload a second, to one address; 0: no bound.
    std::uint64_t in_all = 16 << 20;  // To all addresses; 0: no bound.
    std::uint64_t seed = 0;           // Of the hash; another one at each start.
  };

  explicit ReplyBudget(const Options& options) : options_(options) {}

  // Whether `octets` may be sent to `to` now; if so, takes them from both budgets.
  bool take(const IpAddress& to, std::size_t octets, Clock::time_point now);

 private:
  static constexpr std::size_t kBuckets = 1024;
  struct Bucket {
    std::uint64_t used = 0;  // Octets, less those given back since.
    Clock::time_point at;
  };

  static void give_back(Bucket& bucket, std::uint64_t rate, Clock::time_point now);
  Bucket& bucket_of(const IpAddress& address);

  Options options_;
  Bucket all_;
  std::array<Bucket, kBuckets> buckets_{};
};

}  // namespace meshcheck::stamp
