#include "agent/sla/sla.h"

#include <algorithm>
#include <cassert>
#include <random>
#include <utility>

#include "checks/factory.h"

namespace meshcheck::agent {
namespace {

// Without a file it is memory that is bounded.
constexpr std::size_t kMemorySizeMax = std::size_t{16} << 20U;

bool is_on(mesh::Layer layer, sla::CheckLayer wanted) {
  if (wanted == sla::CheckLayer::kBoth) return true;
  return (wanted == sla::CheckLayer::kPod) == (layer == mesh::Layer::kPod);
}

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

SpoolBounds bounds_of(const SlaConfig& config) {
  if (!config.spool_file.empty()) return {.size_max = config.spool_max};
  return {.size_max = std::min(config.spool_max, kMemorySizeMax)};
}

}  // namespace

Sla::Sla(uv::Loop& loop, const Config& config, ServerAccess& access,
         std::function<checks::PathCounts()> paths)
    : loop_(loop),
      config_(config),
      client_(loop, {.connections_max = kConnectionsMax,
                     .user_agent = std::string("meshcheck-agent/") + MESHCHECK_VERSION}),
      dns_(loop, {}),
      context_{.loop = loop,
               .client = client_,
               .dns = dns_,
               .paths = std::move(paths),
               .make_other = [this](const sla::CheckSpec& spec) { return make_other(spec); }},
      exporter_(loop, client_, access, open_spool(),
                {.url = config.server.url() + "/downtime",
                 .origin = config.pod_name,
                 .interval = config.sla.export_interval,
                 .backoff = {},
                 .bounds = bounds_of(config.sla),
                 .seed = random_seed(),
                 .log = config.log}) {}

Result<std::unique_ptr<Sla>> Sla::start(uv::Loop& loop, const Config& config, ServerAccess& access,
                                        std::function<checks::PathCounts()> paths) {
  std::unique_ptr<Sla> made(new Sla(loop, config, access, std::move(paths)));
  auto items = made->make_checks();
  if (!items) return items.error();
  config.log.info(
      "checks are run",
      {{"checks", items->size()},
       {"spool", config.sla.spool_file.empty() ? "memory" : config.sla.spool_file.c_str()}});
  EpisodeExporter& exporter = made->exporter_;
  made->runner_.emplace(
      loop, *std::move(items),
      checks::Runner::Options{
          .seed = random_seed(), .log = config.log, .on_episodes = [&exporter](auto episodes) {
            exporter.add(std::move(episodes));
          }});
  if (made->kube_) made->kube_->collect_garbage(config.sla.checks, config.log);
  made->set_rank(std::nullopt);
  return made;
}

Result<std::vector<checks::Runner::Item>> Sla::make_checks() {
  std::vector<checks::Runner::Item> items;
  for (const sla::CheckSpec& spec : config_.sla.checks) {
    if (!is_on(config_.layer, spec.layer)) continue;
    auto check = checks::make_check(context_, spec);
    if (!check) return check.error();
    items.push_back({spec, *std::move(check)});
  }
  return items;
}

Result<std::unique_ptr<checks::Check>> Sla::make_other(const sla::CheckSpec& spec) {
  if (!checks::is_kube_checker(spec.checker)) {
    return Error("there is no checker " + spec.checker);
  }
  if (!kube_) {
    auto found = KubeAccess::find(loop_, client_, config_);
    if (!found) return found.error();
    kube_ = *std::move(found);
  }
  return kube_->make(spec);
}

store::Connection Sla::open_spool() const {
  auto spool = EpisodeExporter::open_spool(config_.sla.spool_file);
  if (spool) return *std::move(spool);
  config_.log.error("the spool cannot be used; episodes are kept in memory",
                    {{"error", spool.error().message()}});
  auto memory = EpisodeExporter::open_spool("");
  assert(memory);
  return *std::move(memory);
}

void Sla::set_rank(std::optional<std::uint32_t> rank) {
  runner_->enable([rank](const sla::CheckSpec& spec) {
    return !spec.agents || (rank && *rank < *spec.agents);
  });
}

}  // namespace meshcheck::agent
