#include "agent/reporting/gatherer.h"

#include <cassert>
#include <utility>

#include "agent/reporting/node_facts.h"
#include "lib/http/url.h"

namespace meshcheck::agent {

Gatherer::Gatherer(uv::Loop& loop, http::Client& client, ServerAccess& access, const Config& config)
    : loop_(loop),
      client_(client),
      access_(access),
      config_(config),
      lookup_name_(http::host_of_endpoint(config.server.endpoint)),
      boot_id_(read_boot_id()),
      network_(config.layer),
      lookup_deadline_(loop, [this] { give_up_lookup(); }) {}

void Gatherer::start(OnDone on_done) {
  assert(!on_done_);
  on_done_ = std::move(on_done);
  probe_results_.reset();
  lookup_addresses_.reset();
  probes_.emplace(client_, config_.probe_urls,
                  probe::HttpRound::Options{.timeout = config_.probe_timeout(),
                                            .ca_file = config_.probe_ca_file,
                                            .prepare =
                                                [this](http::ClientRequest& request) {
                                                  if (request.url == config_.ping_url())
                                                    prepare_ping(request);
                                                }},
                  [this](std::vector<mesh::HttpProbe> results) {
                    probe_results_ = std::move(results);
                    probes_.reset();
                    finish_if_complete();
                  });
  start_lookup();
}

void Gatherer::prepare_ping(http::ClientRequest& request) {
  request.ca_file.clear();
  access_.identify(request);
}

// Never finishes the gathering by itself: probes come back later than this returns.
void Gatherer::start_lookup() {
  if (lookup_name_.empty()) return;
  if (IpAddress::parse(lookup_name_)) {
    lookup_addresses_ = {lookup_name_};
    return;
  }
  if (!lookup_) {
    auto started = uv::Lookup::start(
        loop_, lookup_name_,
        [this](Result<std::vector<IpAddress>> result) { finish_lookup(std::move(result)); });
    if (!started) {
      config_.log.warning("look-up failed", {{"error", started.error().message()}});
      return;
    }
    lookup_.emplace(*std::move(started));
  }
  lookup_awaited_ = true;
  lookup_deadline_.start(config_.probe_timeout());
}

void Gatherer::finish_lookup(Result<std::vector<IpAddress>> addresses) {
  lookup_.reset();
  if (!lookup_awaited_) return;
  lookup_awaited_ = false;
  lookup_deadline_.stop();
  access_.address().looked_up(addresses.has_value());
  if (addresses) {
    lookup_addresses_.emplace();
    for (const IpAddress& address : *addresses) lookup_addresses_->push_back(address.text());
  } else {
    config_.log.warning("look-up failed",
                        {{"name", lookup_name_}, {"error", addresses.error().message()}});
  }
  finish_if_complete();
}

void Gatherer::give_up_lookup() {
  if (!std::exchange(lookup_awaited_, false)) return;
  access_.address().looked_up(/*found=*/false);
  config_.log.warning("look-up takes too long", {{"name", lookup_name_}});
  finish_if_complete();
}

void Gatherer::finish_if_complete() {
  if (!probe_results_ || lookup_awaited_) return;
  mesh::Report report;
  report.interval = config_.interval;
  report.nodename = config_.node_name;
  report.podname = config_.pod_name;
  report.zero_extender_length = config_.zero_extender_length;
  report.lookup_name = lookup_name_;
  report.probes = *std::move(probe_results_);
  report.mesh.probing.layer = config_.layer;
  report.mesh.boot_id = boot_id_;
  add_kernel_facts(report);
  report.lookup_addresses = std::move(lookup_addresses_);
  report.hostdate = WallClock::now();
  // It may start the next gathering.
  const OnDone on_done = std::exchange(on_done_, nullptr);
  on_done(std::move(report));
}

void Gatherer::tell_of_addresses(const std::vector<OwnAddress>& addresses,
                                 const std::vector<IpAddress>& missing) {
  if (config_.probe_port == 0 || config_.once || config_.dump) return;
  const bool by_flag = !config_.addresses.empty();
  if (missing != told_missing_) {
    std::string list;
    for (const IpAddress& address : missing) list += (list.empty() ? "" : ", ") + address.text();
    const std::string given = by_flag ? "-addresses" : "MY_POD_IPS";
    if (missing.empty()) {
      config_.log.info("links have all addresses of " + given + " again");
    } else {
      config_.log.warning(
          "no link has this address of " + given,
          {{"addresses", list},
           {"effect", by_flag ? "peers probe it: a NAT has to be between" : "it is not used"}});
    }
    told_missing_ = missing;
  }
  std::string told = text(addresses);
  if (told == told_addresses_) return;
  told_addresses_ = std::move(told);
  config_.log.info("peers reach this agent here", {{"addresses", told_addresses_}});
}

// The link of an address is taken for that of all its family's paths. Where a path leaves by a
// smaller one, the kernel refuses what is larger, and says so.
void Gatherer::add_addresses(const netlink::Snapshot& snapshot, mesh::ProbingReport& report) {
  // A look-up that fails does not move the agent.
  if (lookup_addresses_ && !lookup_addresses_->empty()) server_addresses_ = *lookup_addresses_;
  const std::vector<OwnAddress> own =
      own_addresses(snapshot, {.by_flag = config_.addresses, .of_pod = config_.pod_addresses},
                    read_route_sources(server_addresses_));
  report.addresses.clear();
  for (const OwnAddress& address : own) report.addresses.push_back(address.address);
  tell_of_addresses(
      own, missing_addresses(
               snapshot, config_.addresses.empty() ? config_.pod_addresses : config_.addresses));
  report.link_mtus = probe_link_mtus(snapshot, report.addresses);
  for (std::size_t i = 0; i < report.addresses.size(); ++i) {
    link_mtus_[index_of(report.addresses[i].family())] = report.link_mtus[i];
  }
}

void Gatherer::add_kernel_facts(mesh::Report& report) {
  if (const auto uptime = read_uptime()) {
    report.uptime = *uptime;
  } else {
    config_.log.error("no uptime", {{"error", uptime.error().message()}});
  }
  link_mtus_ = {};
  if (const auto snapshot = network_.read()) {
    describe_network(*snapshot, config_.layer, report);
    add_addresses(*snapshot, report.mesh.probing);
    if (config_.layer == Layer::kHost) report.mesh.probing.tunnel = tunnel_kind(*snapshot);
  } else {
    config_.log.error("no network facts", {{"error", snapshot.error().message()}});
  }
  report.mesh.mtu_settings = read_mtu_settings();
  if (config_.layer == Layer::kHost) report.mesh.conntrack = read_conntrack();
}

}  // namespace meshcheck::agent
