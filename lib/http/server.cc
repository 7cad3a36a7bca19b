#include "lib/http/server.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "lib/http/connection.h"

namespace meshcheck::http {
namespace {

// Without one for as long, the next shortage is news.
constexpr std::chrono::minutes kShortageEpisode{1};

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
  Server* const raw = server.get();
  uv::TcpListener::Options listening;
  listening.reuse_port = options.reuse_port;
  listening.on_failure = [raw](const Error& error) {
    ++raw->counters_.accept_failures;
    raw->note_shortage(error.message());
  };
  auto listener =
      uv::TcpListener::listen(loop, endpoint, std::move(listening),
                              [raw](uv::TcpStream stream) { raw->accept(std::move(stream)); });
  if (!listener) return listener.error();
  server->listener_.emplace(*std::move(listener));
  return server;
}

Endpoint Server::local() const {
  return listener_ ? listener_->local() : Endpoint();
}

void Server::accept(uv::TcpStream stream) {
  ++counters_.connections_accepted;
  const std::size_t left = descriptors_left(stream.descriptor());
  const bool is_short = left < kDescriptorsKept;
  if (is_short) note_shortage("few descriptors are left");
  const bool full = is_short || connections_.size() - turned_away_ >= options_.connections_max;
  if (left < kDescriptorsKept / 2 || (full && turned_away_ >= options_.turned_away_max)) {
    ++counters_.connections_refused;
    return;
  }
  ++counters_.connections_open;
  connections_.push_front(std::make_unique<Connection>(*this, secured(std::move(stream))));
  Connection& connection = *connections_.front();
  connection.start(connections_.begin());
  if (full) {
    ++counters_.connections_refused;
    ++turned_away_;
    connection.turn_away();
  }
}

std::size_t Server::descriptors_left(int descriptor) const {
  // The kernel gives the lowest that is free, so that all below are taken.
  if (options_.descriptors_max == 0) return kDescriptorsKept;
  const auto used = static_cast<std::size_t>(descriptor) + 1;
  return options_.descriptors_max - std::min(used, options_.descriptors_max);
}

void Server::note_shortage(std::string_view why) {
  const Clock::time_point now = loop_.now();
  const bool is_news = !last_shortage_ || now - *last_shortage_ > kShortageEpisode;
  last_shortage_ = now;
  if (is_news && options_.on_shortage) options_.on_shortage(why);
}

Stream Server::secured(uv::TcpStream stream) {
  if (options_.tls == nullptr) return Stream(std::move(stream));
  return Stream(std::make_unique<TlsStream>(loop_, std::move(stream), *options_.tls,
                                            counters_.handshakes_failed));
}

void Server::close(Connection& connection) {
  end_waiting(connection);
  unpark(connection.ticket());
  if (connection.turned_away()) --turned_away_;
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
