#include "server/sla/downtime_watcher.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>

#include "lib/kube/object_values.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;

// Objects of the other group are not ours to write.
constexpr const char* kOwnGroup = "meshcheck.io";

sla::DowntimeTable::Origin origin_of(const kube::Identity& identity, const std::string& group) {
  return {.source = sla::DowntimeTable::Source::kKubernetes,
          .uid = identity.uid,
          .name = identity.name,
          .group = group};
}

// What DowntimeStatus reads of an object.
json needed_of(const json& root) {
  json needed = json::object();
  const auto metadata = root.is_object() ? root.find("metadata") : root.end();
  if (metadata != root.end() && metadata->is_object()) {
    for (const char* key : {"name", "uid", "generation"}) {
      if (metadata->contains(key)) needed["metadata"][key] = (*metadata)[key];
    }
  }
  const auto status = root.is_object() ? root.find("status") : root.end();
  if (status != root.end() && status->is_object() && status->contains("conditions")) {
    needed["status"]["conditions"] = (*status)["conditions"];
  }
  return needed;
}

}  // namespace

kube::Reflector::Options DowntimeWatcher::default_options() {
  kube::Reflector::Options options;
  options.retry_min = std::chrono::seconds(1);
  options.retry_max = std::chrono::seconds(2);
  options.objects_max = sla::DowntimeTable::kDowntimesMax;
  options.seed = std::random_device()();
  return options;
}

Result<std::unique_ptr<DowntimeWatcher>> DowntimeWatcher::start(const Owner& owner,
                                                                const std::string& kubeconfig) {
  kube::ConfigOptions where;
  where.kubeconfig = kubeconfig;
  auto api = kube::find_config(where);
  if (!api) return api.error();
  return std::make_unique<DowntimeWatcher>(owner, *api, default_options());
}

DowntimeWatcher::DowntimeWatcher(const Owner& owner, const kube::Config& api,
                                 const kube::Reflector::Options& options,
                                 std::chrono::milliseconds judge_interval)
    : downtimes_(owner.downtimes),
      probes_(owner.probes),
      log_(owner.log),
      http_(owner.loop, {.connections_max = 4}),
      client_(owner.loop, http_, api),
      status_(client_, owner.log),
      judge_timer_(owner.loop, [this] { judge_again(); }) {
  follow(kOwnGroup, options);
  follow("deckhouse.io", options);
  judge_timer_.start_repeating(judge_interval);
}

void DowntimeWatcher::follow(const std::string& group, kube::Reflector::Options options) {
  options.seed += static_cast<std::uint32_t>(followed_.size());
  followed_.push_back(std::make_unique<Followed>());
  Followed& followed = *followed_.back();
  followed.group = group;
  auto handlers = kube::Watch::handlers<kube::AnyObject>(
      [this, group](const kube::AnyObject& object) { keep(object, group); },
      [this, group](const kube::Identity& identity) {
        held_.erase(identity);
        downtimes_.with(
            [&](sla::DowntimeTable& table) { table.erase(origin_of(identity, group)); });
      },
      [this, &followed] { tell(followed); });
  followed.watch = std::make_unique<kube::Watch>(client_,
                                                 kube::ResourceList{.group = group,
                                                                    .version = "v1alpha1",
                                                                    .resource = "downtimes",
                                                                    .name_space = {},
                                                                    .label_selector = {},
                                                                    .field_selector = {}},
                                                 options, std::move(handlers));
}

std::vector<std::string> DowntimeWatcher::unknown_in(const sla::DowntimeTable::Items& items) {
  std::set<std::string> named;
  for (const sla::Downtime& downtime : items.downtimes) {
    named.insert(downtime.affected.begin(), downtime.affected.end());
  }
  probes_.with([&](const sla::SlaTable& table) {
    if (table.size() == 0) named.clear();
    std::erase_if(named, [&](const std::string& name) { return table.knows(name); });
  });
  return {named.begin(), named.end()};
}

void DowntimeWatcher::keep(const kube::AnyObject& object, const std::string& group) {
  const json root = json::parse(object.json, nullptr, /*allow_exceptions=*/false);
  const auto spec = root.is_object() ? root.find("spec") : root.end();
  const auto origin = origin_of(object.identity, group);
  sla::DowntimeTable::Items items =
      sla::read_downtime_items(spec != root.end() ? *spec : json(), origin);
  held_.erase(object.identity);
  Held held{.group = group, .object = needed_of(root), .items = items, .unknown = {}};
  const bool is_news = judge(held) || group != kOwnGroup;
  const bool names_any =
      std::any_of(items.downtimes.begin(), items.downtimes.end(),
                  [](const sla::Downtime& downtime) { return !downtime.affected.empty(); });
  if (names_any) held_.emplace(object.identity, std::move(held));
  for (const sla::DowntimeTable::Refused& item : items.refused) {
    if (!is_news) break;
    log_.warning("a downtime is left out",
                 {{"object", object.identity.name}, {"item", item.what}, {"error", item.reason}});
  }
  downtimes_.with([&](sla::DowntimeTable& table) { table.replace(origin, std::move(items)); });
}

bool DowntimeWatcher::judge(Held& held) {
  const kube::Resource resource{.group = held.group, .version = "v1alpha1", .plural = "downtimes"};
  DowntimeOutcome outcome{.items = held.items, .unknown = unknown_in(held.items)};
  const bool is_news = held.group == kOwnGroup ? status_.tell(resource, held.object, outcome)
                                               : outcome.unknown != held.unknown;
  if (is_news && !outcome.unknown.empty()) {
    log_.warning("a downtime names what no probe is known of",
                 {{"object", kube::text_at(held.object, "/metadata/name")},
                  {"affected", names_shown(outcome.unknown)}});
  }
  held.unknown = std::move(outcome.unknown);
  return is_news;
}

void DowntimeWatcher::judge_again() {
  const std::uint64_t now =
      probes_.with([](const sla::SlaTable& table) { return table.probes_version(); });
  const bool is_settled = now == std::exchange(version_seen_, now);
  if (!is_settled || now == version_judged_) return;
  version_judged_ = now;
  for (auto& [identity, held] : held_) judge(held);
}

void DowntimeWatcher::tell(Followed& followed) {
  if (followed.watch == nullptr) return;
  const kube::WatchStatus status = followed.watch->status();
  // Such objects are not served here, which is no trouble.
  const bool is_absent = status.failure == kube::Failure::Kind::kNotFound;
  const std::string trouble = is_absent ? std::string() : status.why;
  if (trouble == followed.told) return;
  followed.told = trouble;
  if (trouble.empty()) return;
  log_.warning("downtimes of Kubernetes are not followed",
               {{"group", followed.group}, {"error", trouble}});
}

}  // namespace meshcheck::server
