#include "agent/config.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lib/base/duration.h"
#include "lib/base/text.h"
#include "lib/flags/log_flags.h"
#include "lib/http/url.h"
#include "lib/yaml/json.h"
#include "mesh/report/name.h"
#include "mesh/sla/check_list.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

struct Values {
  ServerOptions server;
  std::string probe_urls;
  std::string probe_ca_file;
  std::int64_t interval_s = 60;
  std::int64_t zero_extender_length = 1500;
  bool padding_sweep = false;
  std::string addresses;
  std::int64_t probe_port = kProbePort;
  bool probe_port_open = false;
  mesh::TargetTexts targets;
  std::string sla_file;
  std::string kubeconfig;
  std::string check_image;
  std::string spool_file;
  std::int64_t spool_max = 64;
  std::string export_interval = "30s";
  bool once = false;
  bool dump = false;
  std::int64_t check = 0;
  flags::LogFlags log;
};

flags::Flags flags_for(const Program& program, Values& values) {
  flags::Flags flags(
      program.name,
      program.layer == Layer::kPod
          ? "Reports from a pod's network to the meshcheck server, and probes URLs."
          : "Reports from a node's own network to the meshcheck server, and probes URLs.");
  add_server_flags(flags, values.server);
  flags.add("probeurls", values.probe_urls,
            "URLs to probe, separated by ',' or ';'; the server's ping is always probed too");
  flags.add("probecafile", values.probe_ca_file,
            "PEM file of the authorities that https probes trust instead of the system's");
  flags.add("reportinterval", values.interval_s, {1, 86'400}, "seconds between two reports");
  flags.add("zeroextenderlength", values.zero_extender_length,
            {0, std::int64_t{kPaddingElementsMax}},
            "zeros that make a report large, two bytes each");
  flags.add(
      "padding-sweep", values.padding_sweep,
      "other numbers of zeros too, in turn: none, 1500 and 9000 bytes, and what fills one, two "
      "and a few more packets to the byte");
  flags.add("probeport", values.probe_port, {0, 65'535},
            "UDP port on which the probes of other agents are answered; 0 for no mesh");
  flags.add("probeportopen", values.probe_port_open,
            "answer probes without a key too, those of foreign STAMP senders");
  flags.add("addresses", values.addresses,
            "IP addresses where other agents reach this one, separated by ','; at most one of each "
            "family; by default MY_POD_IPS, else the source of the route to the server");
  flags.add("ping", values.targets.ping, "addresses or names to ping, separated by ','");
  flags.add("tcpPing", values.targets.tcp_ping, "host:port to connect to, separated by ','");
  flags.add("udpPing", values.targets.udp_ping,
            "host:port that answer a datagram with any other, separated by ','");
  flags.add("dns", values.targets.dns, "names to look up, separated by ','");
  flags.add("sla", values.sla_file,
            "YAML file of the checks whose results make the SLA; empty for none");
  flags.add("spool", values.spool_file,
            "SQLite file of results that the server has not got yet; empty for memory only");
  flags.add("spool-max", values.spool_max, {1, 4096},
            "MiB of the spool; beyond that the oldest results are dropped");
  flags.add("export-interval", values.export_interval,
            "how often results are sent to the server, 1s to 5m");
  flags.add("kubeconfig", values.kubeconfig,
            "file that says where the Kubernetes API is, for checks that look at it; without it, "
            "$KUBECONFIG, else what a pod is given");
  flags.add("check-image", values.check_image,
            "image of the pod that the check of the scheduler makes; any that the nodes can have");
  flags.add("once", values.once, "send one report; exit 0 if it was accepted, else 1");
  flags.add("dump", values.dump, "print one report to stdout instead of sending it");
  flags.add("check", values.check, {0, 3600},
            "ask the server for connectivity_check until it is good, at most so many seconds, and "
            "print it; exit 0 if it is good, else 1");
  add_log_flags(flags, values.log);
  return flags;
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

Result<std::vector<std::string>> probe_urls_of(std::string_view list, const ServerOptions& server) {
  std::vector<std::string> urls = http::split_url_list(list, kProbeUrlsMax);
  if (urls.size() == kProbeUrlsMax) {
    return Error("more than " + std::to_string(kProbeUrlsMax - 1) + " URLs");
  }
  std::string json;
  for (std::string& url : urls) {
    url = http::with_scheme(url);
    if (url.size() > kProbeUrlSizeMax) return Error("a URL is longer than 2048 bytes");
    if (!is_printable(url) || url.find(' ') != std::string::npos) {
      return Error("a URL has a blank or a control character");
    }
    append_json_string(json, url);
  }
  if (json.size() > kProbeUrlsSizeMax) return Error("the URLs are longer than 8192 bytes together");
  urls.push_back(server.url() + "/api/v1/ping");
  return urls;
}

Result<std::vector<IpAddress>> addresses_of(std::string_view list) {
  std::vector<IpAddress> addresses;
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    auto address = IpAddress::parse(list.substr(0, comma));
    if (!address) return address.error();
    for (const IpAddress& other : addresses) {
      if (other.family() == address->family()) return Error("two addresses of one family");
    }
    addresses.push_back(*address);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return addresses;
}

Result<SlaConfig> sla_of(const Values& values, const std::string& pod_name) {
  SlaConfig config{.spool_file = values.spool_file,
                   .spool_max = static_cast<std::size_t>(values.spool_max) << 20U,
                   .kubeconfig = values.kubeconfig,
                   .check_image = values.check_image};
  const auto interval =
      parse_duration(values.export_interval, {std::chrono::seconds(1), std::chrono::minutes(5)});
  if (!interval) return interval.error().within("-export-interval");
  config.export_interval = *interval;
  if (values.sla_file.empty()) return config;
  const auto file = yaml::read_json(values.sla_file);
  if (!file) return file.error().within("-sla: " + values.sla_file);
  auto checks = sla::parse_check_list(*file);
  if (!checks) return checks.error().within("-sla: " + values.sla_file);
  config.checks = *std::move(checks);
  if (!config.checks.empty() && !sla::is_name(pod_name)) {
    return Error("-sla: MY_POD_NAME has to be of letters, digits, '-', '_' and '.', at most 128");
  }
  return config;
}

}  // namespace

std::string Config::report_url() const {
  return server.url() + "/api/v1/agents/" + http::escape_path_segment(pod_name);
}

std::variant<Config, Exit> configure(const Program& program, const Invocation& invocation) {
  Values values;
  flags::Flags flags = flags_for(program, values);
  if (auto exit = flags.parse(invocation.arguments)) return *std::move(exit);
  const auto refuse = [&](int code, const Error& error) {
    return Exit{code, program.name + ": " + error.message() + "\n"};
  };
  auto server = check_server_options(values.server);
  if (!server) return refuse(2, server.error());
  auto probe_urls = probe_urls_of(values.probe_urls, *server);
  if (!probe_urls) return refuse(2, probe_urls.error().within("-probeurls"));
  if (!values.probe_ca_file.empty() && access(values.probe_ca_file.c_str(), R_OK) != 0) {
    return refuse(2, Error::from_errno("-probecafile: " + values.probe_ca_file, errno));
  }
  auto targets = mesh::parse_targets(values.targets);
  if (!targets) return refuse(2, targets.error());
  const bool by_flag = !values.addresses.empty();
  auto addresses = addresses_of(by_flag ? values.addresses : invocation.pod_addresses);
  if (!addresses) {
    return refuse(by_flag ? 2 : 1, addresses.error().within(by_flag ? "-addresses" : "MY_POD_IPS"));
  }
  if (invocation.pod_name.empty()) {
    return refuse(1, Error("MY_POD_NAME is not set; the pod's manifest takes it from "
                           "metadata.name"));
  }
  if (const auto checked = mesh::check_name(invocation.pod_name, "MY_POD_NAME"); !checked) {
    return refuse(1, checked.error());
  }
  if (const auto checked = mesh::check_text(invocation.node_name, "MY_NODE_NAME"); !checked) {
    return refuse(1, checked.error());
  }
  auto sla = sla_of(values, invocation.pod_name);
  if (!sla) return refuse(2, sla.error());
  Config config;
  config.sla = *std::move(sla);
  config.layer = program.layer;
  config.server = *std::move(server);
  config.pod_name = invocation.pod_name;
  config.pod_uid = invocation.pod_uid;
  config.node_name = invocation.node_name;
  config.interval = std::chrono::seconds(values.interval_s);
  config.zero_extender_length = static_cast<std::size_t>(values.zero_extender_length);
  config.padding_sweep = values.padding_sweep;
  config.probe_urls = *std::move(probe_urls);
  config.probe_ca_file = values.probe_ca_file;
  config.probe_port = static_cast<std::uint16_t>(values.probe_port);
  config.probe_port_open = values.probe_port_open;
  (by_flag ? config.addresses : config.pod_addresses) = *std::move(addresses);
  config.targets = *std::move(targets);
  config.once = values.once;
  config.dump = values.dump;
  if (values.check > 0) config.check_patience = std::chrono::seconds(values.check);
  config.log = values.log.log();
  return config;
}

}  // namespace meshcheck::agent
