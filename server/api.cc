#include "server/api.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "lib/base/text.h"
#include "server/mesh/mesh_api.h"
#include "server/mesh/mtu_api.h"
#include "server/page.h"
#include "server/sla/downtime_api.h"
#include "server/sla/sla_api.h"
#include "server/verdicts/verdict_api.h"

namespace meshcheck::server {
namespace {

// Of GET /api/v1/ping?size=.
constexpr std::size_t kPingSizeMax = 1'000'000;
constexpr std::size_t kPiecePadding = 65'536;

void append_list(std::string& json, std::string_view key, const std::vector<std::string>& names,
                 bool null_if_empty) {
  json += ",\"";
  json += key;
  json += "\":";
  if (names.empty() && null_if_empty) {
    json += "null";
    return;
  }
  char separator = '[';
  for (const std::string& name : names) {
    json += separator;
    append_json_string(json, name);
    separator = ',';
  }
  json += separator == '[' ? "[]" : "]";
}

// "large packets are lost, small ones are not: to the server from 2 agents, both ways with 1"
std::string text_of(const std::vector<Check::Unpadded>& agents) {
  const auto count = [&](bool to_server, bool from_server) {
    return std::count_if(agents.begin(), agents.end(), [&](const Check::Unpadded& agent) {
      return agent.loss.to_server == to_server && agent.loss.from_server == from_server;
    });
  };
  std::string text = "large packets are lost, small ones are not";
  char separator = ':';
  const auto append = [&](std::string_view way, std::ptrdiff_t number) {
    if (number == 0) return;
    text += separator;
    text += ' ';
    text += way;
    text += std::to_string(number);
    text += number == 1 ? " agent" : " agents";
    separator = ',';
  };
  append("to the server from ", count(true, false));
  append("from the server to ", count(false, true));
  append("both ways between the server and ", count(true, true));
  return text;
}

// What is open above info, worst first; and whether the check fails for it.
struct ShownVerdicts {
  std::vector<std::string> texts;  // "critical: pod network of node-7 is broken (...)"
  std::size_t critical = 0;
  bool fail = false;
};

ShownVerdicts verdicts_of(State& state) {
  ShownVerdicts shown;
  state.verdicts.with([&](const VerdictBoard& board) {
    shown.critical = board.count(verdict::Severity::kCritical);
    for (const VerdictRecord& record : board.open()) {
      if (record.severity == verdict::Severity::kInfo) break;
      shown.texts.push_back(std::string(text(record.severity)) + ": " + record.sentence);
    }
  });
  shown.fail = state.verdicts_fail_check && shown.critical != 0;
  return shown;
}

// What the check says of the cluster itself.
struct ClusterWords {
  std::string unknown;  // Why it is not known who is expected; empty if it is.
  std::string nobody = "none has reported within the last hour and there is no inventory";
};

ClusterWords cluster_words(State& state) {
  return state.cluster.with([](const ClusterStatus& status) {
    ClusterWords words;
    if (!status.enabled) return words;
    if (!status.synced()) words.unknown = status.trouble();
    words.nobody = "no pod in " + status.where + " is one of -agent-selector";
    return words;
  });
}

// "2 absent pods do not run: agent-x (Pending, on no node yet), agent-y (Pending, not ready)"
std::string text_of(const std::vector<Check::NotRunning>& agents) {
  constexpr std::size_t kNamedMax = 3;
  std::string text = std::to_string(agents.size());
  text += agents.size() == 1 ? " absent pod does not run" : " absent pods do not run";
  for (std::size_t i = 0; i < std::min(agents.size(), kNamedMax); ++i) {
    text += (i == 0 ? ": " : ", ") + agents[i].name + " (" + agents[i].why + ")";
  }
  return text;
}

std::string message_of(const Check& check, const ShownVerdicts& verdicts,
                       const ClusterWords& cluster) {
  if (check.ok() && !verdicts.fail && cluster.unknown.empty()) {
    return "All " + std::to_string(check.expected) +
           " pods successfully reported back to the server";
  }
  std::string text = "Connectivity check fails. Reason: ";
  if (!cluster.unknown.empty()) {
    text += "it is not known which agents should report: " + cluster.unknown + "; ";
  } else if (check.expected == 0) {
    if (!check.excused.empty()) {
      return text + "no agents are expected: all are silent, on nodes that are cordoned or go";
    }
    if (check.awaited == 0) return text + "no agents are expected: " + cluster.nobody;
    return text + "no agent has reported yet, and " + std::to_string(check.awaited) +
           (check.awaited == 1 ? " that is" : " that are") + " new still may";
  }
  if (!check.absent.empty() || !check.outdated.empty())
    text += "there are absent or outdated pods; ";
  if (!check.not_running.empty()) text += text_of(check.not_running) + "; ";
  if (!check.unpadded.empty()) text += text_of(check.unpadded) + "; ";
  if (verdicts.fail) {
    text += std::to_string(verdicts.critical);
    text += verdicts.critical == 1 ? " critical verdict; " : " critical verdicts; ";
  }
  return text + "look up the payload";
}

// Empty; with `?size=N` N octets of padding, so that an agent sees whether large packets come back.
http::Response get_ping(const http::Request& request) {
  const std::string text = request.query_value("size");
  if (text.empty()) return {};
  std::size_t size = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, size);
  if (error != std::errc() || stopped != end || size > kPingSizeMax) {
    return http::Response::error(
        400, "size: a number from 0 to " + std::to_string(kPingSizeMax) + " is expected");
  }
  http::Response response;
  // In pieces, so that a slow reader does not hold all of it.
  response.source = [left = size](std::string& piece) mutable {
    const std::size_t taken = std::min(left, kPiecePadding);
    piece.append(taken, '0');
    left -= taken;
    return left != 0 ? http::BodyStep::kMore : http::BodyStep::kEnd;
  };
  return response;
}

}  // namespace

Api::Api(State& state, const metrics::Registry& registry, Log log, SlaDesk* desk,
         std::size_t thread)
    : state_(state), registry_(registry), log_(log), sla_{state, desk, thread} {
  using http::Method;
  using http::Request;
  using http::Response;
  router_.add(Method::kPost, "/api/v1/agents/{name}",
              [this](Request& request) { return post_agent(request); });
  router_.add(Method::kGet, "/api/v1/ping",
              [](const Request& request) { return get_ping(request); });
  router_.add(Method::kGet, "/api/v1/connectivity_check",
              [this](const Request&) { return check_connectivity(); });
  router_.add(Method::kGet, "/api/v1/agents/{name}",
              [this](const Request& request) { return get_agent(request); });
  router_.add(Method::kDelete, "/api/v1/agents/{name}",
              [this](const Request& request) { return delete_agent(request); });
  router_.add(Method::kGet, "/api/v1/agents/{name}/paths",
              [this](const Request& request) { return get_agent_paths(state_, request); });
  router_.add(Method::kGet, "/api/v1/mesh",
              [this](const Request& request) { return get_mesh(state_, request); });
  router_.add(Method::kGet, "/api/v1/mtu",
              [this](const Request& request) { return get_mtu(state_, request); });
  router_.add(Method::kGet, "/api/v1/verdicts",
              [this](const Request& request) { return get_verdicts(state_, request); });
  router_.add(Method::kGet, "/api/v1/events",
              [this](const Request& request) { return get_events(state_, request); });
  router_.add(Method::kGet, "/api/v1/agents/", [this](const Request&) { return get_agents(); });
  router_.add(Method::kGet, "/api/v1/version", [](const Request&) {
    return Response::json("{\"version\":\"" MESHCHECK_VERSION "\"}");
  });
  router_.add(Method::kGet, "/metrics", [this](const Request&) { return get_metrics(); });
  router_.add(Method::kGet, "/healthz", [](const Request&) {
    Response response;
    response.body = "ok\n";
    return response;
  });
  router_.add(Method::kGet, "/readyz", [this](const Request&) { return get_readyz(); });
  router_.add(Method::kGet, "/", [this](const Request&) { return get_page(); });
  add_sla_routes();
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
    ++state_.reports_malformed;
    return http::Response::error(400, checked.error().message());
  }
  auto record = parser_.parse(request.body, name);  // Cuts the padding off in place.
  if (!record) {
    ++state_.reports_malformed;
    log_.debug("report refused", {{"agent", name}, {"error", record.error().message()}});
    return http::Response::error(400, record.error().message());
  }
  const Now time = now();
  auto mesh = std::exchange(record->mesh, std::nullopt);
  // The answer to it holds the mesh's key.
  if (state_.mesh_needs_principal && request.principal.empty()) mesh.reset();
  const std::string node = mesh ? record->nodename : "";
  mesh::MeshTable::Sender sender{
      .name = name, .node = node, .report_interval = std::chrono::seconds(record->report_interval)};
  if (const auto wall = parse_wall_time(record->hostdate)) sender.wall = *wall;
  const mesh::LargeLoss loss = mesh ? mesh::LargeLoss::of(*mesh) : mesh::LargeLoss();
  std::optional<std::string_view> pod_uid;
  if (state_.principals_are_pods && !request.principal.empty()) pod_uid = request.principal;
  const auto outcome = state_.table.with(
      [&](AgentTable& table) { return table.report(*std::move(record), time, loss, pod_uid); });
  switch (outcome) {
    case AgentTable::Outcome::kStored:
      if (!mesh) return {};
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
  }
  return http::Response::error(500, "unreachable");
}

http::Response Api::answer_mesh(const mesh::MeshTable::Sender& sender,
                                const mesh::MeshReport& report, Now time) {
  auto assignment =
      state_.mesh.with([&](mesh::Mesh& mesh) { return mesh.report(sender, report, time); });
  return assignment ? http::Response::json(*std::move(assignment)) : http::Response();
}

http::Response Api::get_agents() const {
  return http::Response::json(
      state_.table.with([](const AgentTable& table) { return table.all_records(); }));
}

http::Response Api::get_agent(const http::Request& request) const {
  auto record = state_.table.with(
      [&](const AgentTable& table) { return table.record_of(request.parameter); });
  if (!record) return http::Response::error(404, kUnknownAgent);
  return http::Response::json(*std::move(record));
}

http::Response Api::delete_agent(const http::Request& request) {
  const bool removed =
      state_.table.with([&](AgentTable& table) { return table.remove(request.parameter); });
  if (!removed) return http::Response::error(404, kUnknownAgent);
  pass_on_departures(state_);
  log_.info("agent deleted", {{"agent", request.parameter}});
  http::Response response;
  response.status = 204;
  return response;
}

http::Response Api::check_connectivity() const {
  const Check check = state_.table.with([](const AgentTable& table) { return table.check(now()); });
  const ShownVerdicts verdicts = verdicts_of(state_);
  const ClusterWords cluster = cluster_words(state_);
  const bool ok = check.ok() && !verdicts.fail && cluster.unknown.empty();
  std::string json = "{\"Message\":";
  append_json_string(json, message_of(check, verdicts, cluster));
  append_list(json, "Absent", check.absent, ok);
  append_list(json, "Outdated", check.outdated, ok);
  // netchecker has no such lists: they are there only while there is something to say.
  if (!verdicts.texts.empty()) append_list(json, "Verdicts", verdicts.texts, false);
  if (!check.unpadded.empty()) {
    std::vector<std::string> names;
    for (const Check::Unpadded& agent : check.unpadded) names.push_back(agent.name);
    append_list(json, "Unpadded", names, false);
  }
  json += '}';
  return http::Response::json(std::move(json), ok ? 200 : 400);
}

http::Response Api::get_metrics() const {
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_text(state_, registry_);
  return response;
}

http::Response Api::get_readyz() const {
  if (state_.draining) return http::Response::error(503, "stopping");
  http::Response response;
  const std::string trouble =
      state_.store.with([](const StoreStatus& status) { return status.trouble; });
  const auto [ready, unknown] = state_.cluster.with([](const ClusterStatus& status) {
    return std::pair(status.ready(Clock::now()), status.enabled ? status.trouble() : "");
  });
  if (!ready) return http::Response::error(503, unknown);
  // A failing disk costs nothing but the memory of a restart; turning agents away would cost more.
  response.body = trouble.empty() ? "ok" : "ok, but reports cannot be written: " + trouble;
  if (!unknown.empty()) response.body += (trouble.empty() ? ", but " : "; and ") + unknown;
  response.body += '\n';
  return response;
}

http::Response Api::get_page() const {
  const Now time = now();
  const auto [check, rows] = state_.table.with([&](const AgentTable& table) {
    return std::pair(table.check(time), table.rows(time, kPageRowsMax));
  });
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                      {"X-Content-Type-Options", "nosniff"}};
  const auto verdicts =
      state_.verdicts.with([](const VerdictBoard& board) { return board.open(); });
  response.body = render_page(check, verdicts, rows, time.wall);
  return response;
}

}  // namespace meshcheck::server
