#include "server/cluster/cluster_status.h"

#include <algorithm>

namespace meshcheck::server {

bool ClusterStatus::synced() const {
  return std::all_of(followed.begin(), followed.end(),
                     [](const FollowedObjects& objects) { return objects.synced; });
}

std::optional<Clock::time_point> ClusterStatus::cut_off_since() const {
  std::optional<Clock::time_point> since;
  for (const FollowedObjects& objects : followed) {
    const auto of_these = objects.synced ? objects.cut_off_since : std::optional(began);
    if (of_these && (!since || *of_these < *since)) since = of_these;
  }
  return since;
}

std::string ClusterStatus::trouble() const {
  // What was never known matters more than what may be old, and that more than what is left out.
  for (const FollowedObjects& objects : followed) {
    if (!objects.synced && !objects.why.empty()) return objects.why;
  }
  for (const FollowedObjects& objects : followed) {
    if (objects.cut_off_since && !objects.why.empty()) return objects.why;
  }
  if (!synced()) return "the Kubernetes API has not listed all pods and nodes yet";
  for (const FollowedObjects& objects : followed) {
    if (!objects.why.empty()) return objects.why;
  }
  return "";
}

bool ClusterStatus::ready(Clock::time_point now) const {
  return !enabled || synced() || now - began >= kReadyPatience;
}

std::optional<verdict::NamedFinding> ClusterStatus::finding(Clock::time_point now) const {
  const auto since = enabled ? cut_off_since() : std::nullopt;
  if (!since || now - *since < kCutOffMin) return std::nullopt;
  verdict::NamedFinding named;
  named.finding.kind = verdict::Kind::kKubernetesApi;
  named.finding.subject.type = verdict::Subject::Type::kServer;
  named.finding.severity = verdict::Severity::kWarning;
  named.finding.since = *since;
  named.ends[0].name = "server";
  named.reason = trouble() + (synced() ? "; what is known of pods and nodes may be old"
                                       : "; it is not known which agents should report");
  return named;
}

void ClusterStatus::write_metrics(metrics::TextWriter& writer, Clock::time_point now) const {
  if (!enabled) return;
  using Type = metrics::TextWriter::Type;
  const auto write = [&](std::string_view name, Type type, std::string_view help, auto value) {
    writer.family(name, type, help);
    for (const FollowedObjects& objects : followed) {
      writer.sample({{"watch", objects.name}}, static_cast<double>(value(objects)));
    }
  };
  write("meshcheck_kubernetes_synced", Type::kGauge,
        "1 once the Kubernetes API has listed all of them.",
        [](const FollowedObjects& objects) { return objects.synced ? 1 : 0; });
  write("meshcheck_kubernetes_cut_off_seconds", Type::kGauge,
        "For how long they cannot be followed; 0 while they can.",
        [&](const FollowedObjects& objects) {
          return objects.cut_off_since
                     ? std::chrono::duration<double>(now - *objects.cut_off_since).count()
                     : 0.0;
        });
  write("meshcheck_kubernetes_objects", Type::kGauge, "Those that are known.",
        [](const FollowedObjects& objects) { return objects.objects; });
  write("meshcheck_kubernetes_objects_left_out", Type::kGauge,
        "Those that are too many or cannot be read, since the last list.",
        [](const FollowedObjects& objects) { return objects.objects_left_out; });
  write("meshcheck_kubernetes_lists_total", Type::kCounter, "Lists begun.",
        [](const FollowedObjects& objects) { return objects.lists; });
  write("meshcheck_kubernetes_watches_total", Type::kCounter, "Watches begun.",
        [](const FollowedObjects& objects) { return objects.watches; });
  write("meshcheck_kubernetes_events_total", Type::kCounter, "Changes told by watches.",
        [](const FollowedObjects& objects) { return objects.events; });
  writer.family("meshcheck_kubernetes_name_conflicts", Type::kGauge,
                "Names of agents' pods that two namespaces have.");
  writer.sample({}, static_cast<double>(name_conflicts));
}

}  // namespace meshcheck::server
