#include "agent/agent.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <utility>

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
  // Both clocks at one moment, whatever the loop was late by: who compares them sees if one was
  // set.
  report.hostdate = WallClock::now();
  report.mesh.probing.agent_uptime =
      std::chrono::duration_cast<milliseconds>(Clock::now() - started_);
  if (mesh_) mesh_->describe(report.mesh.probing);
  report.mesh.tcp = tcp_;
  report_ = std::move(report);
  begin_padding();
  if (config_.dump) {
    dump();
  } else {
    send(/*retry=*/false);
  }
}

// In a sweep the numbers in the report depend on the size that depends on the report: the second
// pass is right but for their digits, the third to the octet. A size that is in doubt stays.
void Agent::begin_padding() {
  const int passes = config_.padding_sweep ? 3 : 1;
  if (padding_.clear() && answer_prober_.clear()) ++sweep_turn_;
  std::size_t elements = config_.zero_extender_length;
  for (int pass = 0; pass < passes; ++pass) {
    padding_.begin_round(elements);
    write_body(elements);
    const std::size_t zeros = elements == 0 ? 0 : 2 * elements - 1;
    elements = sweep_elements({.mss = tcp_ ? tcp_->mss : 0,
                               .unpadded = request_overhead_ + body_.size() - zeros,
                               .elements = config_.zero_extender_length})
                   .at(sweep_turn_ % kSweepSizes);
  }
}

void Agent::write_body(std::size_t padding_elements) {
  mesh::ReportPadding& padding = report_->mesh.probing.padding;
  padding = padding_.describe(loop_.now());
  padding.delivered = 2 * padding_elements;
  report_->zero_extender_length = padding_elements;
  report_->mesh.probing.padded_answer = answer_prober_.describe();
  body_ = mesh::encode(*report_);
}

// A round ends before the next one begins, if its interval leaves a second for that. What may stall
// for its size gets a part of it.
void Agent::send(bool retry) {
  sent_at_ = loop_.now();
  const auto end = config_.once ? started_ + config_.interval : schedule_.round_at();
  const milliseconds left(until_ms(end, sent_at_));
  milliseconds timeout =
      std::clamp<milliseconds>(left, std::chrono::seconds(1), config_.report_timeout());
  if (may_fall_back()) timeout = std::min(timeout, padded_timeout(left, config_.interval));
  reporter_.send({.body = body_,
                  .timeout = timeout,
                  .retry = retry,
                  .small_packets = padding_.small() || stopping_},
                 [this](const Reporter::Delivery& delivery) { sent(delivery); });
}

void Agent::sent(const Reporter::Delivery& delivery) {
  if (delivery.stalled_at != PaddingStage::kNone && may_fall_back()) {
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

bool Agent::may_fall_back() const {
  return config_.pads() && !padding_.small() && !stopping_;
}

void Agent::send_without_padding(const Reporter::Delivery& stalled) {
  if (config_.once || config_.log.enabled(Log::Level::kDebug)) {
    config_.log.warning("report stalled; it goes without its padding",
                        {{"bytes", body_.size()},
                         {"stage", mesh::text(stalled.stalled_at)},
                         {"retransmits", stalled.tcp ? stalled.tcp->retransmits : 0U}});
  }
  padding_.stalled(stalled.stalled_at, sent_at_);
  write_body(padding_.elements());
  send(/*retry=*/true);
}

void Agent::accepted(const Reporter::Delivery& delivery) {
  schedule_.report_accepted();
  if (!padding_.small() && !stopping_ && delivery.tcp) note_connection(*delivery.tcp);
  config_.log.debug("report accepted", {{"bytes", body_.size()}});
  if (failures_in_a_row_ > 0) {
    config_.log.info("reports are accepted again", {{"failures", failures_in_a_row_}});
  }
  failures_in_a_row_ = 0;
  if (config_.once) stop(0);
  if (stopping_) return;
  // netchecker's server answers nothing, as ours does when there is nothing new.
  if (mesh_ && !delivery.answer->empty()) take_assignment(*delivery.answer);
  tell_of_padding(padding_.accepted());
  answer_prober_.report_accepted();
  ask_for_large_answer();
}

void Agent::note_connection(const http::TcpInfo& tcp) {
  tcp_ = {.mss = tcp.mss,
          .pmtu = tcp.pmtu,
          .retransmits = tcp.retransmits,
          .round_trip = tcp.round_trip};
  // The SYN is counted too.
  if (tcp.acknowledged > body_.size()) request_overhead_ = tcp.acknowledged - 1 - body_.size();
}

void Agent::tell_of_padding(Padding::Change change) {
  const mesh::ReportPadding padding = padding_.describe(loop_.now());
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

// Of a server of the mesh, which is one of ours. The answer makes part of the next report.
void Agent::ask_for_large_answer() {
  const std::size_t size = padding_.describe(loop_.now()).requested;
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
  padding_.failed();
  answer_prober_.report_failed();
  // What it says of the padding may be less now.
  if (padding_.small()) write_body(padding_.elements());
  const auto now = loop_.now();
  schedule_.report_failed(now);
  config_.log.warning("report failed", {{"error", error.message()},
                                        {"failures", failures_in_a_row_},
                                        {"retry", schedule_.retry_at().has_value()},
                                        {"next_ms", until_ms(schedule_.wake_at(), now)}});
}

void Agent::dump() {
  const std::string line = body_ + "\n";
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
  if (!mesh_ || !mesh_->assigned() || !report_ || report_->mesh.probing.stopping) {
    stop(exit_code_);
    return;
  }
  report_->mesh.probing.stopping = true;
  report_->hostdate = WallClock::now();
  write_body(0);
  send(/*retry=*/false);
}

void Agent::stop(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

}  // namespace meshcheck::agent
