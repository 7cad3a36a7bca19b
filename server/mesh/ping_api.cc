#include "server/mesh/ping_api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/base/json_writer.h"
#include "lib/http/query.h"
#include "mesh/assignment/peer_address.h"
#include "mesh/report/name.h"

namespace meshcheck::server {
namespace {

using mesh::Layer;
using mesh::MeshAgent;
using mesh::PingDesk;
using nlohmann::json;

// What the client asked for.
struct Wish {
  std::string from;  // Nodes or agents.
  std::string to;
  std::optional<Layer> layer;
  std::optional<IpAddress::Family> family;
  std::uint32_t size = 0;
  std::uint32_t count = 3;
};

// A refusal, with its status.
struct Refusal {
  int status = 400;
  std::string sentence;
};

template <typename Value>
using Outcome = std::variant<Value, Refusal>;

std::optional<std::string> read_text(const json& item, std::string& target) {
  if (!item.is_string()) return "a text is expected";
  target = item.get<std::string>();
  return std::nullopt;
}

std::optional<std::string> read_number(const json& item, std::uint32_t least, std::uint32_t most,
                                       std::uint32_t& target) {
  const bool good = item.is_number_unsigned() && item.get<std::uint64_t>() >= least &&
                    item.get<std::uint64_t>() <= most;
  if (!good) {
    return "a whole number from " + std::to_string(least) + " to " + std::to_string(most) +
           " is expected";
  }
  target = item.get<std::uint32_t>();
  return std::nullopt;
}

// One of two words.
template <typename Value>
std::optional<std::string> read_word(const json& item,
                                     const std::array<std::pair<std::string_view, Value>, 2>& words,
                                     std::optional<Value>& target) {
  for (const auto& [word, value] : words) {
    if (item == word) target = value;
  }
  if (target) return std::nullopt;
  return std::string(words[0].first) + " or " + std::string(words[1].first) + " is expected";
}

std::optional<std::string> read_key(const std::string& key, const json& item, Wish& wish) {
  using Family = IpAddress::Family;
  if (key == "from") return read_text(item, wish.from);
  if (key == "to") return read_text(item, wish.to);
  if (key == "size") return read_number(item, 0, mesh::kPingSizeMax, wish.size);
  if (key == "count") return read_number(item, 1, mesh::kPingCountMax, wish.count);
  if (key == "layer") {
    return read_word<Layer>(item, {{{"pod", Layer::kPod}, {"host", Layer::kHost}}}, wish.layer);
  }
  if (key == "family") {
    return read_word<Family>(item, {{{"ipv4", Family::kIpv4}, {"ipv6", Family::kIpv6}}},
                             wish.family);
  }
  return "no such key: from, to, layer, family, size and count are known";
}

Result<Wish> parse_wish(const std::string& body) {
  const json root = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return Error("an object with from and to is expected");
  Wish wish;
  for (const auto& [key, item] : root.items()) {
    if (const auto error = read_key(key, item, wish)) return Error(*error).within(key);
  }
  if (wish.from.empty()) return Error("from: a node or an agent is expected");
  if (wish.to.empty()) return Error("to: a node or an agent is expected");
  return wish;
}

// The agent of that name, or the one of that layer of the node of that name; without a layer the
// host's, if the node has one.
const MeshAgent* find_agent(const mesh::MeshTable& table, const std::string& name,
                            std::optional<Layer> layer) {
  const auto of_layer = [&](Layer wanted) -> const MeshAgent* {
    const auto found = table.series().find({name, wanted});
    return found == table.series().end() ? nullptr : found->second.latest;
  };
  const MeshAgent* agent = nullptr;
  if (layer) {
    agent = of_layer(*layer);
  } else {
    agent = of_layer(Layer::kHost);
    if (agent == nullptr) agent = of_layer(Layer::kPod);
  }
  if (agent != nullptr) return agent;
  agent = table.find(name);
  return agent != nullptr && layer && agent->layer != *layer ? nullptr : agent;
}

std::string place(const std::string& name, std::optional<Layer> layer) {
  return name + (layer ? " on the " + std::string(mesh::text(*layer)) + " network" : "");
}

// Where `to` is reached from `from`.
std::optional<IpAddress> address_between(const MeshAgent& from, const MeshAgent& to,
                                         std::optional<IpAddress::Family> family) {
  std::vector<IpAddress> own;
  for (const auto& address : from.addresses) {
    if (address) own.push_back(*address);
  }
  for (const auto& address : to.addresses) {
    if (!address || (family && address->family() != *family)) continue;
    const bool both = from.addresses[index_of(address->family())].has_value();
    if (both && mesh::may_be_peer(*address) && mesh::may_probe(own, *address)) return *address;
  }
  return std::nullopt;
}

std::uint64_t new_id() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint64_t>(1, mesh::kPingIdMax)(random);
}

Outcome<PingDesk::Ping> plan(const mesh::MeshTable& table, const Wish& wish, Now time) {
  const MeshAgent* const from = find_agent(table, wish.from, wish.layer);
  if (from == nullptr) {
    return Refusal{404, "No agent reports from " + place(wish.from, wish.layer) + "."};
  }
  const MeshAgent* const to = find_agent(table, wish.to, from->layer);
  if (to == nullptr)
    return Refusal{404, "No agent reports from " + place(wish.to, from->layer) + "."};
  const std::string name(table.text(from->name));
  if (from == to) return Refusal{400, "from and to are the same agent."};
  if (table.is_outdated(*from, time) || from->stopping) {
    return Refusal{409, "Agent " + name + " is silent, and so hears of no order."};
  }
  if (!from->takes_pings) {
    return Refusal{409, "Agent " + name + " is too old to take orders; a newer one does."};
  }
  const auto address = address_between(*from, *to, wish.family);
  if (!address || !mesh::may_be_peer_port(to->port)) {
    return Refusal{409, "Agent " + std::string(table.text(to->name)) + " has no address" +
                            " and port that agent " + name + " can probe."};
  }
  PingDesk::Ping ping;
  ping.order = {.id = new_id(),
                .to = std::string(table.text(to->name)),
                .endpoint = {.address = *address, .port = to->port},
                .size = wish.size,
                .count = wish.count};
  ping.from = name;
  ping.from_node = table.text(from->node);
  ping.to_node = table.text(to->node);
  ping.layer = from->layer;
  ping.asked = time.steady;
  ping.deadline = PingDesk::deadline_of(ping.order, from->report_interval, time.steady);
  return ping;
}

void append_result(std::string& out, const mesh::PingResult& result) {
  const auto& times = result.round_trips;
  append_json_number(out, "sent", times.size());
  append_json_number(
      out, "lost",
      static_cast<std::uint64_t>(std::count(times.begin(), times.end(), std::nullopt)));
  append_json_number(out, "lost_forward", result.lost_forward);
  append_json_number(out, "lost_backward", result.lost_backward);
  append_json_list(out, "rtt_ms", times, {times.size(), SIZE_MAX}, [&](const auto& round_trip) {
    if (!round_trip) {
      out += "null";
      return;
    }
    std::array<char, 32> digits{};
    const double time = static_cast<double>(round_trip->count()) / 1000;
    out.append(digits.data(),
               std::to_chars(digits.data(), digits.data() + digits.size(), time).ptr);
  });
  append_json_member(out, "error", result.error);
}

void append_ping(std::string& out, const PingDesk::Ping& ping, Now time) {
  out += '{';
  append_json_number(out, "id", ping.order.id);
  append_json_member(out, "state", mesh::text(ping.state(time.steady)));
  append_json_member(out, "asked", time_text(ping.asked, time));
  append_json_member(out, "deadline", time_text(ping.deadline, time));
  append_json_member(out, "from", ping.from);
  append_json_member(out, "from_node", ping.from_node);
  append_json_member(out, "to", ping.order.to);
  append_json_member(out, "to_node", ping.to_node);
  append_json_member(out, "layer", mesh::text(ping.layer));
  append_json_member(out, "address", ping.order.endpoint.address.text());
  append_json_number(out, "port", ping.order.endpoint.port);
  append_json_number(out, "size", ping.order.size);
  append_json_number(out, "count", ping.order.count);
  if (ping.result) append_result(out, *ping.result);
  out += '}';
}

std::string json_of(const PingDesk::Ping& ping, Now time) {
  std::string out;
  append_ping(out, ping, time);
  return out + '\n';
}

void audit(const PingDesk::Ping& ping, const http::Request& request, const Log& log) {
  log.info("ping ordered", {{"by", request.principal.empty() ? request.client_name
                                                             : std::string_view(request.principal)},
                            {"from", ping.from},
                            {"to", ping.order.to},
                            {"bytes", ping.order.size},
                            {"probes", ping.order.count}});
}

}  // namespace

http::Response post_ping(Guarded<mesh::Mesh>& mesh, const http::Request& request, const Log& log) {
  if (!request.says_json()) {
    return http::Response::error(415, "Content-Type: application/json is expected");
  }
  const auto wish = parse_wish(request.body);
  if (!wish) return http::Response::error(400, wish.error().message());
  const Now time = now();
  const auto planned = mesh.with([&](mesh::Mesh& held) -> Outcome<PingDesk::Ping> {
    auto ping = plan(held.table, *wish, time);
    if (std::holds_alternative<Refusal>(ping)) return ping;
    if (held.pings.ask(std::get<PingDesk::Ping>(ping), time.steady)) return ping;
    return Refusal{503, "As many pings as may be are under way; try again later."};
  });
  if (const auto* refusal = std::get_if<Refusal>(&planned)) {
    return http::Response::error(refusal->status, refusal->sentence);
  }
  const auto& ping = std::get<PingDesk::Ping>(planned);
  audit(ping, request, log);
  return http::Response::json(json_of(ping, time), 202);
}

http::Response get_ping(Guarded<mesh::Mesh>& mesh, const http::Request& request) {
  if (auto known = http::check_query_keys(request, {}); !known) {
    return http::Response::error(400, known.error().message());
  }
  const auto id = http::parameter_number(request);
  const Now time = now();
  std::string json = mesh.with([&](mesh::Mesh& held) {
    const PingDesk::Ping* const ping = id ? held.pings.find(*id) : nullptr;
    return ping == nullptr ? std::string() : json_of(*ping, time);
  });
  if (json.empty()) return http::Response::error(404, "There is no such ping, or no more.");
  return http::Response::json(std::move(json));
}

http::Response get_pings(Guarded<mesh::Mesh>& mesh, const http::Request& request) {
  if (auto known = http::check_query_keys(request, {}); !known) {
    return http::Response::error(400, known.error().message());
  }
  const Now time = now();
  std::string json = "{\"pings\":[";
  mesh.with([&](mesh::Mesh& held) {
    for (const PingDesk::Ping& ping : held.pings.pings()) {
      if (json.back() != '[') json += ",\n";
      append_ping(json, ping, time);
    }
  });
  return http::Response::json(json + "]}\n");
}

}  // namespace meshcheck::server
