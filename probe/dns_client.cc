#include "probe/dns_client.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/own_fault.h"
#include "lib/base/time.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"

namespace meshcheck::probe {
namespace {

using std::chrono::milliseconds;

struct DestroyChannel {
  void operator()(ares_channeldata* channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, DestroyChannel>;

// "127.0.0.1:53,[::1]:53"
std::string comma_separated(const std::vector<Endpoint>& servers) {
  std::string text;
  for (const Endpoint& server : servers) text += (text.empty() ? "" : ",") + server.text();
  return text;
}

// The names to ask for one after the other, as resolv.conf(5) has them of `search` and `ndots`.
std::vector<std::string> candidates(ares_channeldata* channel, const std::string& name) {
  if (!name.empty() && name.back() == '.') return {name};
  std::vector<std::string> names;
  ares_options saved{};
  int mask = 0;
  if (ares_save_options(channel, &saved, &mask) != ARES_SUCCESS) return {name};
  for (int i = 0; i < saved.ndomains; ++i) {
    const std::string domain = saved.domains[i];
    names.emplace_back(name).append(domain == "." ? "" : ".").append(domain);
  }
  const bool complete = std::count(name.begin(), name.end(), '.') >= saved.ndots;
  names.insert(complete ? names.begin() : names.end(), name);
  ares_destroy_options(&saved);
  return names;
}

std::vector<IpAddress> addresses_in_hosts_file(ares_channeldata* channel, const std::string& name,
                                               int family) {
  hostent* host = nullptr;
  if (ares_gethostbyname_file(channel, name.c_str(), family, &host) != ARES_SUCCESS) return {};
  std::vector<IpAddress> addresses;
  for (char** each = host->h_addr_list; *each != nullptr; ++each) {
    addresses.push_back(IpAddress::from_bytes(
        {reinterpret_cast<const std::uint8_t*>(*each), static_cast<std::size_t>(host->h_length)}));
  }
  ares_free_hostent(host);
  return addresses;
}

// The kernel's word on a datagram that waits, or the code in its header; nothing if it is in order.
// c-ares asks the next server then and forgets why.
std::optional<DnsStatus> peek_fault(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size);
  std::array<std::uint8_t, 12> header{};
  if (type != SOCK_DGRAM) return std::nullopt;
  const auto peeked = recv(descriptor, header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
  if (peeked < static_cast<ssize_t>(header.size())) return std::nullopt;
  const DnsStatus status = parse_dns_answer(IpAddress::Family::kIpv4, header).status;
  return status == DnsStatus::kMalformed ? std::nullopt : std::optional(status);
}

}  // namespace

struct DnsLookup::State {
  // One question; pinned, since c-ares points to it.
  struct Question {
    State* state = nullptr;
    IpAddress::Family family = IpAddress::Family::kIpv4;
    bool pending = false;
    DnsStatus worst = DnsStatus::kAnswered;  // Of the candidates so far.
    DnsAnswer answer;
  };

  State(uv::Loop& owner, std::size_t& count, DnsClient::OnDone done);
  ~State() { --lookups; }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void start(const DnsClient::Options& options, const std::string& name);
  bool open(const DnsClient::Options& options);
  bool look_into_hosts_file(const std::string& name);
  void ask();
  void advance();
  void answered(Question& question, int status, std::span<const std::uint8_t> message);
  void watch(int descriptor, bool readable, bool writable);
  void ready(int descriptor, uv::FdWatcher::Interest interest);
  void process(int readable, int writable);
  DnsStatus refine(DnsStatus status) const;
  void arm();
  void expire();
  void finish();

  uv::Loop& loop;
  std::size_t& lookups;  // The client's.
  DnsClient::OnDone on_done;
  Clock::time_point started = Clock::now();
  std::vector<std::string> names;  // Still to ask for, in reverse order.
  std::array<Question, 2> questions;
  std::optional<DnsStatus> refusal;  // What a server said instead of an answer.
  bool unreachable = false;          // A server's port or host is, as ICMP said.
  bool from_hosts_file = false;
  bool complete = false;
  uv::Timer resend;
  uv::Timer deadline;
  std::map<int, uv::FdWatcher> watchers;
  Channel
      channel;  // Closes its sockets when it goes, for which the watchers still have to be there.
};

DnsLookup::State::State(uv::Loop& owner, std::size_t& count, DnsClient::OnDone done)
    : loop(owner),
      lookups(count),
      on_done(std::move(done)),
      resend(owner, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
      deadline(owner, [this] { expire(); }) {
  ++lookups;
  questions[0].state = questions[1].state = this;
  questions[1].family = IpAddress::Family::kIpv6;
}

// What is known at once is told by the deadline, which is brought forward for it.
void DnsLookup::State::start(const DnsClient::Options& options, const std::string& name) {
  if (!open(options)) {
    for (Question& question : questions) question.answer.status = DnsStatus::kInternal;
    complete = true;
  } else if (look_into_hosts_file(name)) {
    complete = true;
  } else {
    names = candidates(channel.get(), name);
    std::reverse(names.begin(), names.end());
    ask();
    advance();
  }
  if (complete) {
    deadline.start(milliseconds(0));
  } else {
    arm();
  }
}

bool DnsLookup::State::open(const DnsClient::Options& options) {
  ares_options wanted{};
  wanted.timeout = static_cast<int>(options.server_timeout.count());
  wanted.tries = options.rounds_max;
  // c-ares takes a mutable path and copies it.
  wanted.resolvconf_path = const_cast<char*>(options.resolv_conf.c_str());
  wanted.sock_state_cb_data = this;
  wanted.sock_state_cb = [](void* data, int descriptor, int readable, int writable) noexcept {
    static_cast<State*>(data)->watch(descriptor, readable != 0, writable != 0);
  };
  constexpr int kMask =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
  ares_channeldata* opened = nullptr;
  if (ares_init_options(&opened, &wanted, kMask) != ARES_SUCCESS) return false;
  channel.reset(opened);
  if (options.servers.empty()) return true;
  const std::string servers = comma_separated(options.servers);
  return ares_set_servers_ports_csv(opened, servers.c_str()) == ARES_SUCCESS;
}

bool DnsLookup::State::look_into_hosts_file(const std::string& name) {
  questions[0].answer.addresses = addresses_in_hosts_file(channel.get(), name, AF_INET);
  questions[1].answer.addresses = addresses_in_hosts_file(channel.get(), name, AF_INET6);
  for (const Question& question : questions) {
    if (!question.answer.addresses.empty()) from_hosts_file = true;
  }
  if (!from_hosts_file) return false;
  for (Question& question : questions) {
    question.answer.status =
        question.answer.addresses.empty() ? DnsStatus::kNoAddress : DnsStatus::kAnswered;
    question.answer.elapsed = Clock::now() - started;
  }
  return true;
}

// Both families at once, of the next name. c-ares may answer before it returns.
void DnsLookup::State::ask() {
  const std::string name = std::move(names.back());
  names.pop_back();
  for (Question& question : questions) question.pending = true;
  for (Question& question : questions) {
    ares_query(
        channel.get(), name.c_str(), ns_c_in,
        question.family == IpAddress::Family::kIpv4 ? ns_t_a : ns_t_aaaa,
        [](void* data, int status, int, unsigned char* bytes, int size) noexcept {
          auto* const asked = static_cast<Question*>(data);
          asked->state->answered(*asked, status, {bytes, static_cast<std::size_t>(size)});
        },
        &question);
  }
}

// As the system's resolver: the first name with any address ends it, and so does a server that
// does not answer, for it would not answer the next question either.
void DnsLookup::State::advance() {
  while (!questions[0].pending && !questions[1].pending) {
    complete = names.empty();
    for (const Question& question : questions) {
      const DnsStatus status = question.answer.status;
      if (status == DnsStatus::kAnswered || status > DnsStatus::kServerFailure) complete = true;
    }
    if (complete) return;
    ask();
  }
}

void DnsLookup::State::answered(Question& question, int status,
                                std::span<const std::uint8_t> message) {
  if (status == ARES_EDESTRUCTION) return;
  question.pending = false;
  DnsRecords records{.status = refine(dns_status(status)), .addresses = {}};
  if (message.data() != nullptr) records = parse_dns_answer(question.family, message);
  question.worst = std::max(question.worst, records.status);
  question.answer = {.status = records.status,
                     .addresses = std::move(records.addresses),
                     .elapsed = Clock::now() - started};
}

void DnsLookup::State::watch(int descriptor, bool readable, bool writable) {
  if (!readable && !writable) {
    watchers.erase(descriptor);
    return;
  }
  auto found = watchers.find(descriptor);
  if (found == watchers.end()) {
    const auto on_ready = [this, descriptor](uv::FdWatcher::Interest interest) {
      ready(descriptor, interest);
    };
    found = watchers.emplace(descriptor, uv::FdWatcher(loop, descriptor, on_ready)).first;
  }
  found->second.watch({.readable = readable, .writable = writable});
}

void DnsLookup::State::ready(int descriptor, uv::FdWatcher::Interest interest) {
  // Both together tell of an error, which peeking would take away from c-ares.
  if (interest.readable && interest.writable) {
    unreachable = true;
  } else if (interest.readable) {
    if (const auto fault = peek_fault(descriptor)) refusal = fault;
  }
  process(interest.readable ? descriptor : ARES_SOCKET_BAD,
          interest.writable ? descriptor : ARES_SOCKET_BAD);
}

// Of what c-ares says when it has given up.
DnsStatus DnsLookup::State::refine(DnsStatus status) const {
  const bool silent = status == DnsStatus::kUnreachable || status == DnsStatus::kTimedOut ||
                      status == DnsStatus::kInternal;
  // c-ares goes on to the next server, and says in the end that none is there.
  if (silent) {
    const OwnFault own = current_own_fault();
    if (own == OwnFault::kNoDescriptor) return DnsStatus::kTooManyFiles;
    if (own == OwnFault::kNoPort) return DnsStatus::kNoPort;
    if (own != OwnFault::kNone) return DnsStatus::kInternal;
  }
  if (status == DnsStatus::kUnreachable) return refusal.value_or(status);
  if (status == DnsStatus::kTimedOut && unreachable) return DnsStatus::kUnreachable;
  return status;
}

void DnsLookup::State::process(int readable, int writable) {
  ares_process_fd(channel.get(), readable, writable);
  advance();
  if (complete) {
    finish();
  } else {
    arm();
  }
}

// For what c-ares sends again.
void DnsLookup::State::arm() {
  timeval time{};
  const timeval* const next = ares_timeout(channel.get(), nullptr, &time);
  if (next == nullptr) return;
  // Rounded up, or c-ares would find nothing due yet.
  resend.start(milliseconds(next->tv_sec * 1000 + next->tv_usec / 1000 + 1));
}

// After a stall the loop tells of the time first and of answers that came in time afterwards.
void DnsLookup::State::expire() {
  std::vector<int> descriptors;
  for (const auto& [descriptor, watcher] : watchers) descriptors.push_back(descriptor);
  for (const int descriptor : descriptors) {
    if (!complete) ares_process_fd(channel.get(), descriptor, ARES_SOCKET_BAD);
  }
  if (!complete && !descriptors.empty()) advance();
  finish();
}

void DnsLookup::State::finish() {
  resend.stop();
  deadline.stop();
  channel.reset();
  for (Question& question : questions) {
    if (question.pending) {
      question.answer = {.status = refine(DnsStatus::kTimedOut),
                         .addresses = {},
                         .elapsed = Clock::now() - started};
    } else if (question.answer.status != DnsStatus::kAnswered) {
      question.answer.status = std::max(question.answer.status, question.worst);
    }
  }
  DnsOutcome outcome{.ipv4 = std::move(questions[0].answer),
                     .ipv6 = std::move(questions[1].answer),
                     .from_hosts_file = from_hosts_file};
  // It may destroy the look-up, and with it this.
  const DnsClient::OnDone done = std::move(on_done);
  done(std::move(outcome));
}

DnsLookup::DnsLookup(std::unique_ptr<State> state) : state_(std::move(state)) {}
DnsLookup::DnsLookup(DnsLookup&&) noexcept = default;
DnsLookup& DnsLookup::operator=(DnsLookup&&) noexcept = default;
DnsLookup::~DnsLookup() = default;

std::vector<IpAddress> DnsOutcome::addresses() const {
  std::vector<IpAddress> both = ipv4.addresses;
  both.insert(both.end(), ipv6.addresses.begin(), ipv6.addresses.end());
  return both;
}

std::string DnsOutcome::error() const {
  const auto is_open = [](const DnsAnswer& answer) {
    return answer.status == DnsStatus::kTimedOut || answer.status == DnsStatus::kUnreachable;
  };
  const bool stalled = is_open(ipv4) || is_open(ipv6);
  const bool any = !ipv4.addresses.empty() || !ipv6.addresses.empty();
  if (any && !stalled) return {};
  // kAnswered is the least of all.
  return std::string(text(std::max(ipv4.status, ipv6.status)));
}

OwnFault DnsOutcome::own_fault() const {
  // The last statuses are those of our own side.
  switch (std::max(ipv4.status, ipv6.status)) {
    case DnsStatus::kTooManyFiles:
      return OwnFault::kNoDescriptor;
    case DnsStatus::kNoPort:
      return OwnFault::kNoPort;
    case DnsStatus::kInternal:
      return OwnFault::kInternal;
    default:
      return OwnFault::kNone;
  }
}

std::chrono::nanoseconds DnsOutcome::elapsed() const {
  return std::max(ipv4.elapsed, ipv6.elapsed);
}

DnsClient::DnsClient(uv::Loop& loop, Options options) : loop_(loop), options_(std::move(options)) {
  // Allocates nothing on Unix; it only counts.
  static_cast<void>(ares_library_init(ARES_LIB_INIT_ALL));
}

DnsLookup DnsClient::lookup(const std::string& name, milliseconds timeout, OnDone on_done) {
  const bool full = lookups_ >= options_.lookups_max;
  auto state = std::make_unique<DnsLookup::State>(loop_, lookups_, std::move(on_done));
  state->deadline.start(timeout);
  if (full) {
    for (auto& question : state->questions) question.answer.status = DnsStatus::kInternal;
    state->deadline.start(milliseconds(0));
  } else {
    state->start(options_, name);
  }
  return DnsLookup(std::move(state));
}

}  // namespace meshcheck::probe
