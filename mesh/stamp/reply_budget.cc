#include "mesh/stamp/reply_budget.h"

#include <algorithm>
#include <chrono>

#include "lib/base/random.h"

namespace meshcheck::stamp {

void ReplyBudget::give_back(Bucket& bucket, std::uint64_t rate, Clock::time_point now) {
  using std::chrono::microseconds;
  const auto passed = std::chrono::duration_cast<microseconds>(now - bucket.at);
  if (passed >= std::chrono::seconds(1)) {
    bucket.used = 0;
  } else {
    const auto back = rate * static_cast<std::uint64_t>(passed.count()) / 1'000'000;
    if (back == 0) return;  // What is too little to count goes on growing.
    bucket.used -= std::min(bucket.used, back);
  }
  bucket.at = now;
}

ReplyBudget::Bucket& ReplyBudget::bucket_of(const IpAddress& address) {
  return buckets_[hash(options_.seed, address.bytes()) % kBuckets];
}

bool ReplyBudget::take(const IpAddress& to, std::size_t octets, Clock::time_point now) {
  Bucket& one = bucket_of(to);
  give_back(one, options_.to_one, now);
  give_back(all_, options_.in_all, now);
  if (options_.to_one > 0 && one.used + octets > options_.to_one) return false;
  if (options_.in_all > 0 && all_.used + octets > options_.in_all) return false;
  one.used += octets;
  all_.used += octets;
  return true;
}

}  // namespace meshcheck::stamp
