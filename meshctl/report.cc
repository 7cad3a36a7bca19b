// meshctl report: what somebody else needs to help.
#include <array>

#include "meshctl/archive.h"
#include "meshctl/command.h"
#include "meshctl/event_parser.h"
#include "meshctl/redaction.h"

namespace meshcheck::meshctl {
namespace {

// The server sends what it has at once.
constexpr std::chrono::seconds kEventsTime{2};

struct Part {
  const char* name;
  const char* path;
};
constexpr std::array<Part, 10> kParts = {{
    {"version.json", "/api/v1/version"},
    {"readyz.txt", "/readyz"},
    {"connectivity_check.json", "/api/v1/connectivity_check"},
    {"verdicts.json", "/api/v1/verdicts?since=1d"},
    {"agents.json", "/api/v1/agents/"},
    {"mesh.json", "/api/v1/mesh"},
    {"mtu.json", "/api/v1/mtu"},
    {"sla.json", "/api/v1/sla?step=1h"},
    {"downtimes.json", "/api/v1/downtimes"},
    {"metrics.txt", "/metrics"},
}};

// The events that the server keeps. It gives those behind the id that is named; the first id of
// this server ends in -0.
std::string last_events(Session& session) {
  EventParser first;
  std::string id;
  session.follow({.time = kEventsTime, .on_bytes = [&](std::string_view bytes) {
                    if (!first.feed(bytes)) return false;
                    const auto event = first.next();
                    if (event) id = event->id;
                    return !event;
                  }});
  const std::size_t dash = id.rfind('-');
  if (dash == std::string::npos) return "";
  std::string text;
  session.follow({.last_id = id.substr(0, dash) + "-0",
                  .time = kEventsTime,
                  .on_bytes = [&](std::string_view bytes) {
                    text += bytes;
                    return text.size() < kAnswerSizeMax;
                  }});
  return text;
}

Document document_of(const std::string& path, const std::vector<ArchiveFile>& files) {
  Document document;
  document.tree = Json{{"file", path}, {"contents", Json::array()}};
  document.table.columns = {{.name = "name"}, {.name = "bytes", .right = true}};
  document.names.push_back(path);
  for (const ArchiveFile& file : files) {
    document.tree["contents"].push_back(Json{{"name", file.name}, {"bytes", file.text.size()}});
    document.table.rows.push_back({file.name, std::to_string(file.text.size())});
  }
  document.tail = "to " + path + '\n';
  return document;
}

class Report : public Command {
 public:
  explicit Report(CLI::App& parent)
      : Command(parent, "report", "Write all that helps to find a fault to a tar.gz") {
    add("--file", path_, "The file; meshcheck-report-TIME.tar.gz without it");
    add_switch("--redact-addresses", addresses_, "Names in place of IP addresses");
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const WallTime time = now().wall;
    Redaction redaction({.token = program.token(), .addresses = addresses_});
    std::string errors;
    std::vector<ArchiveFile> files;
    for (const Part& part : kParts) {
      auto answer = (*session)->get(part.path);
      if (!answer) {
        // Without the first there will be none.
        if (part.path == kParts.front().path) return program.fail(answer.error());
        errors += answer.error().message() + '\n';
        continue;
      }
      // The check's 400 is an answer.
      if (answer->status >= 300 && !parse_json(answer->body))
        errors += std::string(part.path) + ": " + std::to_string(answer->status) + '\n';
      files.push_back({part.name, redaction.apply(std::move(answer->body))});
    }
    files.push_back({"events.txt", redaction.apply(last_events(**session))});
    const Json about{{"meshctl", MESHCHECK_VERSION},
                     {"server", (*session)->url()},
                     {"time", format_rfc3339(time)},
                     {"addresses_redacted", addresses_}};
    files.push_back({"about.json", redaction.apply(json_text(about))});
    if (!errors.empty()) files.push_back({"errors.txt", redaction.apply(errors)});

    std::string stamp = format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
    std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
    const std::string folder = "meshcheck-report-" + stamp;
    const std::string path = path_.empty() ? folder + ".tar.gz" : path_;
    const int shown = program.show(document_of(path, files));  // Before it is there.
    if (shown != kFine) return shown;
    const auto written = write_archive(path, folder, files, time);
    return written ? kFine : program.fail(written.error());
  }

 private:
  std::string path_;
  bool addresses_ = false;
};

}  // namespace

CommandPtr make_report(CLI::App& parent) {
  return std::make_unique<Report>(parent);
}

}  // namespace meshcheck::meshctl
