#include "lib/agent/agent.h"

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
      client_(loop, {.connections_max = kProbeUrlsMax + 1,
                     .user_agent = std::string("meshcheck-agent/") + MESHCHECK_VERSION}),
      gatherer_(loop, client_, config_),
      reporter_(client_, config_.report_url()),
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
                               {"server", config_.server_endpoint},
                               {"interval_s", config_.interval.count()},
                               {"probes", config_.probe_urls.size()}});
  if (config_.once) exit_code_ = 1;
  lag_timer_.start_repeating(kLagPeriod);
  if (config_.once || config_.dump) {
    wake_timer_.start(milliseconds(0));
  } else {
    if (config_.probe_port != 0) {
      mesh_.emplace(loop_, config_, [this] {
        schedule_.hurry(loop_.now());
        if (!gatherer_.busy() && !reporter_.busy() && !stopping_) arm();
      });
    }
    arm();
  }
  loop_.run();
  return exit_code_;
}

void Agent::arm() {
  wake_timer_.start(milliseconds(until_ms(schedule_.wake_at(), loop_.now())));
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
  report.mesh.probing.agent_uptime =
      std::chrono::duration_cast<milliseconds>(loop_.now() - started_);
  if (mesh_) mesh_->describe(report.mesh.probing);
  if (config_.dump) {
    dump(report);
    return;
  }
  body_ = mesh::encode(report);
  report_ = std::move(report);
  send(/*retry=*/false);
}

// A round ends before the next one begins, if its interval leaves a second for that.
void Agent::send(bool retry) {
  const milliseconds left(until_ms(schedule_.round_at(), loop_.now()));
  const milliseconds timeout =
      config_.once
          ? config_.report_timeout()
          : std::clamp<milliseconds>(left, std::chrono::seconds(1), config_.report_timeout());
  reporter_.send({.body = body_, .timeout = timeout, .retry = retry},
                 [this](const Result<std::string>& answer) { sent(answer); });
}

void Agent::sent(const Result<std::string>& answer) {
  if (answer) {
    accepted(*answer);
  } else {
    failed(answer.error());
  }
  if (stopping_) {
    say_goodbye();
  } else if (!config_.once) {
    arm();
  }
}

void Agent::accepted(const std::string& answer) {
  schedule_.report_accepted();
  config_.log.debug("report accepted", {{"bytes", body_.size()}});
  if (failures_in_a_row_ > 0) {
    config_.log.info("reports are accepted again", {{"failures", failures_in_a_row_}});
  }
  failures_in_a_row_ = 0;
  if (config_.once) stop(0);
  // netchecker's server answers nothing, as ours does when there is nothing new.
  if (mesh_ && !answer.empty() && !stopping_) take_assignment(answer);
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
}

void Agent::failed(const Error& error) {
  ++failures_in_a_row_;
  if (config_.once) {
    config_.log.error("report failed", {{"error", error.message()}});
    stop(1);
    return;
  }
  const auto now = loop_.now();
  schedule_.report_failed(now);
  config_.log.warning("report failed", {{"error", error.message()},
                                        {"failures", failures_in_a_row_},
                                        {"retry", schedule_.retry_at().has_value()},
                                        {"next_ms", until_ms(schedule_.wake_at(), now)}});
}

void Agent::dump(const mesh::Report& report) {
  const std::string line = mesh::encode(report) + "\n";
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
  report_->zero_extender_length = 0;
  body_ = mesh::encode(*report_);
  send(/*retry=*/false);
}

void Agent::stop(int exit_code) {
  exit_code_ = exit_code;
  loop_.stop();
}

}  // namespace meshcheck::agent
