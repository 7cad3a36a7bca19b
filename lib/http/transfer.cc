#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "lib/http/client_core.h"

namespace meshcheck::http {
namespace {

// For the connection of a request that may take as long as it likes.
constexpr std::chrono::milliseconds kConnectTimeout{10'000};
// TLS 1.2 and 1.3: the record of an alert with its tag. libcurl sends it before it closes.
constexpr std::uint64_t kCloseNotifySizeMax = 31;
constexpr std::chrono::milliseconds kShortestTimeout{1};  // 0 is none for libcurl.

// An option that libcurl refuses is one it was built without: a broken build, or no memory.
template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  assert(code == CURLE_OK);
  static_cast<void>(code);
}

// PEM text, copied. None if empty.
void set_blob(CURL* easy, CURLoption option, std::string& text) {
  if (text.empty()) return;
  curl_blob blob{.data = text.data(), .len = text.size(), .flags = CURL_BLOB_COPY};
  set(easy, option, &blob);
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

// As libcurl has it by default, which says "couldn't connect" whatever the reason.
curl_socket_t open_socket(void* transfer, curlsocktype, curl_sockaddr* address) noexcept {
  const int opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  static_cast<Transfer*>(transfer)->open_failed = opened < 0 ? errno : 0;
  return opened < 0 ? CURL_SOCKET_BAD : opened;
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

std::size_t on_header(char*, std::size_t, std::size_t count, void* transfer) noexcept {
  static_cast<Transfer*>(transfer)->heard();
  return count;
}

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* transfer) noexcept {
  return static_cast<Transfer*>(transfer)->take({bytes, count});
}

// Of what libcurl does by itself, after which it tells no errno: threads that look names up, and
// the files of authorities.
OwnFault own_fault_of(CURL* easy, CURLcode code) {
  switch (code) {
    case CURLE_OUT_OF_MEMORY:
      return OwnFault::kNoMemory;
    case CURLE_COULDNT_CONNECT: {
      long error_number = 0;
      curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
      return own_fault(static_cast<int>(error_number));
    }
    case CURLE_FAILED_INIT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_PEER_FAILED_VERIFICATION:
      return current_own_fault() == OwnFault::kNoDescriptor ? OwnFault::kNoDescriptor
                                                            : OwnFault::kNone;
    default:
      return OwnFault::kNone;
  }
}

bool is_of_certificates(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return true;
    default:
      return false;
  }
}

}  // namespace

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
  if (request.address) {
    assert(request.redirects_max == 0);
    // Of any host and port: the same port there. The name stays that of the URL, also for TLS.
    append(connect_to, "::[" + request.address->text() + "]:");
    set(handle, CURLOPT_CONNECT_TO, connect_to.get());
  }
  prepare_times();
  if (!request.keep_alive) {
    set(handle, CURLOPT_FRESH_CONNECT, 1L);
    set(handle, CURLOPT_FORBID_REUSE, 1L);
    append(headers, "Connection: close");
  }
  if (request.redirects_max > 0) {
    set(handle, CURLOPT_FOLLOWLOCATION, 1L);
    set(handle, CURLOPT_MAXREDIRS, long{request.redirects_max});
  }
  prepare_tls();
  // A connection may outlive the transfer: its closing function gets the core.
  set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(handle, CURLOPT_SOCKOPTFUNCTION, on_open);
  set(handle, CURLOPT_SOCKOPTDATA, static_cast<void*>(this));
  set(handle, CURLOPT_CLOSESOCKETFUNCTION, on_close);
  set(handle, CURLOPT_CLOSESOCKETDATA, static_cast<void*>(core));
  set(handle, CURLOPT_HEADERFUNCTION, on_header);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
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

void Transfer::prepare_times() {
  CURL* const handle = easy.get();
  // A negative one comes of a deadline that has passed.
  const auto total = std::max<std::chrono::milliseconds>(request.timeout, kShortestTimeout);
  const bool bounded = request.timeout.count() != 0;
  set(handle, CURLOPT_TIMEOUT_MS, bounded ? static_cast<long>(total.count()) : 0L);
  const auto connecting = bounded ? total : kConnectTimeout;
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connecting.count()));
  if (request.idle_timeout.count() <= 0) return;
  begun = core->loop.now();
  idleness.emplace(core->loop, [this] {
    idled_out = true;
    core->deliver(*this, CURLE_OPERATION_TIMEDOUT);
  });
  heard();
}

void Transfer::prepare_tls() {
  CURL* const handle = easy.get();
  set(handle, CURLOPT_SSL_VERIFYPEER, request.verify ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, request.verify ? 2L : 0L);
  if (!request.ca_file.empty()) set(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  set_blob(handle, CURLOPT_CAINFO_BLOB, request.ca);
  // The folder of the system's roots counts beside a file, unless it is taken away.
  if (!request.ca_file.empty() || !request.ca.empty()) {
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!request.certificate_file.empty()) {
    set(handle, CURLOPT_SSLCERT, request.certificate_file.c_str());
  }
  if (!request.key_file.empty()) set(handle, CURLOPT_SSLKEY, request.key_file.c_str());
  set_blob(handle, CURLOPT_SSLCERT_BLOB, request.certificate);
  set_blob(handle, CURLOPT_SSLKEY_BLOB, request.key);
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

void Transfer::heard() {
  if (idleness) idleness->start(request.idle_timeout);
}

std::size_t Transfer::take(std::string_view piece) {
  heard();
  if (request.on_body && status() / 100 == 2) {
    if (bytes.empty()) core->fresh.push_back(this);
    bytes += piece;
    return piece.size();
  }
  received += piece.size();
  if (received > request.body_max) {
    too_large = true;
    return 0;  // Anything but the size ends the transfer.
  }
  if (!request.discard_body) outcome.body += piece;
  return piece.size();
}

int Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::uint64_t Transfer::farewell() const {
  return std::string_view(request.url).starts_with("https:") ? kCloseNotifySizeMax : 0;
}

void Transfer::finish(CURLcode code) {
  CURL* const handle = easy.get();
  outcome.status = status();
  outcome.phases = phases_of(handle);
  // libcurl counts up to what it did last.
  if (idled_out) {
    outcome.phases.total = std::chrono::ceil<std::chrono::microseconds>(core->loop.now() - begun);
  }
  outcome.connected = time_of(handle, CURLINFO_PRETRANSFER_TIME_T).count() > 0;
  outcome.local = endpoint_of(handle, CURLINFO_LOCAL_IP, CURLINFO_LOCAL_PORT);
  outcome.remote = endpoint_of(handle, CURLINFO_PRIMARY_IP, CURLINFO_PRIMARY_PORT);
  outcome.timed_out = code == CURLE_OPERATION_TIMEDOUT;
  read_open_sockets();
  if (too_large) {
    outcome.error =
        Error("the answer is larger than " + std::to_string(request.body_max) + " bytes");
  } else if (idled_out) {
    outcome.error =
        Error("nothing came for " + std::to_string(request.idle_timeout.count()) + " ms");
  } else if (code != CURLE_OK && open_failed != 0) {
    outcome.error = Error::from_errno("open a socket", open_failed);
    outcome.own_fault = own_fault(open_failed);
  } else if (code != CURLE_OK) {
    outcome.error = Error(error_text[0] != '\0' ? error_text.data() : curl_easy_strerror(code));
    outcome.own_fault = own_fault_of(handle, code);
    outcome.untrusted = outcome.own_fault == OwnFault::kNone && is_of_certificates(code);
  }
  leave();
}

// Those that are not closed yet. Nothing is known of a connection that was not made. libcurl does
// not tell one that failed in TLS from that, but the kernel does: of the former the SYN was
// acknowledged.
void Transfer::read_open_sockets() {
  for (const auto& [socket, owner] : core->owners) {
    if (owner == this) outcome.tcp = read_tcp_info(socket, farewell());
  }
  const bool connected = time_of(easy.get(), CURLINFO_CONNECT_TIME_T).count() != 0;
  if (!connected && outcome.tcp && outcome.tcp->acknowledged == 0) outcome.tcp.reset();
}

void Transfer::leave() {
  curl_multi_remove_handle(core->multi.get(), easy.get());
  easy.reset();
  idleness.reset();
  std::erase(core->fresh, this);
  if (core->in_callback == this) core->in_callback = nullptr;
  std::erase_if(core->owners, [this](const auto& owned) { return owned.second == this; });
  --core->transfers;
}

}  // namespace meshcheck::http
