// The state that a Client and its Transfers share. Only lib/http's client includes this.
#pragma once

#include <curl/curl.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lib/http/client.h"
#include "lib/uv/fd_watcher.h"
#include "lib/uv/timer.h"

namespace meshcheck::http {

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

struct Client::Core {
  Core(uv::Loop& event_loop, Options client_options)
      : options(std::move(client_options)),
        loop(event_loop),
        timer(event_loop, [this] { act(CURL_SOCKET_TIMEOUT, 0); }),
        multi(curl_multi_init()) {
    if (!multi) std::abort();
  }

  void act(curl_socket_t socket, int events);
  // libcurl forbids starting and ending transfers inside its own callbacks, so bytes and outcomes
  // are handed out when it has returned.
  void deliver_bytes();
  void deliver_outcomes();
  void deliver(Transfer& transfer, CURLcode code);
  void watch(curl_socket_t socket, int what);
  void look_at(curl_socket_t socket);

  GlobalInit global;
  Options options;
  uv::Loop& loop;
  std::unordered_map<curl_socket_t, uv::FdWatcher> watchers;
  // The transfer that opened each socket, while both exist.
  std::unordered_map<curl_socket_t, Transfer*> owners;
  // Transfers that have bytes for their on_body: less than 2 MB each from one call of libcurl.
  std::vector<Transfer*> fresh;
  Transfer* in_callback = nullptr;  // Null again if it was destroyed there.
  uv::Timer timer;
  std::size_t transfers = 0;  // For the assertion that Calls are gone first.
  Multi multi;
};

// One request; owned by its Call. While `easy` exists it is part of the multi handle.
struct Transfer {
  ClientRequest request;
  Outcome outcome;
  std::function<void(Outcome)> on_done;
  Client::Core* core = nullptr;
  HeaderList connect_to;
  HeaderList headers;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  int open_failed = 0;  // The errno of opening a socket.
  bool too_large = false;
  std::size_t received = 0;
  std::string bytes;                  // For on_body.
  std::optional<uv::Timer> idleness;  // Only with an idle_timeout.
  Clock::time_point begun;
  bool idled_out = false;
  Easy easy;

  void prepare();
  void prepare_times();
  void prepare_tls();
  void prepare_method();
  void heard();  // A byte came.
  int status() const;
  std::uint64_t farewell() const;  // Bytes that TLS may send last.
  void finish(CURLcode code);
  void read_open_sockets();
  void leave();
  std::size_t take(std::string_view bytes);
};

}  // namespace meshcheck::http
