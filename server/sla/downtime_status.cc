#include "server/sla/downtime_status.h"

#include <algorithm>
#include <utility>

#include "lib/kube/object_values.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;

constexpr std::size_t kItemsShown = 5;
constexpr std::string_view kUnknownProbes = "UnknownProbes";
constexpr std::string_view kEventsNamespace = "default";  // Of objects that have none.

std::string items_text(const sla::DowntimeTable::Items& items) {
  const std::size_t taken = items.downtimes.size();
  if (items.refused.empty()) {
    return std::to_string(taken) + (taken == 1 ? " item counts" : " items count");
  }
  std::string text = std::to_string(taken) + " of " + std::to_string(taken + items.refused.size()) +
                     " items count";
  for (std::size_t i = 0; i < std::min(items.refused.size(), kItemsShown); ++i) {
    text += "; " + items.refused[i].what + ": " + items.refused[i].reason;
  }
  if (items.refused.size() > kItemsShown) text += "; and more";
  return text;
}

std::string message_of(const DowntimeOutcome& outcome) {
  std::string text = items_text(outcome.items);
  if (outcome.unknown.empty()) return text;
  return text + "; no probe is known of " + names_shown(outcome.unknown);
}

std::string_view reason_of(const DowntimeOutcome& outcome) {
  if (!outcome.items.refused.empty()) return "ItemsLeftOut";
  return outcome.unknown.empty() ? "AllItemsCount" : kUnknownProbes;
}

const json* find_accepted(const json& object) {
  const json* const conditions = kube::value_at(object, "/status/conditions");
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  const auto found = std::find_if(conditions->begin(), conditions->end(), [](const json& one) {
    return kube::text_at(one, "/type") == "Accepted";
  });
  return found == conditions->end() ? nullptr : &*found;
}

std::string rfc3339(WallTime time) {
  return format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

}  // namespace

std::string names_shown(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kItemsShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return text + (names.size() > kItemsShown ? " and more" : "");
}

std::optional<json> accepted_condition(const json& object, const DowntimeOutcome& outcome,
                                       WallTime now) {
  const bool all = outcome.items.refused.empty();
  const json* const generation = kube::value_at(object, "/metadata/generation");
  json condition = {{"type", "Accepted"},
                    {"status", all ? "True" : "False"},
                    {"reason", reason_of(outcome)},
                    {"message", message_of(outcome)},
                    {"observedGeneration", generation == nullptr ? json(0) : *generation},
                    {"lastTransitionTime", rfc3339(now)}};
  const json* const before = find_accepted(object);
  if (before == nullptr) return condition;
  if (kube::text_at(*before, "/status") == condition["status"]) {
    condition["lastTransitionTime"] = kube::text_at(*before, "/lastTransitionTime");
  }
  return *before == condition ? std::nullopt : std::optional(std::move(condition));
}

DowntimeStatus::DowntimeStatus(kube::Client& client, const Log& log) : log_(log), client_(client) {}

bool DowntimeStatus::tell(const kube::Resource& resource, const json& object,
                          const DowntimeOutcome& outcome) {
  auto condition = accepted_condition(object, outcome, WallClock::now());
  if (!condition) return false;
  Job job{.resource = resource,
          .name = kube::text_at(object, "/metadata/name"),
          .uid = kube::text_at(object, "/metadata/uid"),
          .condition = *std::move(condition)};
  // What waits of the same object is out of date.
  std::erase_if(waiting_, [&](const Job& old) {
    return old.resource.group == resource.group && old.name == job.name;
  });
  if (waiting_.size() < kWaitingMax) waiting_.push_back(std::move(job));
  next();
  return true;
}

void DowntimeStatus::next() {
  if (writing_ || waiting_.empty()) return;
  writing_ = true;
  Job job = std::move(waiting_.front());
  waiting_.pop_front();
  const json patch = {{"status", {{"conditions", json::array({job.condition})}}}};
  const kube::Resource resource = job.resource;
  const std::string name = job.name;
  client_.merge_status(
      resource, name, patch,
      [this, job = std::move(job)](const kube::ObjectAnswer& answer) { on_status(job, answer); });
}

void DowntimeStatus::on_status(const Job& job, const kube::ObjectAnswer& answer) {
  const bool is_told =
      job.condition["status"] == "False" || job.condition["reason"] == kUnknownProbes;
  if (!answer.failure && is_told) {
    write_event(job);
  } else {
    end(answer);
  }
}

void DowntimeStatus::write_event(const Job& job) {
  const std::string now = rfc3339(WallClock::now());
  const auto since_1970 = WallClock::now().time_since_epoch();
  const auto number = std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
  const json event = {
      {"apiVersion", "v1"},
      {"kind", "Event"},
      {"metadata",
       {{"name", job.name + "." + std::to_string(number)}, {"namespace", kEventsNamespace}}},
      {"involvedObject",
       {{"apiVersion", job.resource.group + "/" + job.resource.version},
        {"kind", "Downtime"},
        {"name", job.name},
        {"uid", job.uid}}},
      {"type", "Warning"},
      {"reason", job.condition["reason"]},
      {"message", job.condition["message"]},
      {"source", {{"component", "meshcheck-server"}}},
      {"firstTimestamp", now},
      {"lastTimestamp", now},
      {"count", 1}};
  client_.create({.group = "", .plural = "events", .name_space = std::string(kEventsNamespace)},
                 event, [this](const kube::ObjectAnswer& answer) { end(answer); });
}

void DowntimeStatus::end(const kube::ObjectAnswer& answer) {
  writing_ = false;
  // One that is gone meanwhile needs no status.
  const bool failed = answer.failure && !answer.not_found();
  if (failed && !failed_) {
    log_.warning("Kubernetes is not told what became of downtimes", {{"error", answer.why()}});
  }
  failed_ = failed;
  next();
}

}  // namespace meshcheck::server
