#include "checks/host_lookup.h"

#include <utility>

#include "checks/votes.h"

namespace meshcheck::checks {

HostLookup::HostLookup(Context& context, std::string host)
    : context_(context),
      host_(std::move(host)),
      later_(context.loop, [this] { finish(std::vector<IpAddress>{*fixed_}); }) {
  if (const auto address = IpAddress::parse(host_)) fixed_ = *address;
}

void HostLookup::start(std::chrono::milliseconds timeout, OnDone on_done) {
  on_done_ = std::move(on_done);
  if (fixed_) {
    later_.start(std::chrono::milliseconds(0));
    return;
  }
  const auto looked_up = [this](const probe::DnsOutcome& outcome) {
    auto addresses = outcome.addresses();
    if (addresses.size() > kAddressesMax) addresses.resize(kAddressesMax, addresses.front());
    if (!addresses.empty()) {
      finish(std::move(addresses));
    } else {
      finish(Error(outcome.error()).within("look-up of " + host_));
    }
  };
  lookup_.emplace(context_.dns.lookup(host_, timeout, looked_up));
}

void HostLookup::cancel() {
  lookup_.reset();
  later_.stop();
  on_done_ = nullptr;
}

void HostLookup::finish(Result<std::vector<IpAddress>> result) {
  const OnDone on_done = std::exchange(on_done_, nullptr);
  on_done(std::move(result));
}

}  // namespace meshcheck::checks
