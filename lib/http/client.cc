#include "lib/http/client.h"

#include <curl/curl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <unordered_map>

#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"

namespace meshcheck::http {
namespace {

struct CleanEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct CleanMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, CleanEasy>;
using Multi = std::unique_ptr<CURLM, CleanMulti>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

// libcurl counts these calls.
struct GlobalInit {
  GlobalInit() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) std::abort();
    std::signal(SIGPIPE, SIG_IGN);
  }
  ~GlobalInit() { curl_global_cleanup(); }
  GlobalInit(const GlobalInit&) = delete;
  GlobalInit& operator=(const GlobalInit&) = delete;
};

// An option that libcurl refuses is one it was built without: a broken build, or no memory.
template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  assert(code == CURLE_OK);
  static_cast<void>(code);
}

void append(HeaderList& list, const std::string& line) {
  assert(std::none_of(line.begin(), line.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) std::abort();
  static_cast<void>(list.release());
  list.reset(longer);
}

std::chrono::microseconds time_of(CURL* easy, CURLINFO info) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(easy, info, &microseconds);
  return std::chrono::microseconds(microseconds);
}

std::optional<Endpoint> endpoint_of(CURL* easy, CURLINFO address_info, CURLINFO port_info) {
  const char* text = nullptr;
  long port = 0;
  curl_easy_getinfo(easy, address_info, &text);
  curl_easy_getinfo(easy, port_info, &port);
  const auto address = IpAddress::parse(text == nullptr ? "" : text);
  if (!address) return std::nullopt;
  return Endpoint{*address, static_cast<std::uint16_t>(port)};
}

Phases phases_of(CURL* easy) {
  // libcurl counts each from the start; 0 stands for "not reached".
  const auto since = [](std::chrono::microseconds later, std::chrono::microseconds earlier) {
    return std::max(later - earlier, std::chrono::microseconds{0});
  };
  const auto name_known = time_of(easy, CURLINFO_NAMELOOKUP_TIME_T);
  const auto connected = time_of(easy, CURLINFO_CONNECT_TIME_T);
  const auto secured = time_of(easy, CURLINFO_APPCONNECT_TIME_T);
  const auto requested = time_of(easy, CURLINFO_PRETRANSFER_TIME_T);
  const auto answered = time_of(easy, CURLINFO_STARTTRANSFER_TIME_T);
  Phases phases;
  phases.total = time_of(easy, CURLINFO_TOTAL_TIME_T);
  phases.dns = name_known;
  phases.tcp_connect = since(connected, name_known);
  phases.connect = connected;
  phases.tls = since(secured, connected);
  phases.server_processing = since(answered, requested);
  if (answered.count() > 0) phases.content_transfer = since(phases.total, answered);
  return phases;
}

}  // namespace

struct Client::Core {
  Core(uv::Loop& event_loop, Options client_options)
      : options(std::move(client_options)),
        loop(event_loop),
        timer(event_loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }),
        multi(curl_multi_init()) {
    if (!multi) std::abort();
  }

  void act(curl_socket_t socket, int events);
  void deliver_outcomes();
  void watch(curl_socket_t socket, int what);
  void look_at(curl_socket_t socket);

  GlobalInit global;
  Options options;
  uv::Loop& loop;
  std::unordered_map<curl_socket_t, uv::FdWatcher> watchers;
  // Who opened a socket, as long as both are there.
  std::unordered_map<curl_socket_t, Transfer*> owners;
  uv::Timer timer;
  std::size_t transfers = 0;  // For the assertion that Calls are gone first.
  Multi multi;
};

// One request; owned by its Call. While `easy` exists it is part of the multi handle.
struct Transfer {
  Request request;
  Outcome outcome;
  std::function<void(Outcome)> on_done;
  Client::Core* core = nullptr;
  HeaderList headers;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  bool too_large = false;
  std::size_t received = 0;
  Easy easy;

  void prepare();
  void prepare_method();
  void finish(CURLcode code);
  void read_open_sockets();
  void leave();
  std::size_t take(std::string_view bytes);
};

namespace {

int on_socket(CURL*, curl_socket_t socket, int what, void* core, void*) noexcept {
  static_cast<Client::Core*>(core)->watch(socket, what);
  return 0;
}

int on_timer(CURLM*, long delay_ms, void* core) noexcept {
  uv::Timer& timer = static_cast<Client::Core*>(core)->timer;
  if (delay_ms < 0) {
    timer.stop();
  } else {
    timer.start(std::chrono::milliseconds(delay_ms));
  }
  return 0;
}

int on_open(void* transfer, curl_socket_t socket, curlsocktype) noexcept {
  auto* const owner = static_cast<Transfer*>(transfer);
  owner->core->owners[socket] = owner;
  const int segment_max = owner->request.segment_max;
  if (segment_max == 0) return CURL_SOCKOPT_OK;
  const int done = setsockopt(socket, IPPROTO_TCP, TCP_MAXSEG, &segment_max, sizeof segment_max);
  return done == 0 ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

int on_close(void* core, curl_socket_t socket) noexcept {
  static_cast<Client::Core*>(core)->look_at(socket);
  // Else the kernel would go on for minutes with a request that was given up, and the server might
  // get it after a newer one.
  const auto info = read_tcp_info(socket);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  if (info && info->pending) {
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  return close(socket);
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* transfer) noexcept {
  return static_cast<Transfer*>(transfer)->take({bytes, count});
}

}  // namespace

void Client::Core::watch(curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    watchers.erase(socket);
    return;
  }
  auto found = watchers.find(socket);
  if (found == watchers.end()) {
    const auto on_ready = [this, socket](uv::FdWatcher::Interest ready) {
      act(socket, (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0));
    };
    found = watchers.try_emplace(socket, loop, socket, on_ready).first;
  }
  found->second.watch({.readable = what == CURL_POLL_IN || what == CURL_POLL_INOUT,
                       .writable = what == CURL_POLL_OUT || what == CURL_POLL_INOUT});
}

// libcurl closes a connection before it says that the transfer is done, or after: the last look is
// what counts. Of two that race for one request the loser is closed first.
void Client::Core::look_at(curl_socket_t socket) {
  const auto owned = owners.find(socket);
  if (owned == owners.end()) return;
  owned->second->outcome.tcp = read_tcp_info(socket);
  owners.erase(owned);
}

void Client::Core::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi.get(), socket, events, &running);
  deliver_outcomes();
}

void Client::Core::deliver_outcomes() {
  int waiting = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &waiting)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* raw = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &raw);
    auto* const transfer = static_cast<Transfer*>(static_cast<void*>(raw));
    transfer->finish(code);
    // The callback may destroy its own Call, and with it `transfer`.
    const auto on_done = std::move(transfer->on_done);
    Outcome outcome = std::move(transfer->outcome);
    on_done(std::move(outcome));
  }
}

void Transfer::prepare() {
  CURL* const handle = easy.get();
  set(handle, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(handle, CURLOPT_ERRORBUFFER, error_text.data());
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(handle, CURLOPT_PROXY, "");  // Also not that of the environment.
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_QUICK_EXIT, 1L);  // A resolver's thread must not hold the exit.
  set(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  const auto timeout_ms = static_cast<long>(std::max<std::int64_t>(request.timeout.count(), 1));
  set(handle, CURLOPT_TIMEOUT_MS, timeout_ms);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  if (!request.keep_alive) {
    set(handle, CURLOPT_FRESH_CONNECT, 1L);
    set(handle, CURLOPT_FORBID_REUSE, 1L);
    append(headers, "Connection: close");
  }
  if (request.redirects_max > 0) {
    set(handle, CURLOPT_FOLLOWLOCATION, 1L);
    set(handle, CURLOPT_MAXREDIRS, long{request.redirects_max});
  }
  set(handle, CURLOPT_SSL_VERIFYPEER, request.verify ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, request.verify ? 2L : 0L);
  if (!request.ca_file.empty()) set(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  // A connection may outlive the transfer: what closes it gets the core.
  set(handle, CURLOPT_SOCKOPTFUNCTION, on_open);
  set(handle, CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
  set(handle, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  set(handle, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(core));
  set(handle, CURLOPT_WRITEFUNCTION, on_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  if (!core->options.user_agent.empty()) {
    set(handle, CURLOPT_USERAGENT, core->options.user_agent.c_str());
  }
  prepare_method();
  append(headers, "Expect:");  // No waiting for "100 Continue".
  for (const auto& [name, value] : request.headers)
    append(headers, std::string(name).append(": ").append(value));
  set(handle, CURLOPT_HTTPHEADER, headers.get());
}

void Transfer::prepare_method() {
  CURL* const handle = easy.get();
  if (request.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "POST" || !request.body.empty()) {
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
  if (request.method != "POST" && request.method != "GET") {
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

std::size_t Transfer::take(std::string_view bytes) {
  received += bytes.size();
  if (received > request.body_max) {
    too_large = true;
    return 0;  // Anything but the size ends the transfer.
  }
  if (!request.discard_body) outcome.body += bytes;
  return bytes.size();
}

void Transfer::finish(CURLcode code) {
  CURL* const handle = easy.get();
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  outcome.status = static_cast<int>(status);
  outcome.phases = phases_of(handle);
  outcome.connected = time_of(handle, CURLINFO_PRETRANSFER_TIME_T).count() > 0;
  outcome.local = endpoint_of(handle, CURLINFO_LOCAL_IP, CURLINFO_LOCAL_PORT);
  outcome.remote = endpoint_of(handle, CURLINFO_PRIMARY_IP, CURLINFO_PRIMARY_PORT);
  outcome.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  read_open_sockets();
  if (too_large) {
    outcome.error =
        Error("the answer is larger than " + std::to_string(request.body_max) + " bytes");
  } else if (code != CURLE_OK) {
    outcome.error = Error(error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code));
  }
  leave();
}

// Those that are not closed yet. Nothing is known of a connection that was not made.
void Transfer::read_open_sockets() {
  for (const auto& [socket, owner] : core->owners) {
    if (owner == this) outcome.tcp = read_tcp_info(socket);
  }
  if (time_of(easy.get(), CURLINFO_CONNECT_TIME_T).count() == 0) outcome.tcp.reset();
}

void Transfer::leave() {
  curl_multi_remove_handle(core->multi.get(), easy.get());
  easy.reset();
  std::erase_if(core->owners, [this](const auto& owned) { return owned.second == this; });
  --core->transfers;
}

void Call::Cancel::operator()(Transfer* transfer) const {
  const std::unique_ptr<Transfer> owned(transfer);
  if (owned->easy) owned->leave();
}

Client::Client(uv::Loop& loop, Options options) : core_(new Core(loop, std::move(options))) {
  CURLM* const multi = core_->multi.get();
  const auto connections_max = static_cast<long>(core_->options.connections_max);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, core_.get());
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, core_.get());
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_max);
}

void Client::Close::operator()(Core* core) const {
  assert(core->transfers == 0 && "a Call outlived its Client");
  delete core;
}

Call Client::start(Request request, std::function<void(Outcome)> on_done) {
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->on_done = std::move(on_done);
  transfer->core = core_.get();
  transfer->easy.reset(curl_easy_init());
  if (!transfer->easy) std::abort();
  transfer->prepare();
  ++core_->transfers;
  curl_multi_add_handle(core_->multi.get(), transfer->easy.get());
  return Call(transfer.release());
}

}  // namespace meshcheck::http
