// A check of a host: asks every address of it at once, and they vote.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/check.h"
#include "checks/host_lookup.h"
#include "checks/votes.h"
#include "mesh/sla/check_spec.h"

namespace meshcheck::checks {

// An Asker asks one address, and can be moved. It has
//   Result<void> prepare();     // Once for each run. An error: no address can be asked.
//   void ask(const IpAddress& address, OnAnswer on_answer);  // Called once and later.
//   void stop();                // Silences all that is under way.
//   static constexpr std::string_view kSilence;  // The reason if no address answers.
// OnAnswer gets the failure, with the address, or nothing on success.
using OnAnswer = std::function<void(const std::optional<probe::Trouble>& trouble)>;

template <typename Asker>
class VotingCheck : public Check {
 public:
  struct Options {
    std::string host;
    Follow follow = Follow::kAny;
    sla::Milliseconds timeout{0};
  };
  VotingCheck(Context& context, Options options, Asker asker)
      : options_(std::move(options)),
        asker_(std::move(asker)),
        lookup_(context, options_.host),
        votes_(options_.follow, 0) {}

  void start(OnDone on_done) override {
    on_done_ = std::move(on_done);
    votes_ = Votes(options_.follow, 0);
    // The other half is for the question itself.
    lookup_.start(options_.timeout / 2, [this](const auto& addresses) {
      addresses ? ask(*addresses) : give_up(addresses.error());
    });
  }

  void cancel() override {
    lookup_.cancel();
    asker_.stop();
    on_done_ = nullptr;
  }

  CheckResult timed_out() const override {
    if (lookup_.busy()) {
      return {sla::Status::kUnknown, "the look-up of " + lookup_.host() + " took too long"};
    }
    return votes_.timed_out(Asker::kSilence);
  }

 private:
  void ask(const std::vector<IpAddress>& addresses) {
    if (const auto prepared = asker_.prepare(); !prepared) return give_up(prepared.error());
    votes_ = Votes(options_.follow, addresses.size());
    for (const IpAddress& address : addresses) {
      asker_.ask(address, [this](const std::optional<probe::Trouble>& trouble) {
        const auto result = trouble ? votes_.failed(*trouble) : votes_.passed();
        if (result) finish(*result);
      });
    }
  }

  void give_up(const Error& error) { finish({sla::Status::kUnknown, reason_of(error.message())}); }

  // The callback may destroy the check.
  void finish(const CheckResult& result) {
    const OnDone on_done = std::exchange(on_done_, nullptr);
    asker_.stop();
    on_done(result);
  }

  const Options options_;
  Asker asker_;
  OnDone on_done_;
  HostLookup lookup_;
  Votes votes_;
};

}  // namespace meshcheck::checks
