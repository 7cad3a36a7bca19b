#include "agent/agent.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <utility>

#include "agent/reporting/network_facts.h"
#include "mesh/assignment/assignment.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

std::int64_t until_ms(Clock::time_point later, Clock::time_point now) {
  return std::max<std::int64_t>(std::chrono::ceil<milliseconds>(later - now).count(), 0);
}

}  // namespace

Agent::Agent(uv::Loop& loop, Config config)
    : loop_(loop),
      config_(std::move(config)),
      client_(loop, {.connections_max = kProbeUrlsMax + 2,
                     .user_agent = std::string("meshcheck-agent/") + MESHCHECK_VERSION}),
      server_access_(loop, config_.server, config_.log),
      gatherer_(loop, client_, server_access_, config_),
      reporter_(client_, server_access_, config_.report_url()),
      answer_prober_(
          loop, client_, server_access_,
          {.url = config_.ping_url(), .log = config_.log, .on_change = [this] { hurry(); }}),
      round_(config_),
      schedule_(Schedule::Options::for_interval(config_.interval, std::random_device{}()),
                loop.now()),
      lag_meter_(kLagPeriod),
      started_(loop.now()),
      interval_by_flag_(config_.interval),
      wake_timer_(loop, [this] { wake(); }),
      lag_timer_(loop, [this] { lag_meter_.tick(Clock::now()); }),
      grace_timer_(loop, [this] { stop(exit_code_); }),
      on_terminate_(loop, SIGTERM, [this] { stop_gracefully(); }),
      on_interrupt_(loop, SIGINT, [this] { stop_gracefully(); }) {}

int Agent::run() {
  if (config_.node_name.empty()) {
    config_.log.error("MY_NODE_NAME is not set",
                      {{"effect", "the server cannot tell which node this agent watches"}});
  }
  config_.log.info("started", {{"version", MESHCHECK_VERSION},
                               {"layer", mesh::text(config_.layer)},
                               {"server", config_.server.url()},
                               {"interval_s", config_.interval.count()},
                               {"probes", config_.probe_urls.size()}});
  if (config_.once) exit_code_ = 1;
  lag_timer_.start_repeating(kLagPeriod);
  if (config_.once || config_.dump) {
    wake_timer_.start(milliseconds(0));
  } else {
    if (config_.probe_port != 0) mesh_.emplace(loop_, config_, [this] { hurry(); });
    if (!start_sla()) return 2;
    arm();
  }
  loop_.run();
  return exit_code_;
}

bool Agent::start_sla() {
  if (config_.sla.checks.empty()) return true;
  const auto paths = [this] { return mesh_ ? mesh_->path_counts() : checks::PathCounts(); };
  auto started = Sla::start(loop_, config_, server_access_, paths);
  if (!started) {
    config_.log.error("the checks cannot be run", {{"error", started.error().message()}});
    return false;
  }
  sla_ = *std::move(started);
  return true;
}

void Agent::arm() {
  wake_timer_.start(milliseconds(until_ms(schedule_.wake_at(), loop_.now())));
}

// There are news for the server.
void Agent::hurry() {
  schedule_.hurry(loop_.now());
  if (!gatherer_.busy() && !reporter_.busy() && !stopping_) arm();
}

void Agent::wake() {
  if (stopping_) return;
  const bool single = config_.once || config_.dump;
  const auto action = single ? Schedule::Action::kRound : schedule_.take(loop_.now());
  switch (action) {
    case Schedule::Action::kNone:
      arm();
      return;
    case Schedule::Action::kRetry:
      send(/*retry=*/true);
      return;
    case Schedule::Action::kRound:
      gatherer_.start([this](mesh::Report report) { gathered(std::move(report)); });
      return;
  }
}

void Agent::gathered(mesh::Report report) {
  if (stopping_) return;
  const LagMeter::Reading lag = lag_meter_.take();
  report.mesh.loop_lag_max = lag.max;
  report.mesh.loop_lag_mean = lag.mean;
  report.mesh.history = reporter_.history();
  // Both clocks at one moment, however late the loop was: the server compares them to see whether
  // one was set.
  report.hostdate = WallClock::now();
  report.mesh.probing.agent_uptime =
      std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  if (mesh_) {
    mesh_->set_own_addresses(report.mesh.probing.addresses);
    mesh_->set_link_mtus(gatherer_.link_mtus());
    mesh_->count_drops();
    mesh_->describe(report.mesh.probing);
    cross_check_gateways(report);
  }
  round_.begin(std::move(report), large_answers(), loop_.now());
  if (config_.dump) {
    dump();
  } else {
    send(/*retry=*/false);
  }
}

void Agent::send(bool retry) {
  const auto round_end = config_.once ? started_ + config_.interval : schedule_.round_at();
  reporter_.send(
      round_.attempt(
          {.now = loop_.now(), .round_end = round_end, .retry = retry, .last = stopping_}),
      [this](const Reporter::Delivery& delivery) { sent(delivery); });
}

void Agent::sent(const Reporter::Delivery& delivery) {
  if (round_.should_drop_padding(delivery, stopping_)) {
    send_without_padding(delivery);
    return;
  }
  if (delivery.answer) {
    accepted(delivery);
  } else {
    failed(delivery.answer.error());
  }
  if (stopping_) {
    say_goodbye();
  } else if (!config_.once) {
    arm();
  }
}

void Agent::send_without_padding(const Reporter::Delivery& stalled) {
  if (config_.once || config_.log.enabled(Log::Level::kDebug)) {
    config_.log.warning("report stalled; it goes without its padding",
                        {{"bytes", round_.body().size()},
                         {"stage", mesh::text(stalled.stalled_at)},
                         {"retransmits", stalled.tcp ? stalled.tcp->retransmits : 0U}});
  }
  round_.drop_padding(stalled.stalled_at, large_answers(), loop_.now());
  send(/*retry=*/true);
}

void Agent::accepted(const Reporter::Delivery& delivery) {
  schedule_.report_accepted();
  if (!round_.small() && !stopping_ && delivery.tcp) round_.note_connection(*delivery.tcp);
  config_.log.debug("report accepted", {{"bytes", round_.body().size()}});
  if (failures_in_a_row_ > 0) {
    config_.log.info("reports are accepted again", {{"failures", failures_in_a_row_}});
  }
  failures_in_a_row_ = 0;
  if (mesh_) mesh_->report_arrived();
  if (config_.once) stop(0);
  if (stopping_) return;
  // netchecker's server answers nothing, as ours does when there is nothing new.
  if (mesh_ && !delivery.answer->empty()) take_assignment(*delivery.answer);
  tell_of_padding(round_.accepted());
  answer_prober_.report_accepted();
  ask_for_large_answer();
}

void Agent::tell_of_padding(Padding::Change change) {
  const mesh::ReportPadding padding = round_.padding(loop_.now());
  switch (change) {
    case Padding::Change::kNone:
      return;
    case Padding::Change::kSuspected:
      schedule_.hurry(loop_.now());
      return;
    case Padding::Change::kLost:
      config_.log.warning(
          "large reports are lost, small ones arrive",
          {{"padding_bytes", padding.requested}, {"stage", mesh::text(padding.stage)}});
      return;
    case Padding::Change::kBack:
      config_.log.info("large reports arrive again", {{"padding_bytes", padding.requested}});
      return;
  }
}

ReportRound::LargeAnswers Agent::large_answers() const {
  return {.described = answer_prober_.describe(), .clear = answer_prober_.clear()};
}

// Of a server of the mesh, which is one of ours. The answer makes part of the next report.
void Agent::ask_for_large_answer() {
  const std::size_t size = round_.padding(loop_.now()).requested;
  if (!mesh_ || !mesh_->assigned() || size == 0) return;
  const milliseconds left(until_ms(schedule_.round_at(), loop_.now()));
  answer_prober_.ask({.size = size, .timeout = padded_timeout(left, config_.interval)});
}

void Agent::take_assignment(const std::string& answer) {
  auto assignment = mesh::parse_assignment(answer);
  if (!assignment) {
    const std::string& error = assignment.error().message();
    if (error != assignment_error_) {
      config_.log.warning("assignment refused; the last one stays", {{"error", error}});
    }
    assignment_error_ = error;
    return;
  }
  assignment_error_.clear();
  const auto interval =
      assignment->report_interval.count() > 0 ? assignment->report_interval : interval_by_flag_;
  if (interval != config_.interval) {
    config_.log.info("reports at another interval", {{"interval_s", interval.count()}});
    config_.interval = interval;
    schedule_ =
        Schedule(Schedule::Options::for_interval(interval, std::random_device{}()), loop_.now());
  }
  config_.log.debug("assigned", {{"epoch", assignment->epoch},
                                 {"revision", assignment->revision},
                                 {"peers", assignment->peers.size()}});
  mesh_->assign(*std::move(assignment));
  if (sla_) sla_->set_rank(mesh_->rank());
}

void Agent::failed(const Error& error) {
  ++failures_in_a_row_;
  if (config_.once) {
    config_.log.error("report failed", {{"error", error.message()}});
    stop(1);
    return;
  }
  const auto now = loop_.now();
  answer_prober_.report_failed();
  round_.failed(large_answers(), now);
  schedule_.report_failed(now);
  config_.log.warning("report failed", {{"error", error.message()},
                                        {"failures", failures_in_a_row_},
                                        {"retry", schedule_.retry_at().has_value()},
                                        {"next_ms", until_ms(schedule_.wake_at(), now)}});
}

void Agent::dump() {
  const std::string line = round_.body() + "\n";
  const bool written =
      std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
  if (!written) config_.log.error("stdout cannot be written");
  stop(written ? 0 : 1);
}

void Agent::stop_gracefully() {
  config_.log.info("stopping");
  if (stopping_) {
    stop(exit_code_);
    return;
  }
  stopping_ = true;
  grace_timer_.start(kGraceMax);
  if (!reporter_.busy()) say_goodbye();
}

// So that nobody takes silence for a fault. Only to who reads it: a server of the mesh.
void Agent::say_goodbye() {
  if (!mesh_ || !mesh_->assigned() || !round_.can_say_goodbye()) {
    stop(exit_code_);
    return;
  }
  round_.say_goodbye(large_answers(), {.wall = WallClock::now(), .steady = loop_.now()});
  send(/*retry=*/false);
}

void Agent::stop(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

}  // namespace meshcheck::agent
