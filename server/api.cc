#include "server/api.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/json_writer.h"
#include "lib/base/text.h"
#include "lib/http/query.h"
#include "server/connectivity_check.h"
#include "server/history/history_api.h"
#include "server/history/trail_api.h"
#include "server/mesh/mesh_api.h"
#include "server/mesh/ping_api.h"
#include "server/mesh/pmtu_api.h"
#include "server/metrics.h"
#include "server/page.h"
#include "server/sla/downtime_api.h"
#include "server/sla/sla_api.h"
#include "server/verdicts/verdict_api.h"

namespace meshcheck::server {
namespace {

// Of GET /api/v1/ping?size=.
constexpr std::size_t kPingSizeMax = 1'000'000;
constexpr std::size_t kPiecePadding = 65'536;

SlaAccess::VerdictsWithin verdicts_within(Guarded<VerdictPublisher>& verdicts) {
  return [&verdicts](WallTime from, WallTime to) {
    std::vector<ShownVerdict> shown;
    const auto add = [&](const VerdictRecord& record) {
      const bool overlaps = record.opened < to && (!record.closed || *record.closed > from);
      if (!overlaps) return;
      shown.push_back({record.id, record.opened, record.closed, record.kind, record.sentence});
    };
    verdicts.with([&](const VerdictPublisher& publisher) {
      for (const VerdictRecord& record : publisher.open()) add(record);
      for (const VerdictRecord& record : publisher.closed()) add(record);
    });
    return shown;
  };
}

// Empty, whatever the query, as netchecker's, whose clients name their URLs themselves; with
// `?size=N` N bytes of padding, so that an agent sees whether large packets come back.
http::Response get_padding(const http::Request& request) {
  const auto size = http::query_number<std::size_t>(request, "size", 0, kPingSizeMax);
  if (!size) return http::Response::error(400, size.error().message());
  if (!*size) return {};
  http::Response response;
  // In pieces, so that a slow reader does not hold all of it.
  response.as_is = true;
  response.source = [left = **size](std::string& piece) mutable {
    const std::size_t taken = std::min(left, kPiecePadding);
    piece.append(taken, '0');
    left -= taken;
    return left != 0 ? http::BodyStep::kMore : http::BodyStep::kEnd;
  };
  return response;
}

// Of whom Kubernetes lists the addresses, those count, and not what it says itself: others are sent
// there. What it says of a link stays where it is of the same address.
void use_listed_addresses(mesh::ProbingReport& report, const std::vector<IpAddress>& listed) {
  std::vector<IpAddress> addresses;
  std::vector<std::uint32_t> link_mtus;
  for (const IpAddress& address : listed) {
    const bool has_family =
        std::any_of(addresses.begin(), addresses.end(),
                    [&](const IpAddress& taken) { return taken.family() == address.family(); });
    if (has_family) continue;
    const auto said = std::find(report.addresses.begin(), report.addresses.end(), address);
    const auto place = static_cast<std::size_t>(said - report.addresses.begin());
    addresses.push_back(address);
    link_mtus.push_back(place < report.link_mtus.size() ? report.link_mtus[place] : 0);
  }
  report.addresses = std::move(addresses);
  report.link_mtus = std::move(link_mtus);
}

}  // namespace

Api::Api(Parts& parts, const metrics::Registry& registry, Log log, SlaDatabase* sla,
         std::size_t thread)
    : parts_(parts),
      registry_(registry),
      log_(log),
      sla_{parts.sla, verdicts_within(parts.verdicts), sla, thread} {
  using http::Method;
  using http::Request;
  using http::Response;
  router_.add(Method::kPost, "/api/v1/agents/{name}",
              [this](Request& request) { return post_agent(request); });
  router_.add(Method::kGet, "/api/v1/ping",
              [](const Request& request) { return get_padding(request); });
  router_.add(Method::kGet, "/api/v1/connectivity_check",
              [this](const Request& request) { return check_connectivity(parts_, request); });
  router_.add(Method::kGet, "/api/v1/agents/{name}",
              [this](const Request& request) { return get_agent(request); });
  router_.add(Method::kDelete, "/api/v1/agents/{name}",
              [this](const Request& request) { return delete_agent(request); });
  router_.add(Method::kGet, "/api/v1/agents/{name}/paths",
              [this](const Request& request) { return get_agent_paths(parts_.mesh, request); });
  router_.add(Method::kGet, "/api/v1/mesh",
              [this](const Request& request) { return get_mesh(parts_.mesh, request); });
  router_.add(Method::kGet, "/api/v1/mesh/grid",
              [this](const Request& request) { return parts_.grids.answer(request); });
  router_.add(Method::kGet, "/api/v1/history",
              [this](const Request& request) { return get_history(history_access(), request); });
  router_.add(Method::kGet, "/api/v1/verdicts/{id}/paths", [this](const Request& request) {
    return get_verdict_paths(history_access(), request);
  });
  router_.add(Method::kPost, "/api/v1/pings",
              [this](const Request& request) { return post_ping(parts_.mesh, request, log_); });
  router_.add(Method::kGet, "/api/v1/pings",
              [this](const Request& request) { return get_pings(parts_.mesh, request); });
  router_.add(Method::kGet, "/api/v1/pings/{id}",
              [this](const Request& request) { return get_ping(parts_.mesh, request); });
  router_.add(Method::kGet, "/api/v1/mtu",
              [this](const Request& request) { return get_pmtu(parts_.mesh, request); });
  router_.add(Method::kGet, "/api/v1/verdicts",
              [this](const Request& request) { return get_verdicts(parts_.verdicts, request); });
  router_.add(Method::kGet, "/api/v1/events", [this](const Request& request) {
    return get_events({parts_.verdicts, parts_.events, parts_.grids}, request);
  });
  router_.add(Method::kGet, "/api/v1/agents/",
              [this](const Request& request) { return get_agents(request); });
  router_.add(Method::kGet, "/api/v1/version", [this](const Request&) { return get_version(); });
  router_.add(Method::kGet, "/metrics",
              [this](const Request& request) { return get_metrics(request); });
  router_.add(Method::kGet, "/healthz", [](const Request&) {
    Response response;
    response.body = "ok\n";
    return response;
  });
  router_.add(Method::kGet, "/readyz", [this](const Request&) { return get_readyz(); });
  for (const PageFile& file : page_files()) {
    router_.add(Method::kGet, file.path,
                [&file](const Request& request) { return get_page_file(file, request); });
  }
  add_sla_routes();
}

HistoryAccess Api::history_access() const {
  DatabaseReader* const reader = sla_.database == nullptr ? nullptr : &sla_.database->reader;
  return {parts_.history, reader, sla_.thread};
}

void Api::add_sla_routes() {
  using http::Method;
  using http::Request;
  router_.add(Method::kPost, "/downtime",
              [this](const Request& request) { return post_episodes(sla_, request); });
  router_.add(Method::kGet, "/api/probe",
              [this](const Request& request) { return get_probes(sla_, request); });
  router_.add(Method::kGet, "/api/status/range",
              [this](const Request& request) { return get_status_range(sla_, request); });
  router_.add(Method::kGet, "/public/api/status",
              [this](const Request& request) { return get_public_status(sla_, request); });
  router_.add(Method::kGet, "/api/v1/sla",
              [this](const Request& request) { return get_sla(sla_, request); });
  router_.add(Method::kDelete, "/api/v1/sla/probes/{group}/{probe}",
              [this](const Request& request) { return delete_probe(sla_, request, log_); });
  router_.add(Method::kGet, "/api/v1/downtimes",
              [this](const Request& request) { return get_downtimes(sla_, request); });
  router_.add(Method::kPost, "/api/v1/downtimes",
              [this](const Request& request) { return post_downtime(sla_, request); });
  router_.add(Method::kPut, "/api/v1/downtimes/{uid}",
              [this](const Request& request) { return put_downtime(sla_, request); });
  router_.add(Method::kDelete, "/api/v1/downtimes/{uid}",
              [this](const Request& request) { return delete_downtime(sla_, request); });
}

http::Response Api::post_agent(http::Request& request) {
  const std::string name(request.parameter);
  if (auto checked = mesh::check_name(name); !checked) {
    ++parts_.reports_malformed;
    return http::Response::error(400, checked.error().message());
  }
  auto record = parser_.parse(request.body, name);  // Cuts the padding off in place.
  if (!record) {
    ++parts_.reports_malformed;
    log_.debug("report refused", {{"agent", name}, {"error", record.error().message()}});
    return http::Response::error(400, record.error().message());
  }
  const Now time = now();
  auto mesh = std::exchange(record->mesh, std::nullopt);
  // The answer to it holds the mesh's key.
  if (parts_.options.mesh_needs_principal && request.principal.empty()) mesh.reset();
  const std::string node = mesh ? record->nodename : "";
  mesh::MeshTable::Sender sender{
      .name = name, .node = node, .report_interval = std::chrono::seconds(record->report_interval)};
  if (const auto wall = parse_wall_time(record->hostdate)) sender.wall = *wall;
  const mesh::LargeLoss loss = mesh ? mesh::LargeLoss::of(*mesh) : mesh::LargeLoss();
  std::optional<std::string_view> pod_uid;
  if (parts_.options.principals_are_pods && !request.principal.empty()) pod_uid = request.principal;
  std::vector<IpAddress> listed;
  const auto outcome = parts_.agents.with([&](AgentTable& table) {
    if (pod_uid) listed = table.listed_addresses(name, *pod_uid);
    return table.report(*std::move(record), time, loss, pod_uid);
  });
  switch (outcome) {
    case AgentTable::Outcome::kStored:
      if (!mesh) return {};
      if (!listed.empty()) use_listed_addresses(*mesh, listed);
      return answer_mesh(sender, *mesh, time);
    case AgentTable::Outcome::kLeaving:
      return {};
    case AgentTable::Outcome::kFull:
      return http::Response::error(
          503, "As many agents are held as -agents-max allows; delete some or raise it.");
    case AgentTable::Outcome::kNotInInventory:
      return http::Response::error(
          403,
          "The inventory does not name this agent; add it there and the next report is taken.");
    case AgentTable::Outcome::kNotListed:
      return http::Response::error(403,
                                   "Kubernetes lists no such pod among the agents: see "
                                   "-agent-selector and -agent-namespace.");
    case AgentTable::Outcome::kOtherPod:
      return http::Response::error(403,
                                   "The pod of this name that Kubernetes lists is another one.");
    case AgentTable::Outcome::kOtherNode:
      return http::Response::error(403,
                                   "The token's pod is on another node than the report says: see "
                                   "the agent's MY_NODE_NAME.");
  }
  return http::Response::error(500, "unreachable");
}

http::Response Api::answer_mesh(const mesh::MeshTable::Sender& sender,
                                const mesh::ProbingReport& report, Now time) {
  auto assignment =
      parts_.mesh.with([&](mesh::Mesh& mesh) { return mesh.report(sender, report, time); });
  if (!assignment) return {};
  http::Response response = http::Response::json(*std::move(assignment));
  response.as_is = true;  // It holds the key beside names that agents choose.
  return response;
}

http::Response Api::get_agents(const http::Request& request) const {
  return parts_.agents_answers.answer("application/json", request, [this] {
    return parts_.agents.with([](const AgentTable& table) { return table.all_records(); });
  });
}

http::Response Api::get_agent(const http::Request& request) const {
  auto record = parts_.agents.with(
      [&](const AgentTable& table) { return table.record_of(request.parameter); });
  if (!record) return http::Response::error(404, mesh::kUnknownAgent);
  return http::Response::json(*std::move(record));
}

http::Response Api::delete_agent(const http::Request& request) {
  if (!parts_.membership().remove(request.parameter)) {
    return http::Response::error(404, mesh::kUnknownAgent);
  }
  log_.info("agent deleted", {{"agent", request.parameter}});
  http::Response response;
  response.status = 204;
  return response;
}

http::Response Api::get_version() const {
  std::string json = "{";
  append_json_member(json, "version", MESHCHECK_VERSION);
  const std::string& dashboard = parts_.options.dashboard_url;
  if (!dashboard.empty()) append_json_member(json, "dashboard_url", dashboard);
  return http::Response::json(json + '}');
}

http::Response Api::get_metrics(const http::Request& request) const {
  return parts_.metrics_answers.answer("text/plain; version=0.0.4; charset=utf-8", request,
                                       [this] { return metrics_text(parts_, registry_); });
}

http::Response Api::get_readyz() const {
  if (parts_.draining) return http::Response::error(503, "stopping");
  const auto trouble = [](const store::WriteStatus& status) { return status.trouble; };
  const std::string reports = parts_.store.reports.with(trouble);
  const std::string episodes = parts_.store.episodes.with(trouble);
  const auto [ready, unknown] = parts_.cluster.with([](const ClusterStatus& status) {
    return std::pair(status.ready(Clock::now()), status.enabled ? status.trouble() : "");
  });
  if (!ready) return http::Response::error(503, unknown);
  // A failing disk costs nothing but the memory of a restart; turning agents away would cost more.
  http::Response response;
  response.body = "ok";
  std::string_view separator = ", but ";
  const auto add = [&](std::string_view what, const std::string& why) {
    if (why.empty()) return;
    response.body.append(separator).append(what).append(why);
    separator = "; and ";
  };
  add("reports cannot be written: ", reports);
  add("episodes cannot be written: ", episodes);
  add("history cannot be written: ", parts_.store.history.with(trouble));
  add("", unknown);
  response.body += '\n';
  return response;
}

}  // namespace meshcheck::server
