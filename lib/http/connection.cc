#include "lib/http/connection.h"

#include <cassert>
#include <utility>

namespace meshcheck::http {
namespace {

// How long a client may take to read a refusal before the connection is cut. Closing at once would
// make the kernel send RST for what the client still sends, and the refusal would be lost.
constexpr std::chrono::seconds kLingerTimeout{2};

constexpr std::string_view kStopping = "The server is stopping; try again.";

constexpr std::size_t kUnsentKeptMax = 16 * 1024;

// Pieces of a source in one turn of the loop. A quick reader takes them as fast as they are made,
// and all other connections wait meanwhile.
constexpr int kPiecesInTurnMax = 4;

}  // namespace

Connection::Connection(Server& server, Stream stream)
    : server_(server), stream_(std::move(stream)), parser_(server.options_.limits) {}

void Connection::start(Position position) {
  position_ = position;
  set_deadline();
  stream_.start({.on_data = [this](std::string_view bytes) { on_data(bytes); },
                 .on_end = [this](const std::optional<Error>&) { server_.close(*this); },
                 .on_drained = [this] { on_drained(); }});
}

void Connection::turn_away() {
  refuse(Response::error(503, "Too many connections; try again later."));
  flush();
}

void Connection::on_data(std::string_view bytes) {
  server_.counters_.bytes_received += bytes.size();
  if (last_answer_) return;
  if (!unparsed_.empty() || source_ || ticket_ != 0) {
    hold(bytes);
    return;
  }
  while (state_ == State::kOpen && !bytes.empty()) {
    answer_requests(bytes);
    flush();
    if (source_) {
      hold(bytes);
      pump();
      return;
    }
    if (ticket_ != 0 || (stream_.queued_bytes() != 0 && !bytes.empty())) {
      hold(bytes);
      return;
    }
  }
}

void Connection::hold(std::string_view bytes) {
  // Without reading it would not be seen that the client has left an answer that waits.
  if (bytes.empty() || last_answer_) return;
  unparsed_ += bytes;
  stream_.pause();
}

void Connection::answer_requests(std::string_view& bytes) {
  while (state_ == State::kOpen && !source_ && ticket_ == 0 && !bytes.empty() &&
         unsent_.size() < server_.options_.unsent_size_max) {
    const RequestParser::Step step = parser_.step(bytes);
    if (step == RequestParser::Step::kRequest) answer();
    if (step == RequestParser::Step::kContinue) unsent_ += "HTTP/1.1 100 Continue\r\n\r\n";
    if (step == RequestParser::Step::kRefused) refuse(parser_.refusal());
  }
}

void Connection::on_drained() {
  if (state_ == State::kLingering) return;
  if (state_ == State::kFlushing) {
    finish();
    return;
  }
  if ((waiting_ && !woken_) || ticket_ != 0) {
    set_deadline();
    return;
  }
  if (source_) {
    pump();
    return;
  }
  const std::string held = std::exchange(unparsed_, {});
  stream_.resume();
  set_deadline();
  on_data(held);
}

void Connection::answer() {
  Request& request = parser_.request();
  request.client_name = stream_.client_name();
  request.client_verified = stream_.client_verified();
  request.ticket = ++server_.last_ticket_;
  const Gate& gate = server_.options_.gate;
  if (!gate) {
    answer_admitted({});
    return;
  }
  auto admission = gate(request, request.ticket);
  if (admission) {
    answer_admitted(*std::move(admission));
  } else {
    park(/*admitted=*/false);
  }
}

void Connection::park(bool admitted) {
  const Ticket ticket = parser_.request().ticket;
  if (!server_.park(ticket, *this)) {
    respond(Response::error(503, "Too many requests wait; try again later."));
    return;
  }
  ticket_ = ticket;
  admitted_ = admitted;
  parked_until_ = server_.loop_.now() + server_.options_.gate_timeout;
}

void Connection::decide(Admission admission) {
  assert(ticket_ != 0);
  if (admitted_) return;  // It was decided before.
  server_.unpark(std::exchange(ticket_, 0));
  answer_admitted(std::move(admission));
  go_on();
}

void Connection::answer_parked(Response response) {
  assert(ticket_ != 0);
  assert(!response.later && "an answer that comes later is an answer");
  if (!admitted_) return;
  server_.unpark(std::exchange(ticket_, 0));
  admitted_ = false;
  respond(std::move(response));
  go_on();
}

void Connection::give_up_parked(std::string_view why) {
  Response response = Response::error(503, why);
  if (admitted_) {
    answer_parked(std::move(response));
  } else {
    decide({.refusal = std::move(response), .principal = {}});
  }
}

// Behind an answer that did not come at once.
void Connection::go_on() {
  flush();
  if (source_) {
    pump();
  } else if (state_ == State::kOpen && !unparsed_.empty() && stream_.queued_bytes() == 0) {
    wait_for_turn();
  }
}

void Connection::answer_admitted(Admission admission) {
  if (admission.refusal) {
    respond(*std::move(admission.refusal));
    return;
  }
  Request& request = parser_.request();
  request.principal = std::move(admission.principal);
  ++server_.counters_.requests;
  Response response = server_.router_.answer(request);
  if (response.later && draining_) {
    // Whoever would answer it may have stopped already.
    respond(Response::error(503, kStopping));
  } else if (response.later) {
    park(/*admitted=*/true);
  } else {
    respond(std::move(response));
  }
}

void Connection::respond(Response response) {
  const Request& request = parser_.request();
  const bool head_only = request.method == Method::kHead;
  assert(!response.waits || response.source);
  const bool may_wait = response.waits && !head_only;
  if (may_wait && !server_.begin_waiting(*this)) {
    response = Response::error(503, "Too many answers wait for news; try again later.");
  }
  count(response.status);
  const bool ends_by_closing = response.waits || (response.source && !request.chunks_allowed);
  const Framing framing{
      .keep_alive = request.keep_alive && !response.close && !draining_ && !ends_by_closing,
      .head_only = head_only,
      .chunked = response.source && request.chunks_allowed};
  append_response(unsent_, response, server_.date_, framing);
  request_began_ = false;
  if (response.source && !framing.head_only) {
    source_ = std::move(response.source);
    source_framing_ = framing;
    last_answer_ = response.waits;
  } else if (!framing.keep_alive) {
    state_ = State::kFlushing;
  }
}

void Connection::pump() {
  woken_ = false;
  for (int piece = 0; source_ && stream_.queued_bytes() == 0; ++piece) {
    if (piece == kPiecesInTurnMax) {
      wait_for_turn();
      return;
    }
    std::string bytes;
    const BodyStep step = source_(bytes);
    assert((step != BodyStep::kWait || last_answer_) && "Response::waits was not said");
    waiting_ = step == BodyStep::kWait && !draining_;
    const bool more = step == BodyStep::kMore || waiting_;
    append_piece(unsent_, bytes, source_framing_, !more);
    if (!more) end_source();
    flush();
    if (waiting_) return;
  }
  // For the requests behind it. Not at once: many small answers would nest as deep.
  if (!source_ && state_ == State::kOpen && stream_.queued_bytes() == 0) wait_for_turn();
}

void Connection::end_source() {
  source_ = nullptr;
  waiting_ = false;
  server_.end_waiting(*this);
  if (!source_framing_.keep_alive || draining_) state_ = State::kFlushing;
}

void Connection::wake() {
  if (!waiting_) return;
  woken_ = true;
  if (stream_.queued_bytes() == 0) pump();
}

void Connection::wait_for_turn() {
  if (!turn_) {
    turn_.emplace(server_.loop_, [this] {
      if (stream_.queued_bytes() == 0) on_drained();
    });
  }
  turn_->start(std::chrono::milliseconds(0));
}

void Connection::refuse(const Response& response) {
  count(response.status);
  append_response(unsent_, response, server_.date_, {});
  state_ = State::kFlushing;
}

void Connection::count(int status) {
  if (status >= 500) {
    ++server_.counters_.responses_5xx;
  } else if (status >= 400) {
    ++server_.counters_.responses_4xx;
  }
}

void Connection::flush() {
  if (!unsent_.empty()) {
    server_.counters_.bytes_sent += unsent_.size();
    stream_.write(unsent_);
    // Kept for the next answer unless it was a large one.
    if (unsent_.capacity() > kUnsentKeptMax) unsent_ = std::string();
    unsent_.clear();
  }
  if (state_ == State::kFlushing && stream_.queued_bytes() == 0) {
    finish();
  } else {
    set_deadline();
  }
}

void Connection::finish() {
  stream_.finish_writing();
  state_ = State::kLingering;
  unparsed_.clear();
  stream_.resume();
  deadline_ = server_.loop_.now() + kLingerTimeout;
}

void Connection::set_deadline() {
  const Server::Options& options = server_.options_;
  const Clock::time_point now = server_.loop_.now();
  if (state_ != State::kOpen || stream_.queued_bytes() != 0) {
    deadline_ = now + options.send_timeout;
  } else if (stream_.in_handshake()) {
    deadline_ = now + options.request_timeout;
  } else if (waiting_) {
    deadline_ = now + options.wait_interval;
  } else if (ticket_ != 0) {
    deadline_ = parked_until_;
  } else if (!parser_.in_request()) {
    deadline_ = now + options.idle_timeout;
    request_began_ = false;
  } else if (!request_began_) {
    // Later bytes of the same request do not move it: a trickle is not progress.
    deadline_ = now + options.request_timeout;
    request_began_ = true;
  }
}

void Connection::check_deadline(Clock::time_point now) {
  if (now < deadline_) return;
  if (waiting_ && stream_.queued_bytes() == 0) {
    pump();
    return;
  }
  if (ticket_ != 0 && stream_.queued_bytes() == 0) {
    ++server_.counters_.parked_timed_out;
    give_up_parked(admitted_ ? "It was not done in time; try again later."
                             : "It was not known in time whether this is allowed.");
    return;
  }
  if (state_ != State::kLingering) ++server_.counters_.connections_timed_out;
  if (state_ == State::kOpen && parser_.in_request() && stream_.queued_bytes() == 0) {
    refuse(Response::error(408, "The request did not arrive in time."));
    flush();
  } else {
    server_.close(*this);
  }
}

void Connection::drain() {
  draining_ = true;
  if (ticket_ != 0) {
    give_up_parked(kStopping);
    return;
  }
  if (waiting_) {
    append_piece(unsent_, {}, source_framing_, true);
    end_source();
    flush();
    return;
  }
  if (state_ == State::kOpen && !source_ && !parser_.in_request() && stream_.queued_bytes() == 0) {
    server_.close(*this);
  }
}

}  // namespace meshcheck::http
