#include "lib/uv/resolver.h"

#include <algorithm>
#include <utility>

namespace meshcheck::uv {
namespace {

std::vector<IpAddress> addresses_of(const addrinfo* list) {
  std::vector<IpAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    const IpAddress address = Endpoint::from_sockaddr(entry->ai_addr).address;
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

}  // namespace

Result<Lookup> Lookup::start(Loop& loop, const std::string& name, OnDone on_done) {
  auto request = std::make_unique<Request>();
  request->on_done = std::move(on_done);
  request->request.data = request.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  const int status =
      uv_getaddrinfo(loop.get(), &request->request, on_completion, name.c_str(), nullptr, &hints);
  if (status != 0) return error_from_status("look up " + name, status);
  return Lookup(request.release());
}

void Lookup::on_completion(uv_getaddrinfo_t* raw, int status, addrinfo* list) noexcept {
  auto* const request = static_cast<Request*>(raw->data);
  auto addresses = addresses_of(list);
  uv_freeaddrinfo(list);
  if (request->abandoned) {
    delete request;
    return;
  }
  request->finished = true;
  const OnDone on_done = std::move(request->on_done);
  if (status == 0) {
    on_done(std::move(addresses));
  } else {
    on_done(error_from_status("look-up", status));
  }
}

void Lookup::Abandon::operator()(Request* request) const {
  if (request->finished) {
    delete request;
  } else {
    request->abandoned = true;
    // If it waits for a thread yet, it need not: else a resolver that does not answer would gather
    // all that was ever asked of it. It fails if a thread has it, and that one then finishes.
    uv_cancel(reinterpret_cast<uv_req_t*>(&request->request));
  }
}

}  // namespace meshcheck::uv
