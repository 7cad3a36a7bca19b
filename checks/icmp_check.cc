#include <algorithm>
#include <optional>
#include <utility>

#include "checks/check_options.h"
#include "checks/checkers.h"
#include "checks/host_lookup.h"
#include "checks/votes.h"
#include "lib/uv/timer.h"
#include "mesh/assignment/targets.h"
#include "probe/icmp_prober.h"
#include "probe/trouble.h"

namespace meshcheck::checks {
namespace {

// So that one lost packet is no failure.
constexpr int kEchoes = 3;

// Asks the first address of a host, again after a third of the time if it is silent.
class IcmpCheck : public Check {
 public:
  IcmpCheck(Context& context, std::string host, sla::Milliseconds timeout)
      : timeout_(timeout),
        lookup_(context, std::move(host)),
        prober_(context.loop, {},
                {.on_reply = [this](const auto& reply) { answered(reply.id); },
                 .on_failure =
                     [this](const auto& failure) {
                       if (failure.id == run_) failed(failure);
                     }}),
        again_(context.loop, [this] { send(); }) {}

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    ++run_;
    trouble_.reset();
    lookup_.start(timeout_ / 2, [this](const auto& addresses) {
      if (!addresses) {
        finish({sla::Status::kUnknown, reason_of(addresses.error().message())});
        return;
      }
      to_ = {.address = addresses->front(), .port = 0};
      const auto family = to_.address.family();
      if (!prober_.available(family)) {
        finish({sla::Status::kUnknown, reason_of(prober_.kind(family))});
        return;
      }
      send();
      again_.start_repeating(std::max(timeout_ / kEchoes, sla::Milliseconds(1)));
    });
  }

  void cancel() override {
    lookup_.cancel();
    again_.stop();
    on_done_ = nullptr;
  }

  CheckResult timed_out() const override {
    if (lookup_.busy()) {
      return {sla::Status::kUnknown, "the look-up of " + lookup_.host() + " took too long"};
    }
    if (!trouble_) return {sla::Status::kDown, "no answer in time"};
    return {trouble_->is_own() ? sla::Status::kUnknown : sla::Status::kDown,
            reason_of(trouble_->text)};
  }

 private:
  void send() {
    prober_.send({.id = run_, .sequence = sequence_++, .to = to_});
    prober_.flush();
  }
  // The last one counts.
  void failed(const probe::IcmpProber::Failure& failure) {
    trouble_ = {.text = failure.error, .own = own_fault(failure.error_number)};
  }
  void answered(std::uint32_t run) {
    if (run == run_ && on_done_) finish({sla::Status::kUp, {}});
  }
  void finish(const CheckResult& result) {
    const OnDone on_done = std::exchange(on_done_, nullptr);
    again_.stop();
    on_done(result);
  }

  const sla::Milliseconds timeout_;
  OnDone on_done_;
  Endpoint to_;
  std::uint32_t run_ = 0;  // Late answers to an earlier one do not count.
  std::uint64_t sequence_ = 0;
  std::optional<probe::Trouble> trouble_;
  HostLookup lookup_;
  probe::IcmpProber prober_;
  uv::Timer again_;
};

}  // namespace

Made make_icmp_check(Context& context, const sla::CheckSpec& spec) {
  CheckOptions with(spec.with);
  const std::string address = with.text("address");
  if (const auto good = mesh::check_target(mesh::TargetKind::kPing, address); !good) {
    with.fail("address", good.error().message());
  }
  if (auto finished = with.finish(); !finished) return finished.error();
  return Made(std::make_unique<IcmpCheck>(context, address, spec.timeout));
}

}  // namespace meshcheck::checks
