#include "server/verdicts/verdict_evaluator.h"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <utility>

#include "lib/base/text.h"
#include "mesh/verdict/diagnosis.h"

namespace meshcheck::server {
namespace {

using verdict::Severity;
using Type = verdict::VerdictEvent::Type;

constexpr std::array<std::string_view, 3> kEventTypes = {"verdict_opened", "verdict_changed",
                                                         "verdict_closed"};
constexpr std::array<std::string_view, 3> kLogEvents = {"verdict opened", "verdict changed",
                                                        "verdict closed"};

std::uint64_t first_id(Guarded<VerdictPublisher>& verdicts) {
  return verdicts.with([](const VerdictPublisher& publisher) { return publisher.last_id() + 1; });
}

std::string agent_event(std::string_view agent, Now now) {
  std::string json = "{\"time\":\"" + time_text(now.steady, now) + "\",\"agent\":";
  append_json_string(json, agent);
  return json + '}';
}

}  // namespace

void set_members(const AgentTable& table, Now now, verdict::ViewMaker& maker) {
  maker.clear_members();
  table.visit_expected(now, [&](const AgentTable::Expected& agent) {
    maker.add_member({.name = agent.name,
                      .node = agent.node,
                      .last_report = agent.last_report,
                      .due = agent.entry != nullptr ? agent.entry->due : std::nullopt,
                      .report_interval = agent.report_interval,
                      .outdated = agent.outdated});
  });
}

VerdictEvaluator::VerdictEvaluator(const Owner& owner, verdict::ViewMaker::Options options,
                                   std::function<void()> on_events, OnVerdict on_verdict)
    : owner_(owner),
      on_events_(std::move(on_events)),
      on_verdict_(std::move(on_verdict)),
      view_maker_(options),
      tracker_({.first_id = first_id(owner.verdicts)}) {}

void VerdictEvaluator::evaluate(Now now) {
  const Clock::time_point begin = Clock::now();
  Missing missing;
  std::set<std::string> excused;
  std::vector<std::string> removed;
  owner_.agents.with([&](AgentTable& table) {
    removed = table.take_removed();
    set_members(table, now, view_maker_);
    ConnectivityCheck check = table.check(now);
    excused.insert(check.excused.begin(), check.excused.end());
    for (std::string& name : check.absent) missing.emplace(std::move(name), "absent");
    for (std::string& name : check.outdated) missing.emplace(std::move(name), "outdated");
  });
  auto api_trouble = owner_.cluster.with([&](const ClusterStatus& status) {
    view_maker_.set_excuses(status.excuses);
    return status.finding(now.steady);
  });
  const verdict::View& view = owner_.mesh.with(
      [&](const mesh::Mesh& mesh) { return std::cref(view_maker_.make(mesh, now)); });
  std::vector<verdict::NamedFinding> found;
  for (const verdict::Finding& finding : diagnose(view)) found.push_back(name(view, finding));
  if (api_trouble) found.push_back(*std::move(api_trouble));
  const auto events = tracker_.update(std::move(found), view);
  publish(events, {.duration = Clock::now() - begin, .left_out = tracker_.left_out()}, now);
  // Who is missing and excused from now on is not back.
  std::erase_if(missing_, [&](const auto& agent) { return excused.contains(agent.first); });
  const bool news = tell_missing(std::move(missing), std::move(removed), now);
  if (news || !events.empty()) on_events_();
}

void VerdictEvaluator::publish(const std::vector<verdict::VerdictEvent>& events,
                               const VerdictPublisher::Evaluation& evaluation, Now now) {
  std::vector<VerdictRecord> open;
  for (const verdict::Verdict& verdict : tracker_.open()) {
    open.push_back(VerdictRecord::of(verdict, now));
  }
  std::vector<std::pair<Type, VerdictRecord>> records;
  for (const verdict::VerdictEvent& event : events) {
    records.emplace_back(event.type, VerdictRecord::of(event.verdict, now));
    log_event(event.type, records.back().second);
    if (on_verdict_) on_verdict_(event);
  }
  owner_.verdicts.with([&](VerdictPublisher& publisher) {
    publisher.show(std::move(open), evaluation);
    for (const auto& [type, record] : records) publisher.note(type, record);
    publisher.forget(now);
  });
  owner_.events.with([&](EventFeed& feed) {
    for (const auto& [type, record] : records) {
      std::string json;
      append_json(json, record);
      feed.add(kEventTypes[static_cast<std::size_t>(type)], std::move(json));
    }
  });
}

void VerdictEvaluator::log_event(Type type, const VerdictRecord& record) const {
  const std::string_view event = kLogEvents[static_cast<std::size_t>(type)];
  const Log::Fields fields = {{"id", record.id},
                              {"severity", text(record.severity)},
                              {"kind", record.kind},
                              {"subject", record.subject},
                              {"verdict", record.sentence}};
  if (record.closed || record.severity == Severity::kInfo) {
    owner_.log.info(event, fields);
  } else {
    owner_.log.warning(event, fields);
  }
}

bool VerdictEvaluator::tell_missing(Missing missing, std::vector<std::string> removed, Now now) {
  std::vector<std::string> returned;
  for (const auto& [name, state] : missing_) {
    if (!missing.contains(name)) returned.push_back(name);
  }
  // Who is expected nevertheless is absent.
  std::erase_if(removed, [&](const std::string& name) { return missing.contains(name); });
  removed.insert(removed.end(), returned.begin(), returned.end());
  const auto not_held = owner_.agents.with(
      [&](const AgentTable& table) { return table.not_held(std::move(removed)); });
  const std::set<std::string_view> gone(not_held.begin(), not_held.end());
  bool news = !returned.empty() || !gone.empty();
  owner_.events.with([&](EventFeed& feed) {
    for (const auto& [name, state] : missing) {
      const auto before = missing_.find(name);
      if (before != missing_.end() && before->second == state) continue;
      feed.add(state == "absent" ? "agent_absent" : "agent_outdated", agent_event(name, now));
      news = true;
    }
    for (const std::string& name : returned) {
      if (!gone.contains(name)) feed.add("agent_back", agent_event(name, now));
    }
    for (const std::string_view name : gone) feed.add("agent_removed", agent_event(name, now));
  });
  missing_ = std::move(missing);
  return news;
}

}  // namespace meshcheck::server
