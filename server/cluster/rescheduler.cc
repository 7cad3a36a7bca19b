#include "server/cluster/rescheduler.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/http/url.h"

namespace meshcheck::server {
namespace {

constexpr std::string_view kLeaseName = "meshcheck-rescheduler";
constexpr std::chrono::seconds kLookPeriodMax{60};

struct List {
  std::string_view group;
  std::string_view resource;
};
constexpr std::array<List, 4> kLists = {{{"apps/v1", "statefulsets"},
                                         {"v1", "pods"},
                                         {"v1", "persistentvolumeclaims"},
                                         {"policy/v1", "poddisruptionbudgets"}}};
constexpr std::string_view kOldPolicy = "policy/v1beta1";  // Before Kubernetes 1.21.

// Differs between two servers even when they have the same name.
std::string identity() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';
  return std::string(host.data()) + "_" + std::to_string(std::random_device()());
}

std::chrono::seconds look_period(const MovingConfig& config) {
  return std::min(kLookPeriodMax,
                  std::max(std::chrono::seconds(1), std::chrono::seconds(config.interval / 6)));
}

std::string_view group_of(std::string_view group_version) {
  const auto slash = group_version.find('/');
  return slash == std::string_view::npos ? "" : group_version.substr(0, slash);
}

std::string_view text(rescheduling::Why why) {
  constexpr std::array<std::string_view, 8> kTexts = {
      "its volume ends",     "it has no node",     "its node is gone",     "its node is cordoned",
      "other storage class", "its pod is missing", "its pod is not ready", "it is its turn"};
  return kTexts.at(static_cast<std::size_t>(why));
}

}  // namespace

Result<std::unique_ptr<Rescheduler>> Rescheduler::start(Owner owner, const std::string& kubeconfig,
                                                        const MovingConfig& config) {
  kube::ConfigOptions where;
  where.kubeconfig = kubeconfig;
  const auto api = kube::find_config(where);
  if (!api) return api.error();
  return std::make_unique<Rescheduler>(std::move(owner), *api, config);
}

Rescheduler::Rescheduler(Owner owner, const kube::Config& api, const MovingConfig& config)
    : owner_(std::move(owner)),
      config_(config),
      name_space_(api.default_namespace),
      http_(owner_.loop, {.connections_max = 2}),
      client_(owner_.loop, http_, api),
      lease_(client_,
             {.name = std::string(kLeaseName), .name_space = name_space_, .identity = identity()},
             owner_.log),
      random_(std::random_device()()),
      timer_(owner_.loop, [this] { look(); }) {
  timer_.start_repeating(look_period(config_));
}

std::string Rescheduler::target(const std::string& group, const std::string& what) const {
  return (group == "v1" ? "/api/" : "/apis/") + group + "/namespaces/" + name_space_ + "/" + what;
}

void Rescheduler::look() {
  if (!lease_.held()) return;
  lists_.clear();
  writes_.clear();
  list_next();
}

void Rescheduler::list_next() {
  if (lists_.size() == kLists.size()) return decide();
  const List& list = kLists.at(lists_.size());
  std::string group(list.group);
  if (old_policy_ && list.group.starts_with("policy")) group = kOldPolicy;
  const std::string resource(list.resource);
  kube::Question question{
      .target =
          target(group, resource) + "?labelSelector=" + http::escape_path_segment(config_.selector),
      .operation = {"list", std::string(group_of(list.group)), resource, name_space_}};
  auto call = client_.ask(question, [this](kube::Answer answer) {
    const bool missing = answer.failure && answer.failure->kind == kube::Failure::Kind::kNotFound;
    if (missing && !old_policy_ && lists_.size() + 1 == kLists.size()) {
      old_policy_ = true;
      return list_next();
    }
    if (answer.failure) return note_trouble(answer.failure->sentence);
    lists_.push_back(std::move(answer.body));
    list_next();
  });
  if (!call) return note_trouble(call.error().message());
  call_ = *std::move(call);
}

void Rescheduler::decide() {
  auto cluster = read_cluster({lists_[0], lists_[1], lists_[2], lists_[3]});
  if (!cluster) return note_trouble(cluster.error().message());
  cluster->nodes = owner_.nodes();
  if (cluster->nodes.empty()) return;
  const rescheduling::Rules rules{.period = std::chrono::seconds(config_.interval)};
  const auto next = rescheduling::next_move(*cluster, rules, WallClock::now(), random_());
  if (!next) return note_trouble(next.error().message());
  note_trouble("");
  if (*next) move(**next);
}

Rescheduler::Request Rescheduler::deletion(const std::string& resource,
                                           const std::string& name) const {
  return {.question = {.method = "DELETE",
                       .target = target("v1", resource + "/" + name),
                       .operation = {"delete", "", resource, name_space_}},
          .may_be_gone = true};
}

void Rescheduler::move(const rescheduling::Move& move) {
  owner_.log.info(
      "moving",
      {{"stateful_set", move.instance}, {"node", move.node}, {"because", text(move.why)}});
  const std::string pod = move.instance + "-0";
  // A pod that is well is replaced by its controller, with all the time that it wants to end.
  if (move.why != rescheduling::Why::kOldest || move.deletion != rescheduling::Deletion::kPod) {
    writes_.push_back(deletion("pods", pod));
  }
  if (move.deletion != rescheduling::Deletion::kPod) {
    writes_.push_back(deletion("persistentvolumeclaims", "disk-" + pod));
  }
  writes_.push_back({.question = {.method = "PATCH",
                                  .target = target("apps/v1", "statefulsets/" + move.instance),
                                  .body = assignment_patch(move.node, WallClock::now()),
                                  .content_type = "application/merge-patch+json",
                                  .operation = {"patch", "apps", "statefulsets", name_space_}}});
  write_next();
}

void Rescheduler::write_next() {
  if (writes_.empty()) return;
  const Request request = std::move(writes_.back());
  writes_.pop_back();
  auto call = client_.ask(
      request.question, [this, may_be_gone = request.may_be_gone](const kube::Answer& answer) {
        const bool gone = answer.failure && answer.failure->kind == kube::Failure::Kind::kNotFound;
        if (answer.failure && !(gone && may_be_gone)) return note_trouble(answer.failure->sentence);
        write_next();
      });
  if (!call) return note_trouble(call.error().message());
  call_ = *std::move(call);
}

void Rescheduler::note_trouble(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble.empty()) owner_.log.warning("no pod is moved", {{"error", trouble}});
}

}  // namespace meshcheck::server
