#include <list>
#include <utility>

#include "checks/checkers.h"
#include "checks/host_lookup.h"
#include "checks/votes.h"
#include "checks/with.h"
#include "mesh/assignment/targets.h"
#include "probe/tcp_probe.h"

namespace meshcheck::checks {
namespace {

struct Options {
  mesh::HostPort to;
  Follow follow = Follow::kAny;
  sla::Milliseconds timeout{0};
};

// Connects to every address of a host at once.
class TcpCheck : public Check {
 public:
  TcpCheck(Context& context, Options options)
      : context_(context),
        options_(std::move(options)),
        lookup_(context, options_.to.host),
        votes_(options_.follow, 0) {}

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    votes_ = Votes(options_.follow, 0);
    lookup_.start(options_.timeout / 2, [this](const auto& addresses) {
      if (addresses) {
        connect(*addresses);
      } else {
        finish({sla::Status::kUnknown, reason_of(addresses.error().message())});
      }
    });
  }

  void cancel() override {
    lookup_.cancel();
    probes_.clear();
    on_done_ = nullptr;
  }

  Finding timed_out() const override {
    if (lookup_.busy()) {
      return {sla::Status::kUnknown, "the look-up of " + lookup_.host() + " took too long"};
    }
    const bool known = !votes_.reason().empty();
    return {sla::Status::kDown, known ? votes_.reason() : "no connection in time"};
  }

 private:
  void connect(const std::vector<IpAddress>& addresses) {
    votes_ = Votes(options_.follow, addresses.size());
    for (const IpAddress& address : addresses) {
      const Endpoint endpoint{.address = address, .port = options_.to.port};
      probes_.emplace_back(
          context_.loop, endpoint, options_.timeout, [this, endpoint](const auto& connected) {
            const auto finding =
                connected ? votes_.passed()
                          : votes_.failed(endpoint.text() + ": " + connected.error().message());
            if (finding) finish(*finding);
          });
    }
  }

  void finish(const Finding& finding) {
    const OnDone on_done = std::exchange(on_done_, nullptr);
    probes_.clear();
    on_done(finding);
  }

  Context& context_;
  const Options options_;
  OnDone on_done_;
  HostLookup lookup_;
  Votes votes_;
  std::list<probe::TcpProbe> probes_;
};

}  // namespace

Made make_tcp_check(Context& context, const sla::CheckSpec& spec) {
  With with(spec.with);
  Options options{.timeout = spec.timeout};
  const std::string address = with.text("address");
  if (const auto good = mesh::check_target(mesh::TargetKind::kTcpPing, address); !good) {
    with.fail("address", good.error().message());
  }
  options.follow = with.choice("follow", {"any", "all"}) == 0 ? Follow::kAny : Follow::kAll;
  if (auto finished = with.finish(); !finished) return finished.error();
  options.to = mesh::split_host_port(address);
  return Made(std::make_unique<TcpCheck>(context, std::move(options)));
}

}  // namespace meshcheck::checks
