#include "lib/http/client.h"

#include <cassert>
#include <utility>

#include "lib/http/client_core.h"

namespace meshcheck::http {
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
  owned->second->outcome.tcp = read_tcp_info(socket, owned->second->farewell());
  owners.erase(owned);
}

void Client::Core::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi.get(), socket, events, &running);
  deliver_bytes();
  deliver_outcomes();
}

void Client::Core::deliver_bytes() {
  while (!fresh.empty()) {
    Transfer* const transfer = fresh.front();
    fresh.erase(fresh.begin());
    const std::string bytes = std::exchange(transfer->bytes, {});
    // The callback may destroy its own Call, and with it `transfer`.
    auto on_body = std::move(transfer->request.on_body);
    in_callback = transfer;
    on_body(bytes);
    if (std::exchange(in_callback, nullptr) == transfer) {
      transfer->request.on_body = std::move(on_body);
    }
  }
}

void Client::Core::deliver_outcomes() {
  int waiting = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &waiting)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* raw = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &raw);
    deliver(*static_cast<Transfer*>(static_cast<void*>(raw)), code);
  }
}

void Client::Core::deliver(Transfer& transfer, CURLcode code) {
  transfer.finish(code);
  // The callback may destroy its own Call, and with it `transfer`.
  const auto on_done = std::move(transfer.on_done);
  Outcome outcome = std::move(transfer.outcome);
  on_done(std::move(outcome));
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

Call Client::start(ClientRequest request, std::function<void(Outcome)> on_done) {
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
