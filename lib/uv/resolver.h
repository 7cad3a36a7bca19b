// Host names to addresses, by the system's own resolver.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// One look-up of one name. It runs in libuv's thread pool, since getaddrinfo blocks; destroying
// the Lookup silences it and takes it out of the queue; a thread that has begun finishes on its
// own.
class Lookup {
 public:
  // Addresses in the resolver's order, each once. May destroy the Lookup.
  using OnDone = std::function<void(Result<std::vector<IpAddress>>)>;

  static Result<Lookup> start(Loop& loop, const std::string& name, OnDone on_done);

 private:
  struct Request {
    uv_getaddrinfo_t request{};
    OnDone on_done;
    bool finished = false;   // libuv is done with it: the Lookup frees it.
    bool abandoned = false;  // The Lookup is gone: the completion frees it.
  };
  struct Abandon {
    void operator()(Request* request) const;
  };
  static void on_completion(uv_getaddrinfo_t* raw, int status, addrinfo* list) noexcept;
  explicit Lookup(Request* request) : request_(request) {}

  std::unique_ptr<Request, Abandon> request_;
};

}  // namespace meshcheck::uv
