// Look-ups of host names over DNS, each answer with its time.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/uv/loop.h"
#include "probe/dns_answer.h"
#include "probe/trouble.h"

namespace meshcheck::probe {

class DnsClient;

// The answer to the question for one family's addresses.
struct DnsAnswer {
  DnsStatus status = DnsStatus::kTimedOut;
  std::vector<IpAddress> addresses;
  std::chrono::nanoseconds elapsed{0};  // From the look-up's begin until this answer.
};

struct DnsOutcome {
  DnsAnswer ipv4;
  DnsAnswer ipv6;
  bool from_hosts_file = false;  // Then no server was asked.

  // Of both families, IPv4 first.
  std::vector<IpAddress> addresses() const;
  // Empty if there is an address and both questions were answered in time; a question that stays
  // without an answer stalls programs even when the other one is answered.
  std::string error() const;
  OwnFault own_fault() const;
  // Until the later of both answers, which programs wait for.
  std::chrono::nanoseconds elapsed() const;
};

// A look-up under way; destroying it cancels it silently, also inside its own callback.
class DnsLookup {
 public:
  DnsLookup(DnsLookup&&) noexcept;
  DnsLookup& operator=(DnsLookup&&) noexcept;
  ~DnsLookup();

 private:
  friend class DnsClient;
  struct State;
  explicit DnsLookup(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// Looks names up as the system's resolver does: /etc/hosts first, then the servers and search
// domains of resolv.conf, which each look-up reads anew, since the servers may change while the
// program runs. A and AAAA are asked for side by side. On the loop's thread, which never waits for
// the network; outlives its look-ups.
class DnsClient {
 public:
  struct Options {
    std::vector<Endpoint> servers;  // In place of those of resolv.conf.
    std::string resolv_conf = "/etc/resolv.conf";
    // The time for a server's answer before the next server, or the only one again, is asked;
    // doubles each round.
    std::chrono::milliseconds server_timeout{1000};
    int rounds_max = 3;
    std::size_t lookups_max = 256;  // Under way at once; one more fails at once, as kInternal.
  };
  using OnDone = std::function<void(DnsOutcome)>;

  DnsClient(uv::Loop& loop, Options options);
  DnsClient(const DnsClient&) = delete;
  DnsClient& operator=(const DnsClient&) = delete;

  // `on_done` is called once and later, `timeout` after now at the latest.
  DnsLookup lookup(const std::string& name, std::chrono::milliseconds timeout, OnDone on_done);

  std::size_t lookups() const { return lookups_; }  // Under way.

 private:
  friend class DnsLookup;

  uv::Loop& loop_;
  const Options options_;
  std::size_t lookups_ = 0;
};

}  // namespace meshcheck::probe
