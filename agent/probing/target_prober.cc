#include "agent/probing/target_prober.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

#include "probe/tcp_probe.h"
#include "probe/udp_probe.h"

namespace meshcheck::agent {
namespace {

using mesh::ProbeKind;
using std::chrono::milliseconds;

// By how much the wall clock may seem to run ahead of the steady one while nobody set it.
constexpr milliseconds kClockSlack{1};

mesh::Path::Options path_options(milliseconds interval, milliseconds timeout) {
  mesh::Path::Options options;
  options.interval = interval;
  options.timeout = timeout;
  return options;
}

}  // namespace

// One path. Its prober belongs to it and points to it.
struct TargetProber::Item {
  Item(mesh::Relation of, ProbeKind by, std::string name)
      : relation(of), kind(by), to(std::move(name)) {}

  auto key() const { return std::tie(relation, kind, to, fixed); }
  bool busy() const { return tcp || udp || lookup; }

  const mesh::Relation relation;
  const ProbeKind kind;
  const std::string to;
  std::string host;                // To be looked up; empty if `fixed`.
  std::optional<Endpoint> fixed;   // Known without a look-up.
  std::optional<Endpoint> in_use;  // The port alone is known before the first look-up.
  std::uint16_t port = 0;
  std::uint32_t id = 0;
  std::optional<mesh::Path> path;
  std::uint64_t next_sequence = 0;
  bool down = false;
  bool failed_last = false;
  std::string own_fault;  // Why the agent itself could not ask; or empty.

  std::optional<probe::TcpProbe> tcp;
  std::optional<probe::UdpProbe> udp;
  std::optional<probe::DnsLookup> lookup;  // That is the probe.
  std::optional<probe::DnsLookup> resolve;
  std::optional<Clock::time_point> resolved;  // When the last look-up ended.
  probe::Trouble resolve_trouble;
};

TargetProber::Group::Group(uv::Loop& loop, Clock::duration interval,
                           std::function<void(std::size_t)> on_due)
    : timer(loop, interval, std::move(on_due)) {
  path.interval = interval;
}

TargetProber::TargetProber(uv::Loop& loop, const Log& log, std::function<void()> on_change)
    : TargetProber(loop, log, {}, std::move(on_change)) {}

TargetProber::TargetProber(uv::Loop& loop, const Log& log, const Options& options,
                           std::function<void()> on_change)
    : loop_(loop),
      options_(options),
      on_change_(std::move(on_change)),
      icmp_(loop, options.icmp,
            {.on_reply = [this](const auto& reply) { on_reply(reply); },
             .on_failure =
                 [this](const auto& failure) {
                   Item* const item = find(failure.id);
                   if (item == nullptr) return;
                   failed(*item, failure.sequence,
                          {.text = failure.error, .own = own_fault(failure.error_number)});
                 }}),
      dns_(loop, options.dns),
      gateways_(loop, mesh::Path::Options().interval,
                [this](std::size_t due) { probe_due(gateways_, due); }),
      targets_(loop, options.target_interval,
               [this](std::size_t due) { probe_due(targets_, due); }),
      sweep_timer_(loop, [this] { sweep(); }) {
  assert(options.target_timeout <= options.target_interval);
  targets_.path = path_options(options.target_interval, options.target_timeout);
  sweep_timer_.start_repeating(probe::SweepClock::kPeriod);
  const bool any =
      icmp_.available(IpAddress::Family::kIpv4) || icmp_.available(IpAddress::Family::kIpv6);
  if (!any) log.warning("gateways and ping targets are not probed", {{"why", icmp_.kind()}});
}

TargetProber::~TargetProber() = default;

void TargetProber::set_gateways(const std::vector<WatchedGateway>& gateways) {
  Items items;
  for (const WatchedGateway& gateway : gateways) {
    if (items.size() >= kGatewaysMax) break;
    items.push_back(
        std::make_unique<Item>(mesh::Relation::kGateway, ProbeKind::kIcmp, gateway.text()));
    items.back()->fixed = gateway.endpoint;
  }
  take(gateways_, std::move(items));
}

void TargetProber::set_targets(const mesh::Targets& targets) {
  Items items;
  const auto add = [&](ProbeKind kind, const std::string& to, const mesh::HostPort& where) {
    auto item = std::make_unique<Item>(mesh::Relation::kTarget, kind, to);
    item->port = where.port;
    if (const auto address = IpAddress::parse(where.host)) {
      item->fixed = Endpoint{.address = *address, .port = where.port};
    } else {
      item->host = where.host;
    }
    items.push_back(std::move(item));
  };
  for (const auto& to : targets.ping) add(ProbeKind::kIcmp, to, {.host = to});
  for (const auto& to : targets.tcp_ping) add(ProbeKind::kTcp, to, mesh::split_host_port(to));
  for (const auto& to : targets.udp_ping) add(ProbeKind::kUdp, to, mesh::split_host_port(to));
  for (const auto& to : targets.dns) add(ProbeKind::kDns, to, {.host = to});
  take(targets_, std::move(items));
}

void TargetProber::set_settings(milliseconds interval, milliseconds timeout) {
  mesh::Path::Options& path = gateways_.path;
  if (path.interval == interval && path.timeout == timeout) return;
  path = path_options(interval, timeout);
  for (const auto& item : gateways_.items) {
    item->path.emplace(path, Clock::now());
    item->next_sequence = 0;
    // Answers to earlier probes are not taken for answers to later ones.
    by_id_.erase(item->id);
    item->id = next_id_++;
    by_id_.emplace(item->id, item.get());
  }
  gateways_.timer.set(gateways_.items.size(), path.interval);
}

// Items that were there before replace the new ones that stand for them.
void TargetProber::take(Group& group, Items items) {
  for (auto& item : items) {
    const auto same = std::find_if(group.items.begin(), group.items.end(), [&](const auto& old) {
      return old != nullptr && old->key() == item->key();
    });
    if (same != group.items.end()) {
      item = std::move(*same);
      continue;
    }
    item->id = next_id_++;
    item->path.emplace(group.path, Clock::now());
    item->in_use = item->fixed;
    by_id_.emplace(item->id, item.get());
  }
  for (const auto& gone : group.items) {
    if (gone != nullptr) by_id_.erase(gone->id);
  }
  group.items = std::move(items);
  if (group.next >= group.items.size()) group.next = 0;
  group.timer.set(group.items.size(), group.path.interval);
}

void TargetProber::probe_due(Group& group, std::size_t due) {
  for (std::size_t i = 0; i < due; ++i) {
    probe(*group.items[group.next]);
    group.next = (group.next + 1) % group.items.size();
  }
  icmp_.flush();
}

void TargetProber::probe(Item& item) {
  // A probe ends before the next is due, unless the loop itself was late.
  if (item.busy()) return;
  if (item.kind == ProbeKind::kDns) {
    probe_dns(item);
    return;
  }
  refresh(item);
  if (!item.in_use) {
    // Not known yet, or not to be found, which is a failure of the target.
    if (item.resolved) failed(item, sent(item), item.resolve_trouble);
    return;
  }
  if (item.kind == ProbeKind::kIcmp) {
    probe_icmp(item);
  } else if (item.kind == ProbeKind::kTcp) {
    probe_endpoint(item, item.tcp);
  } else {
    probe_endpoint(item, item.udp);
  }
}

void TargetProber::probe_icmp(Item& item) {
  if (!icmp_.available(item.in_use->address.family())) return;
  icmp_.send({.id = item.id, .sequence = sent(item), .to = *item.in_use});
}

template <typename Probe>
void TargetProber::probe_endpoint(Item& item, std::optional<Probe>& probe) {
  const auto sequence = sent(item);
  probe.emplace(loop_, *item.in_use, options_.target_timeout,
                [this, &item, &probe, sequence](Result<std::chrono::nanoseconds> result) {
                  if (result) {
                    finished(item, sequence, *result);
                  } else {
                    failed(item, sequence,
                           {.text = result.error().message(), .own = probe->own_fault()});
                  }
                  probe.reset();
                });
}

void TargetProber::probe_dns(Item& item) {
  const auto sequence = sent(item);
  item.lookup.emplace(dns_.lookup(item.host, options_.target_timeout,
                                  [this, &item, sequence](const probe::DnsOutcome& outcome) {
                                    const std::string error = outcome.error();
                                    if (error.empty()) {
                                      finished(item, sequence, outcome.elapsed());
                                    } else {
                                      failed(item, sequence,
                                             {.text = error, .own = outcome.own_fault()});
                                    }
                                    item.lookup.reset();
                                  }));
}

// Starts a look-up if it is time for one. Until it ends, the address before is good.
void TargetProber::refresh(Item& item) {
  if (item.fixed || item.resolve) return;
  const bool fresh = item.resolved && Clock::now() - *item.resolved < options_.lookup_age_max;
  if (fresh && !item.failed_last && item.in_use) return;
  item.resolve.emplace(
      dns_.lookup(item.host, options_.target_timeout,
                  [this, &item](const probe::DnsOutcome& outcome) { looked_up(item, outcome); }));
}

void TargetProber::looked_up(Item& item, const probe::DnsOutcome& outcome) {
  const bool first = !item.resolved;
  item.resolved = Clock::now();
  const auto addresses = outcome.addresses();
  if (addresses.empty()) {
    // One that was found before may well be right still.
    item.resolve_trouble = {.text = "look-up: " + outcome.error(), .own = outcome.own_fault()};
  } else {
    auto chosen = addresses.begin();
    if (item.in_use) {
      const auto current = std::find(addresses.begin(), addresses.end(), item.in_use->address);
      if (current != addresses.end()) chosen = item.failed_last ? current + 1 : current;
      if (chosen == addresses.end()) chosen = addresses.begin();
    }
    item.in_use = Endpoint{.address = *chosen, .port = item.port};
  }
  item.resolve.reset();
  if (!first) return;
  // The first probe was put off for this, out of the even spread.
  if (item.in_use) {
    probe(item);
    icmp_.flush();
  } else {
    failed(item, sent(item), item.resolve_trouble);
  }
}

std::uint64_t TargetProber::sent(Item& item) {
  const std::uint64_t sequence = item.next_sequence++;
  item.path->sent(sequence, Clock::now());
  return sequence;
}

void TargetProber::finished(Item& item, std::uint64_t sequence,
                            std::chrono::nanoseconds round_trip) {
  item.failed_last = false;
  item.own_fault.clear();
  item.path->answered({.sequence = sequence, .elapsed = round_trip, .round_trip = round_trip},
                      Clock::now());
}

void TargetProber::failed(Item& item, std::uint64_t sequence, const probe::Trouble& trouble) {
  item.failed_last = true;
  item.own_fault.clear();
  if (trouble.is_own()) {
    // Nobody was asked, so that nobody has failed to answer.
    item.own_fault = trouble.text;
    if (item.relation == mesh::Relation::kGateway) {
      // Of the pings of each second a few may fail to leave.
      item.path->unsent(sequence, trouble.text);
    } else {
      item.path->starved(Clock::now());
    }
    return;
  }
  item.path->failed(sequence, trouble.text, Clock::now());
}

void TargetProber::on_reply(const probe::IcmpProber::Reply& reply) {
  Item* const item = find(reply.id);
  if (item == nullptr) return;
  const auto now = Clock::now();
  const auto age = item->path->age_of(reply.sequence, now);
  if (!age) return;
  mesh::Path::Answer answer{.sequence = reply.sequence, .elapsed = *age};
  if (reply.sent) {
    const auto round_trip = reply.received - *reply.sent;
    // Else somebody set the clock meanwhile.
    if (round_trip >= std::chrono::nanoseconds(0) && round_trip <= *age + kClockSlack) {
      answer.elapsed = round_trip;
      answer.round_trip = round_trip;
    }
  }
  item->failed_last = false;
  item->own_fault.clear();
  item->path->answered(answer, now);
}

// A few times a second: a probe without an answer in time is lost, unless the fault is our own.
void TargetProber::sweep() {
  const bool drained = icmp_.drain();
  const auto now = Clock::now();
  const bool late = was_starved(now);
  bool changed = false;
  for (const auto& [id, item] : by_id_) {
    if (late) {
      item->path->starved(now);
    } else if (drained) {
      const auto lost = item->path->totals().lost;
      item->path->tick(now);
      if (item->path->totals().lost > lost) item->failed_last = true;
    }
    const bool down = item->path->state() == mesh::PathState::kDown;
    changed |= down != std::exchange(item->down, down);
  }
  if (changed && on_change_) on_change_();
}

bool TargetProber::was_starved(Clock::time_point now) {
  const bool dropped = icmp_.count_drops() > 0;
  const bool late = sweeps_.is_late(now, gateways_.path.timeout);
  return late || dropped;
}

void TargetProber::starved() {
  for (const auto& [id, item] : by_id_) item->path->starved(Clock::now());
}

TargetProber::Item* TargetProber::find(std::uint32_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::vector<mesh::ReportPath> TargetProber::rows(Clock::time_point now) const {
  std::vector<mesh::ReportPath> rows;
  for (const Group* group : {&gateways_, &targets_}) {
    for (const auto& item : group->items) {
      mesh::ReportPath row{.to = item->to,
                           .relation = item->relation,
                           .kind = item->kind,
                           .family = mesh::PathFamily::kNone,
                           .summary = item->path->summary(now)};
      if (!item->own_fault.empty()) row.summary.error = item->own_fault;
      if (item->in_use) {
        const IpAddress& address = item->in_use->address;
        row.family = mesh::path_family(address);
        if (item->kind == ProbeKind::kIcmp && !icmp_.available(address.family())) {
          row.summary.error = icmp_.kind(address.family());
        }
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace meshcheck::agent
