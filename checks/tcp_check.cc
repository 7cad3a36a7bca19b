#include <list>
#include <optional>
#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/voting_check.h"
#include "mesh/assignment/targets.h"
#include "probe/tcp_probe.h"

namespace meshcheck::checks {
namespace {

class TcpAsker {
 public:
  static constexpr std::string_view kSilence = "no connection in time";

  TcpAsker(Context& context, std::uint16_t port, sla::Milliseconds timeout)
      : context_(context), port_(port), timeout_(timeout) {}

  Result<void> prepare() { return {}; }

  void ask(const IpAddress& address, OnAnswer on_answer) {
    const Endpoint endpoint{.address = address, .port = port_};
    auto& attempt = probes_.emplace_back();
    auto judge = [endpoint, &attempt, on_answer = std::move(on_answer)](const auto& connected) {
      if (connected) return on_answer(std::nullopt);
      on_answer(probe::Trouble{.text = endpoint.text() + ": " + connected.error().message(),
                               .own = attempt->own_fault()});
    };
    attempt.emplace(context_.loop, endpoint, timeout_, std::move(judge));
  }

  void stop() { probes_.clear(); }

 private:
  Context& context_;
  std::uint16_t port_;
  sla::Milliseconds timeout_;
  std::list<std::optional<probe::TcpProbe>> probes_;
};

}  // namespace

Made make_tcp_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  VotingCheck<TcpAsker>::Options options{.host = {}, .timeout = spec.timeout};
  const std::string address = with.text("address");
  if (const auto good = mesh::check_target(mesh::TargetKind::kTcpPing, address); !good) {
    with.fail("address", good.error().message());
  }
  options.follow = with.choice("follow", {"any", "all"}) == 0 ? Follow::kAny : Follow::kAll;
  if (auto finished = with.finish(); !finished) return finished.error();
  const auto to = mesh::split_host_port(address);
  options.host = to.host;
  return Made(std::make_unique<VotingCheck<TcpAsker>>(context, std::move(options),
                                                      TcpAsker(context, to.port, spec.timeout)));
}

}  // namespace meshcheck::checks
