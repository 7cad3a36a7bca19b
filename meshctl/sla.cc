// meshctl sla and meshctl downtime.
#include "lib/base/duration.h"
#include "meshctl/command.h"
#include "meshctl/sla_documents.h"

namespace meshcheck::meshctl {
namespace {

constexpr DurationRange kStretch{.min = std::chrono::minutes(5),
                                 .max = std::chrono::hours(24 * 366)};
constexpr DurationRange kDowntime{.min = std::chrono::seconds(1),
                                  .max = std::chrono::hours(24 * 366)};

std::int64_t epoch_seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Downtimes and the past are by the server's clock, which this machine's may be far from.
Result<WallTime> time_of_server(Session& session) {
  const std::string path = "/api/v1/verdicts";
  const auto answer = session.get_json(path);
  if (!answer) return answer.error();
  const auto time = parse_wall_time(text_at(*answer, "time"));
  if (!time) return time.error().within("the time of " + session.url() + path);
  return *time;
}

class Sla : public Command {
 public:
  explicit Sla(CLI::App& parent)
      : Command(parent, "sla", "How long what was checked was up, and the error budget") {
    add("--since", since_, "So long ago to now, as 6h or 30d").show_default();
    add("--group", group_, "One group alone");
    add("--probe", probe_, "One probe alone; __total__ for groups");
    add("--target", target_, "Availability that is promised, as 0.999");
  }

  int run(Program& program) override {
    const auto since = parse_duration(since_, kStretch);
    if (!since) return program.fail(since.error().within("--since"));
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto time = time_of_server(**session);
    if (!time) return program.fail(time.error());
    const auto stretch = std::chrono::duration_cast<std::chrono::seconds>(*since);
    std::string path = "/api/v1/sla?from=" + std::to_string(epoch_seconds(*time - stretch)) +
                       "&step=" + sla_step(stretch);
    if (!group_.empty()) path += "&group=" + query_escape(group_);
    if (!probe_.empty()) path += "&probe=" + query_escape(probe_);
    if (!target_.empty()) path += "&target=" + query_escape(target_);
    const auto answer = (*session)->get_json(path);
    if (!answer) return program.fail(answer.error());
    return program.show(sla_document(*answer));
  }

 private:
  std::string since_ = "1d";
  std::string group_;
  std::string probe_;
  std::string target_;
};

class DowntimeAdd : public Command {
 public:
  explicit DowntimeAdd(CLI::App& parent)
      : Command(parent, "add", "Announce a time that does not count") {
    add("--start", start_, "RFC 3339; now without it");
    const Flag end = add("--end", end_, "RFC 3339");
    add("--for", length_, "Instead of --end: how long, as 2h").excludes(end);
    add("--type", type_, "What it is")
        .one_of({"Maintenance", "Accident", "InfrastructureMaintenance", "InfrastructureAccident"})
        .show_default();
    add("--description", description_, "For those who look at it");
    add("--name", name_, "Letters, digits and ._-");
    add("--affected", affected_, "GROUP or GROUP/PROBE, may be repeated; else everything");
  }

  int run(Program& program) override {
    if (auto checked = body_at(now().wall); !checked) return program.fail(checked.error());
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto time = time_of_server(**session);
    if (!time) return program.fail(time.error());
    const auto body = body_at(*time);
    const auto answer =
        (*session)->send({.method = "POST", .path = "/api/v1/downtimes", .body = body->dump()});
    if (!answer) return program.fail(answer.error());
    const auto downtime = parse_json(*answer);
    if (!downtime) return program.fail(downtime.error());
    return program.show(downtime_document(*downtime, *time));
  }

 private:
  Result<Json> body_at(WallTime start) const {
    if (!start_.empty()) {
      const auto parsed = parse_wall_time(start_);
      if (!parsed) return parsed.error().within("--start");
      start = *parsed;
    }
    WallTime end = start;
    if (!end_.empty()) {
      const auto parsed = parse_wall_time(end_);
      if (!parsed) return parsed.error().within("--end");
      end = *parsed;
    } else {
      const auto length = parse_duration(length_, kDowntime);
      if (!length) return length.error().within("--for, or --end");
      end = start + *length;
    }
    Json body{
        {"startDate", epoch_seconds(start)}, {"endDate", epoch_seconds(end)}, {"type", type_}};
    if (!description_.empty()) body["description"] = description_;
    if (!name_.empty()) body["name"] = name_;
    if (!affected_.empty()) body["affected"] = affected_;
    return body;
  }

  std::string start_;
  std::string end_;
  std::string length_;
  std::string type_ = "Maintenance";
  std::string description_;
  std::string name_;
  std::vector<std::string> affected_;
};

class DowntimeList : public Command {
 public:
  explicit DowntimeList(CLI::App& parent) : Command(parent, "list", "All, with their uid") {}

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto answer = (*session)->get_json("/api/v1/downtimes");
    if (!answer) return program.fail(answer.error());
    const auto time = time_of_server(**session);
    if (!time) return program.fail(time.error());
    return program.show(downtimes_document(*answer, *time));
  }
};

class DowntimeEndCommand : public Command {
 public:
  explicit DowntimeEndCommand(CLI::App& parent)
      : Command(parent, "end", "End one now; one that has not begun is deleted") {
    add("UID", uid_, "As list shows it").required();
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto list = (*session)->get_json("/api/v1/downtimes");
    if (!list) return program.fail(list.error());
    const auto time = time_of_server(**session);
    if (!time) return program.fail(time.error());
    const auto end = end_of_downtime(*list, uid_, *time);
    if (!end) return program.fail(end.error());
    const auto answer = (*session)->send({.method = end->remove ? "DELETE" : "PUT",
                                          .path = "/api/v1/downtimes/" + query_escape(uid_),
                                          .body = end->body});
    if (!answer) return program.fail(answer.error());
    if (end->remove) {
      Document gone;
      gone.tree = Json{{"uid", uid_}, {"deleted", true}};
      gone.lead = "deleted\n";
      gone.names = {"downtime/" + uid_};
      gone.table_shown = false;
      gone.table = {.columns = {{.name = "uid"}}, .rows = {{Cell(uid_)}}};
      return program.show(gone);
    }
    const auto downtime = parse_json(*answer);
    if (!downtime) return program.fail(downtime.error());
    return program.show(downtime_document(*downtime, *time));
  }

 private:
  std::string uid_;
};

class Downtime : public Command {
 public:
  explicit Downtime(CLI::App& parent)
      : Command(parent, "downtime", "Times that do not count as down") {
    CLI::App& cli = of_commands();
    commands_.push_back(std::make_unique<DowntimeAdd>(cli));
    commands_.push_back(std::make_unique<DowntimeList>(cli));
    commands_.push_back(std::make_unique<DowntimeEndCommand>(cli));
  }

  int run(Program& program) override { return run_chosen(commands_, program); }

 private:
  std::vector<CommandPtr> commands_;
};

}  // namespace

CommandPtr make_sla(CLI::App& parent) {
  return std::make_unique<Sla>(parent);
}

CommandPtr make_downtime(CLI::App& parent) {
  return std::make_unique<Downtime>(parent);
}

}  // namespace meshcheck::meshctl
