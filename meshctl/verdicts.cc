// meshctl verdicts and meshctl events.
#include "meshctl/command.h"
#include "meshctl/event_lines.h"
#include "meshctl/verdict_document.h"

namespace meshcheck::meshctl {
namespace {

// A stream that breaks is asked for again, so often without an event between.
constexpr int kStreamTries = 5;
constexpr std::chrono::seconds kStreamPause{1};

int follow(Program& program, bool verdicts_only) {
  const Format format = program.format();
  if (format == Format::kYaml || format == Format::kCsv || format == Format::kJunit) {
    return program.fail(Error("-o: events come as table, wide, json or name"));
  }
  const auto session = program.session();
  if (!session) return program.fail(session.error());
  std::string last_id;
  std::optional<Error> error;
  for (int tried = 0; tried < kStreamTries; ++tried) {
    EventParser parser;
    std::optional<Error> broken;
    const auto take = [&](std::string_view bytes) {
      if (auto fed = parser.feed(bytes); !fed) broken = fed.error();
      while (const auto event = parser.next()) {
        tried = 0;
        last_id = event->id.empty() ? last_id : event->id;
        if (event->type == "missed") Program::note("meshctl: some events are not kept any more");
        const auto lines = event_lines(*event, {.format = format,
                                                .verdicts_only = verdicts_only,
                                                .style = program.style(),
                                                .now = now().wall});
        if (!lines) broken = lines.error();
        if (!lines) return false;
        if (!(program.for_machines() ? program.write_for_machines(*lines) : Program::write(*lines)))
          return false;
      }
      return !broken;
    };
    error = (*session)->follow({.last_id = last_id, .on_bytes = take});
    if (broken) return program.fail(*broken);
    if (!error) return kUnknown;  // Nobody reads any more.
    rest(kStreamPause);
  }
  return program.fail(*error);
}

class Verdicts : public Command {
 public:
  explicit Verdicts(CLI::App& parent) : Command(parent, "verdicts", "What is broken, by name") {
    add_switch("-w,--watch", watch_, "Go on, a line for each that opens, changes or closes");
    add("--since", since_, "Also those that ended since then: 6h, or a time");
  }

  int run(Program& program) override {
    if (watch_) return follow(program, true);
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto answer = (*session)->get_json(
        "/api/v1/verdicts" + (since_.empty() ? "" : "?since=" + query_escape(since_)));
    if (!answer) return program.fail(answer.error());
    return program.show(verdicts_document(*answer, now().wall));
  }

 private:
  bool watch_ = false;
  std::string since_;
};

class Events : public Command {
 public:
  explicit Events(CLI::App& parent)
      : Command(parent, "events", "Verdicts and agents as they come and go, until Ctrl-C") {}

  int run(Program& program) override { return follow(program, false); }
};

}  // namespace

CommandPtr make_verdicts(CLI::App& parent) {
  return std::make_unique<Verdicts>(parent);
}

CommandPtr make_events(CLI::App& parent) {
  return std::make_unique<Events>(parent);
}

}  // namespace meshcheck::meshctl
