#include "server/cluster/cluster_watcher.h"

#include <algorithm>
#include <random>
#include <utility>

namespace meshcheck::server {
namespace {

constexpr std::chrono::minutes kLogPeriod{1};

FollowedObjects followed(std::string_view name, const kube::WatchStatus& status) {
  return {.name = name,
          .synced = status.synced,
          .cut_off_since = status.cut_off_since,
          .by_silence = status.cut_off_since && status.by_silence,
          .why = status.why,
          .objects = status.objects,
          .objects_left_out = status.objects_refused + status.objects_unreadable,
          .lists = status.lists,
          .watches = status.watches,
          .events = status.events};
}

// Those of another selector besides.
void add(FollowedObjects& all, const kube::WatchStatus& status) {
  all.synced = all.synced && status.synced;
  const bool earlier =
      status.cut_off_since && (!all.cut_off_since || *status.cut_off_since < *all.cut_off_since);
  if (earlier || all.why.empty()) all.why = status.why;
  if (earlier) {
    all.cut_off_since = status.cut_off_since;
    all.by_silence = status.by_silence;
  }
  all.objects_left_out += status.objects_refused + status.objects_unreadable;
  all.lists += status.lists;
  all.watches += status.watches;
  all.events += status.events;
}

}  // namespace

Result<std::unique_ptr<ClusterWatcher>> ClusterWatcher::start(const Owner& owner,
                                                              const std::string& kubeconfig,
                                                              const ClusterConfig& config) {
  kube::ConfigOptions where;
  where.kubeconfig = kubeconfig;
  auto api = kube::find_config(where);
  if (!api) return api.error();
  Options options;
  options.reflector.seed = std::random_device()();
  return std::make_unique<ClusterWatcher>(owner, *api, config, options);
}

ClusterWatcher::ClusterWatcher(const Owner& owner, const kube::Config& api,
                               const ClusterConfig& config, const Options& options)
    : loop_(owner.loop),
      membership_(owner.membership),
      cluster_status_(owner.status),
      log_(owner.log),
      options_(options),
      http_(loop_, {.connections_max = config.selectors.size() + 3}),
      client_(loop_, http_, api),
      pulse_(client_, options.pulse, [this] { tell_status(); }),
      change_(loop_, [this] { apply(); }),
      status_(loop_, [this] { tell_status(); }) {
  const std::string name_space = config.namespace_for(api).value_or("");
  cluster_status_.with([&](ClusterStatus& status) {
    status.enabled = true;
    status.began = loop_.now();
    status.where = name_space.empty() ? "any namespace" : "namespace " + name_space;
  });
  follow_pods(config, name_space);
  follow_nodes();
  status_.start_repeating(options_.status_period);
}

void ClusterWatcher::follow_pods(const ClusterConfig& config, const std::string& name_space) {
  for (std::size_t i = 0; i < config.selectors.size(); ++i) {
    kube::Reflector::Options options = options_.reflector;
    options.seed += static_cast<std::uint32_t>(i);
    auto handlers = kube::Watch::handlers<kube::Pod>(
        [this, i](const kube::Pod& pod) { note(cluster_.upsert(i, pod, now())); },
        [this, i](const kube::Identity& identity) { note(cluster_.erase(i, identity)); },
        [this] { tell_status(); });
    pods_.push_back(
        std::make_unique<kube::Watch>(client_,
                                      kube::ResourceList{.group = {},
                                                         .resource = "pods",
                                                         .name_space = name_space,
                                                         .label_selector = config.selectors[i],
                                                         .field_selector = {}},
                                      options, std::move(handlers)));
  }
}

void ClusterWatcher::follow_nodes() {
  kube::Reflector::Options options = options_.reflector;
  options.seed += static_cast<std::uint32_t>(pods_.size());
  auto handlers = kube::Watch::handlers<kube::Node>(
      [this](const kube::Node& node) { note(cluster_.upsert(node)); },
      [this](const kube::Identity& identity) { note(cluster_.erase_node(identity.name)); },
      [this] { tell_status(); });
  nodes_ = std::make_unique<kube::Watch>(client_,
                                         kube::ResourceList{.group = {},
                                                            .resource = "nodes",
                                                            .name_space = {},
                                                            .label_selector = {},
                                                            .field_selector = {}},
                                         options, std::move(handlers));
}

void ClusterWatcher::note(bool changed) {
  if (!changed || std::exchange(waiting_, true)) return;
  change_.start(options_.change_delay);
}

void ClusterWatcher::apply() {
  waiting_ = false;
  if (!pods_status().synced) return;  // tell_status() comes back to it.
  Cluster::Expectation expectation = cluster_.expectation();
  for (const std::string& name : expectation.conflicts) {
    if (std::binary_search(conflicts_.begin(), conflicts_.end(), name)) continue;
    log_.warning("two namespaces have an agent's pod of one name; the first one is expected",
                 {{"pod", name}});
  }
  conflicts_ = std::move(expectation.conflicts);
  cluster_status_.with([&](ClusterStatus& status) {
    status.name_conflicts = conflicts_.size();
    status.excuses = std::move(expectation.excuses);
  });
  log_.debug("expectation", {{"agents", expectation.inventory.agents.size()}});
  membership_.set_inventory(std::move(expectation.inventory));
}

FollowedObjects ClusterWatcher::pods_status() const {
  FollowedObjects all = followed("pods", pods_.front()->status());
  for (std::size_t i = 1; i < pods_.size(); ++i) add(all, pods_[i]->status());
  all.objects = cluster_.pods();
  return all;
}

void ClusterWatcher::tell_status() {
  // At once, and before it is told that all is known.
  const bool pods_listed = pods_status().synced && cluster_.pods_listed();
  const bool nodes_listed = nodes_->status().synced && cluster_.nodes_listed();
  if (pods_listed || nodes_listed) apply();
  const std::array followed_now{pods_status(), followed("nodes", nodes_->status())};
  cluster_status_.with([&](ClusterStatus& status) {
    status.followed = followed_now;
    status.pulse = pulse_.status();
  });
  const bool stale = followed_now[0].cut_off_since.has_value();
  membership_.set_inventory_stale(stale);
  for (std::size_t i = 0; i < told_.size(); ++i) log_status(followed_now[i], told_[i]);
}

void ClusterWatcher::log_status(const FollowedObjects& objects, LoggedState& told) {
  const Clock::time_point now = loop_.now();
  const bool trouble = !objects.why.empty();
  const bool news = trouble && objects.why != told.trouble;
  if (news && (!told.logged || now - *told.logged >= kLogPeriod)) {
    log_.error("Kubernetes is not followed", {{"watch", objects.name}, {"error", objects.why}});
    told.logged = now;
    told.trouble = objects.why;
  }
  if (trouble) return;
  if (objects.synced && (!told.synced || !told.trouble.empty())) {
    log_.info("Kubernetes is followed", {{"watch", objects.name}, {"objects", objects.objects}});
    told.synced = true;
  }
  told.trouble.clear();
}

}  // namespace meshcheck::server
