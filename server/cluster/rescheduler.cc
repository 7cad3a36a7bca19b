#include "server/cluster/rescheduler.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace meshcheck::server {
namespace {

constexpr std::chrono::seconds kLookPeriodMax{60};
constexpr std::chrono::seconds kQuestionTimeout{30};

// What a policy was of before Kubernetes 1.21.
constexpr const char* kOldPolicy = "v1beta1";

struct List {
  const char* group;
  const char* plural;
  std::vector<nlohmann::json> ReschedulingLists::*objects;
};
constexpr std::array<List, 4> kLists = {
    {{"apps", "statefulsets", &ReschedulingLists::stateful_sets},
     {"", "pods", &ReschedulingLists::pods},
     {"", "persistentvolumeclaims", &ReschedulingLists::volumes},
     {"policy", "poddisruptionbudgets", &ReschedulingLists::budgets}}};

// Differs between two servers even when they have the same name.
std::string identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';
  return std::string(host.data()) + "_" + std::to_string(std::random_device()());
}

std::chrono::seconds look_period(const ReschedulingConfig& config) {
  return std::min(kLookPeriodMax,
                  std::max(std::chrono::seconds(1), std::chrono::seconds(config.interval / 6)));
}

}  // namespace

Result<std::unique_ptr<Rescheduler>> Rescheduler::start(Owner owner, const std::string& kubeconfig,
                                                        const ReschedulingConfig& config) {
  kube::ConfigOptions where;
  where.kubeconfig = kubeconfig;
  const auto api = kube::find_config(where);
  if (!api) return api.error();
  return std::make_unique<Rescheduler>(std::move(owner), *api, config);
}

Rescheduler::Rescheduler(Owner owner, const kube::Config& api, const ReschedulingConfig& config)
    : owner_(std::move(owner)),
      config_(config),
      name_space_(api.default_namespace),
      http_(owner_.loop, {.connections_max = 2}),
      client_(owner_.loop, http_, api),
      lease_(client_, {.name = config_.lease, .name_space = name_space_, .identity = identity()},
             owner_.log),
      random_(std::random_device()()),
      objects_(client_, kQuestionTimeout),
      timer_(owner_.loop, [this] { look(); }) {
  timer_.start_repeating(look_period(config_));
}

void Rescheduler::look() {
  if (!lease_.held()) return;
  lists_ = {};
  list_ = 0;
  writes_.clear();
  list_next();
}

void Rescheduler::list_next() {
  if (list_ == kLists.size()) return decide();
  const List& list = kLists.at(list_);
  kube::Resource resource{.group = list.group, .plural = list.plural, .name_space = name_space_};
  if (old_policy_ && resource.group == "policy") resource.version = kOldPolicy;
  objects_.list(
      resource, config_.selector,
      [this, objects = list.objects](const nlohmann::json& object) {
        (lists_.*objects).push_back(object);
      },
      [this](const std::optional<kube::Failure>& failure) { listed(failure); });
}

void Rescheduler::listed(const std::optional<kube::Failure>& failure) {
  const bool missing = failure && failure->kind == kube::Failure::Kind::kNotFound;
  if (missing && !old_policy_ && list_ + 1 == kLists.size()) {
    old_policy_ = true;
    return list_next();
  }
  if (failure) return note_trouble(failure->sentence);
  ++list_;
  list_next();
}

void Rescheduler::decide() {
  auto cluster = read_cluster(lists_);
  if (!cluster) return note_trouble(cluster.error().message());
  cluster->nodes = owner_.nodes();
  if (cluster->nodes.empty()) return;
  const rescheduling::Rules rules{.period = std::chrono::seconds(config_.interval)};
  const auto next = rescheduling::next_move(*cluster, rules, WallClock::now(), random_());
  if (!next) return note_trouble(next.error().message());
  note_trouble("");
  if (*next) move(**next);
}

void Rescheduler::move(const rescheduling::Move& move) {
  owner_.log.info("moving", {{"stateful_set", move.instance},
                             {"node", move.node},
                             {"because", rescheduling::text(move.why)}});
  const std::string pod = move.instance + "-0";
  const auto add_deletion = [this](const char* plural, std::string name) {
    writes_.push_back({{.plural = plural, .name_space = name_space_}, std::move(name), {}});
  };
  // A pod that is well is replaced by its controller, with all the time that it wants to end.
  if (move.why != rescheduling::Why::kOldest || move.deletion != rescheduling::Deletion::kPod) {
    add_deletion("pods", pod);
  }
  if (move.deletion != rescheduling::Deletion::kPod) {
    add_deletion("persistentvolumeclaims", "disk-" + pod);
  }
  writes_.push_back({{.group = "apps", .plural = "statefulsets", .name_space = name_space_},
                     move.instance,
                     assignment_patch(move.node, WallClock::now())});
  write_next();
}

void Rescheduler::write_next() {
  if (writes_.empty()) return;
  const Write write = std::move(writes_.back());
  writes_.pop_back();
  auto on_answer = [this, deletes = !write.patch](const kube::ObjectAnswer& answer) {
    const bool gone = deletes && answer.not_found();
    if (answer.failure && !gone) return note_trouble(answer.why());
    write_next();
  };
  if (write.patch) {
    objects_.merge(write.resource, write.name, *write.patch, std::move(on_answer));
  } else {
    objects_.remove(write.resource, write.name, kube::ResourceClient::Deletion::kGraceful,
                    std::move(on_answer));
  }
}

void Rescheduler::note_trouble(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble.empty()) owner_.log.warning("no pod is moved", {{"error", trouble}});
}

}  // namespace meshcheck::server
