#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/votes.h"
#include "mesh/assignment/targets.h"

namespace meshcheck::checks {
namespace {

// A name that programs could not look up, or not without a delay, is down.
class DnsCheck : public Check {
 public:
  DnsCheck(Context& context, std::string name, sla::Milliseconds timeout)
      : context_(context), name_(std::move(name)), timeout_(timeout) {}

  void start(OnDone on_done) override {
    lookup_.emplace(context_.dns.lookup(
        name_, timeout_, [on_done = std::move(on_done)](const probe::DnsOutcome& outcome) {
          on_done(judge(outcome));
        }));
  }
  void cancel() override { lookup_.reset(); }

 private:
  static CheckResult judge(const probe::DnsOutcome& outcome) {
    const std::string error = outcome.error();
    if (error.empty()) return {sla::Status::kUp, {}};
    const bool ours = outcome.own_fault() != OwnFault::kNone;
    return {ours ? sla::Status::kUnknown : sla::Status::kDown, reason_of(error)};
  }

  Context& context_;
  const std::string name_;
  const sla::Milliseconds timeout_;
  std::optional<probe::DnsLookup> lookup_;
};

}  // namespace

Made make_dns_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  const std::string name = with.text("name");
  if (const auto good = mesh::check_target(mesh::TargetKind::kDns, name); !good) {
    with.fail("name", good.error().message());
  }
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<DnsCheck>(context, name, spec.timeout));
}

}  // namespace meshcheck::checks
