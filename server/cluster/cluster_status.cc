#include "server/cluster/cluster_status.h"

#include <algorithm>

namespace meshcheck::server {

bool ClusterStatus::synced() const {
  return std::all_of(followed.begin(), followed.end(),
                     [](const FollowedObjects& objects) { return objects.synced; });
}

std::optional<Clock::time_point> ClusterStatus::cut_off_since() const {
  std::optional<Clock::time_point> since = pulse.silent_since;
  for (const FollowedObjects& objects : followed) {
    const auto of_these = objects.synced ? objects.cut_off_since : std::optional(began);
    // Of the one and the same silence it is known more exactly when that began.
    if (objects.synced && objects.by_silence && pulse.silent_since) continue;
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
  if (pulse.silent_since) return pulse.why;
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

}  // namespace meshcheck::server
