// An HTTP/1.1 server on one loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/http/admission.h"
#include "lib/http/memory_budget.h"
#include "lib/http/request_parser.h"
#include "lib/http/router.h"
#include "lib/http/tls_context.h"
#include "lib/uv/tcp_listener.h"
#include "lib/uv/timer.h"

namespace meshcheck::http {

// A server's counters. Written by its loop, read by any thread; /metrics shows sums over several
// servers.
struct Counters {
  std::atomic<std::uint64_t> connections_open = 0;
  std::atomic<std::uint64_t> connections_accepted = 0;
  std::atomic<std::uint64_t> connections_refused = 0;  // Over connections_max or descriptors_max.
  std::atomic<std::uint64_t> accept_failures = 0;      // No descriptor or no memory for one.
  std::atomic<std::uint64_t> connections_timed_out = 0;
  std::atomic<std::uint64_t> handshakes_failed = 0;  // TLS; not those that timed out.
  std::atomic<std::uint64_t> waiting_open = 0;       // Answers whose source may wait.
  std::atomic<std::uint64_t> waiting_refused = 0;    // Over waiting_max.
  std::atomic<std::uint64_t> parked_open = 0;        // Requests waiting for admission or an answer.
  std::atomic<std::uint64_t> parked_refused = 0;     // Over parked_max.
  std::atomic<std::uint64_t> parked_timed_out = 0;
  std::atomic<std::uint64_t> memory_refused = 0;  // Bodies and answers, for lack of room.
  std::atomic<std::uint64_t> requests = 0;        // Requests that were let through.
  std::atomic<std::uint64_t> responses_4xx = 0;
  std::atomic<std::uint64_t> responses_5xx = 0;
  std::atomic<std::uint64_t> bytes_received = 0;
  std::atomic<std::uint64_t> bytes_sent = 0;
};

class Connection;
class Stream;

// Keep-alive, pipelining, chunked bodies, HEAD, 100-continue; TLS if asked for. Handlers run on the
// loop and must not block. Every wait for a client has a deadline, so one that sends a byte a
// second costs one descriptor for ten seconds and nothing else.
class Server {
 public:
  struct Options {
    Limits limits;
    // Beyond it a connection gets one answer: the usual one on a path of `spared_paths`, else 503.
    // With `turned_away_max` such connections open, further ones are just closed.
    std::size_t connections_max = 10'000;
    std::size_t turned_away_max = 100;
    std::vector<std::string_view> spared_paths;  // Constants.
    // The value of RLIMIT_NOFILE; 0: no check. A connection that gets one of the last
    // kDescriptorsKept descriptors is treated as one beyond `connections_max`. The last half of
    // these are for the rest of the process: a connection that gets one is closed.
    std::size_t descriptors_max = 0;
    // Descriptors or memory for connections have become short, for the first time or after a
    // minute in which they were not.
    std::function<void(std::string_view why)> on_shortage;
    // Bytes of pipelined answers that may wait for a slow reader; beyond, its requests wait.
    std::size_t unsent_size_max = 1024 * 1024;
    std::chrono::seconds idle_timeout{75};     // Between requests.
    std::chrono::seconds request_timeout{10};  // From a request's first byte to its last.
    std::chrono::seconds send_timeout{30};     // For a reader that does not read.
    // Answers of this server whose source may wait; a request for one more is answered 503.
    std::size_t waiting_max = 100;
    // A source that waits is asked this often without wake() too, so that it can show its reader,
    // and proxies in between, that the connection lives.
    std::chrono::seconds wait_interval{15};
    // Decides which requests are let through; null: all. A request that it does not decide at once
    // is parked, and those behind it on its connection wait. A request over `parked_max`, or parked
    // longer than `gate_timeout`, is answered 503. A client whose connection breaks and a server
    // that drains end the wait; one that only shuts down its writing side goes on waiting.
    Gate gate;
    // These bounds also hold for requests whose handler answers later.
    std::size_t parked_max = 1000;
    std::chrono::seconds gate_timeout{20};
    bool reuse_port = false;
    // Bodies and answers beyond it are refused with 503; null: no bound. Outlives the server.
    MemoryBudget* memory = nullptr;
    // All connections are TLS; null: none is. From its begin on a connection has `request_timeout`
    // for the handshake and the first byte of its first request.
    TlsContext* tls = nullptr;  // Outlives the server.
  };

  static constexpr std::size_t kDescriptorsKept = 64;

  // Listens from here on. `router` and `counters` must outlive the server.
  static Result<std::unique_ptr<Server>> listen(uv::Loop& loop, const Endpoint& endpoint,
                                                const Router& router, Counters& counters,
                                                const Options& options);
  ~Server();

  Endpoint local() const;

  // Asks all sources that wait, in the loop's next turn: many calls in one turn cost as much as
  // one. For the loop's thread, also from inside a handler or a source.
  void wake();

  // The gate's later decision on a request. Does nothing if the request waits no more.
  void decide(Ticket ticket, Admission admission);

  // The answer of a handler that answers later, after it has returned. Does nothing if the request
  // waits no more. For the loop's thread.
  void answer(Ticket ticket, Response response);

  // Accepts no more, ends idle connections and answers that wait at once and busy connections after
  // their answer, and calls `on_drained` when the last is gone. After `patience` the rest is cut.
  // `on_drained` may not destroy the server.
  void drain(std::chrono::milliseconds patience, std::function<void()> on_drained);

 private:
  friend class Connection;
  Server(uv::Loop& loop, const Router& router, Counters& counters, const Options& options);
  void accept(uv::TcpStream stream);
  // Descriptors that are left above this one.
  std::size_t descriptors_left(int descriptor) const;
  void note_shortage(std::string_view why);
  Stream secured(uv::TcpStream stream);
  void close(Connection& connection);
  void sweep();
  // False if that were one too many.
  bool begin_waiting(Connection& connection);
  void end_waiting(Connection& connection);
  void ask_waiting();
  // False if that were one too many.
  bool park(Ticket ticket, Connection& connection);
  void unpark(Ticket ticket);

  uv::Loop& loop_;
  const Router& router_;
  Counters& counters_;
  const Options options_;
  std::string date_;  // Of the current second, as the Date header wants it.
  std::optional<uv::TcpListener> listener_;
  std::list<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> waiting_;  // Whose answer may wait.
  std::unordered_map<Ticket, Connection*> parked_;
  Ticket last_ticket_ = 0;
  std::size_t turned_away_ = 0;  // Of the connections.
  std::optional<Clock::time_point> last_shortage_;
  uv::Timer sweeper_;
  uv::Timer patience_;
  uv::Timer waker_;
  std::function<void()> on_drained_;
};

}  // namespace meshcheck::http
