#include "lib/http/server.h"

#include <array>
#include <ctime>
#include <utility>

#include "lib/http/connection.h"

namespace meshcheck::http {
namespace {

// Clients over the limit that are told so at a time; more are just closed.
constexpr std::size_t kTurnedAwayMax = 100;

// "Sat, 21 Nov 2026 01:32:23 GMT" (RFC 9110 section 5.6.7).
std::string http_date() {
  const std::time_t now = WallClock::to_time_t(WallClock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %T GMT", &utc);
  return {text.data(), size};
}

}  // namespace

Server::Server(uv::Loop& loop, const Router& router, Counters& counters, const Options& options)
    : loop_(loop),
      router_(router),
      counters_(counters),
      options_(options),
      date_(http_date()),
      sweeper_(loop, [this] { sweep(); }),
      patience_(loop,
                [this] {
                  while (!connections_.empty()) close(*connections_.front());
                }),
      waker_(loop, [this] { ask_waiting(); }) {
  sweeper_.start_repeating(std::chrono::seconds(1));
}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::listen(uv::Loop& loop, const Endpoint& endpoint,
                                               const Router& router, Counters& counters,
                                               const Options& options) {
  std::unique_ptr<Server> server(new Server(loop, router, counters, options));
  auto listener = uv::TcpListener::listen(
      loop, endpoint, {.reuse_port = options.reuse_port},
      [raw = server.get()](uv::TcpStream stream) { raw->accept(std::move(stream)); });
  if (!listener) return listener.error();
  server->listener_.emplace(*std::move(listener));
  return server;
}

Endpoint Server::local() const {
  return listener_ ? listener_->local() : Endpoint();
}

void Server::accept(uv::TcpStream stream) {
  ++counters_.connections_accepted;
  // A handshake would cost more than the answer.
  const std::size_t turned_away_max = options_.tls == nullptr ? kTurnedAwayMax : 0;
  if (connections_.size() >= options_.connections_max + turned_away_max) {
    ++counters_.connections_refused;
    return;
  }
  ++counters_.connections_open;
  const bool full = connections_.size() >= options_.connections_max;
  connections_.push_front(std::make_unique<Connection>(*this, secured(std::move(stream))));
  Connection& connection = *connections_.front();
  connection.start(connections_.begin());
  if (full) {
    ++counters_.connections_refused;
    connection.turn_away();
  }
}

Stream Server::secured(uv::TcpStream stream) {
  if (options_.tls == nullptr) return Stream(std::move(stream));
  return Stream(std::make_unique<TlsStream>(loop_, std::move(stream), *options_.tls,
                                            counters_.handshakes_failed));
}

void Server::close(Connection& connection) {
  end_waiting(connection);
  unpark(connection.ticket());
  connections_.erase(connection.position());
  --counters_.connections_open;
  if (connections_.empty() && on_drained_) {
    patience_.stop();
    std::exchange(on_drained_, nullptr)();
  }
}

void Server::sweep() {
  date_ = http_date();
  const Clock::time_point now = loop_.now();
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = **it++;
    connection.check_deadline(now);
  }
}

void Server::wake() {
  if (!waiting_.empty()) waker_.start(std::chrono::milliseconds(0));
}

bool Server::begin_waiting(Connection& connection) {
  if (waiting_.size() >= options_.waiting_max) {
    ++counters_.waiting_refused;
    return false;
  }
  waiting_.push_back(&connection);
  ++counters_.waiting_open;
  return true;
}

void Server::end_waiting(Connection& connection) {
  counters_.waiting_open -= std::erase(waiting_, &connection);
}

void Server::ask_waiting() {
  // A copy, since an answer may end; no connection is closed meanwhile.
  const std::vector<Connection*> asked = waiting_;
  for (Connection* const connection : asked) connection->wake();
}

bool Server::park(Ticket ticket, Connection& connection) {
  if (parked_.size() >= options_.parked_max) {
    ++counters_.parked_refused;
    return false;
  }
  parked_.emplace(ticket, &connection);
  ++counters_.parked_open;
  return true;
}

void Server::unpark(Ticket ticket) {
  counters_.parked_open -= parked_.erase(ticket);
}

void Server::decide(Ticket ticket, Admission admission) {
  const auto found = parked_.find(ticket);
  if (found != parked_.end()) found->second->decide(std::move(admission));
}

void Server::answer(Ticket ticket, Response response) {
  const auto found = parked_.find(ticket);
  if (found != parked_.end()) found->second->answer_parked(std::move(response));
}

void Server::drain(std::chrono::milliseconds patience, std::function<void()> on_drained) {
  listener_.reset();
  on_drained_ = std::move(on_drained);
  patience_.start(patience);
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = **it++;
    connection.drain();
  }
  // Also when there was none to begin with; close() may have said it already.
  if (connections_.empty() && on_drained_) std::exchange(on_drained_, nullptr)();
}

}  // namespace meshcheck::http
