#include "server/cluster/cluster_metrics.h"

namespace meshcheck::server {

void write_cluster_metrics(const ClusterStatus& status, Clock::time_point now,
                           metrics::Sink& sink) {
  if (!status.enabled) return;
  using Type = metrics::Sink::Type;
  const auto write = [&](std::string_view name, Type type, std::string_view help, auto value) {
    sink.family(name, type, help);
    for (const FollowedObjects& objects : status.followed) {
      sink.sample({{"watch", objects.name}}, static_cast<double>(value(objects)));
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
  sink.family("meshcheck_kubernetes_name_conflicts", Type::kGauge,
              "Names of agents' pods that two namespaces have.");
  sink.sample({}, static_cast<double>(status.name_conflicts));
}

}  // namespace meshcheck::server
