// meshctl check and meshctl wait.
#include "lib/base/duration.h"
#include "meshctl/check_document.h"
#include "meshctl/command.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::chrono::seconds kRound{1};
constexpr DurationRange kWaitRange{.min = std::chrono::seconds(1), .max = std::chrono::hours(24)};

Result<CheckAnswers> ask(Session& session, bool with_agents) {
  CheckAnswers answers;
  const std::string path = "/api/v1/connectivity_check";
  const auto check = session.get(path);  // Its status says what its text says.
  if (!check) return check.error();
  auto parsed = parse_json(check->body);
  if (!parsed || text_at(*parsed, "Message").empty()) {
    return Error("the answer is no check, status " + std::to_string(check->status))
        .within(session.url() + path);
  }
  answers.check = *std::move(parsed);
  auto verdicts = session.get_json("/api/v1/verdicts");
  if (!verdicts) return verdicts.error();
  answers.verdicts = *std::move(verdicts);
  if (!with_agents) return answers;
  auto agents = session.get_json("/api/v1/agents/");
  if (!agents) return agents.error();
  answers.agents = *std::move(agents);
  return answers;
}

// A server or a forwarded port that is not there yet, or any more, may be there the next time.
Result<CheckAnswers> ask_anew(Program& program) {
  const auto session = program.session();
  if (!session) return session.error();
  auto answers = ask(**session, program.format() == Format::kJunit);
  if (!answers) program.drop_forward();
  return answers;
}

// A command whose exit code says whether the network is fine.
class Judgement : public Command {
 protected:
  using Command::Command;

  void add_fail_on() {
    add("--fail-on", fail_on_, "What makes the exit code 1: critical, warning or none")
        .one_of({"critical", "warning", "none"})
        .show_default();
  }
  FailOn fail_on() const {
    if (fail_on_ == "none") return FailOn::kNone;
    return fail_on_ == "warning" ? FailOn::kWarning : FailOn::kCritical;
  }

 private:
  std::string fail_on_ = "critical";
};

class Check : public Judgement {
 public:
  explicit Check(CLI::App& parent)
      : Judgement(parent, "check", "Whether all agents report and nothing is broken") {
    add_fail_on();
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto answers = ask(**session, program.format() == Format::kJunit);
    if (!answers) return program.fail(answers.error());
    return program.show(check_document(*answers, program.style(), now().wall),
                        exit_code(health_of(*answers), fail_on()));
  }
};

class Wait : public Judgement {
 public:
  explicit Wait(CLI::App& parent)
      : Judgement(parent, "wait", "Wait until check is fine; 1 if it is not in time") {
    add("--for", what_, "What to wait for: ok").one_of({"ok"}).show_default();
    add("--timeout", timeout_, "How long, as 90s or 5m").show_default();
    add_fail_on();
  }

  int run(Program& program) override {
    const auto timeout = parse_duration(timeout_, kWaitRange);
    if (!timeout) return program.fail(timeout.error().within("--timeout"));
    const Clock::time_point end = now().steady + *timeout;
    if (auto prepared = program.prepare(); !prepared) return program.fail(prepared.error());
    program.set_deadline(end);
    Program::note("waiting for ok, for " + format_duration(*timeout) + " at most");
    while (true) {
      const auto answers = ask_anew(program);
      const int code = answers ? exit_code(health_of(*answers), fail_on()) : kUnknown;
      const bool late = now().steady + kRound > end;
      if (code != kFine && !late) {
        rest(kRound);
        continue;
      }
      if (!answers) return program.fail(answers.error());  // Once, however often it was met.
      if (code != kFine) Program::note("not ok in time");
      return program.show(check_document(*answers, program.style(), now().wall), code);
    }
  }

 private:
  std::string what_ = "ok";
  std::string timeout_ = "5m";
};

}  // namespace

CommandPtr make_check(CLI::App& parent) {
  return std::make_unique<Check>(parent);
}

CommandPtr make_wait(CLI::App& parent) {
  return std::make_unique<Wait>(parent);
}

}  // namespace meshcheck::meshctl
