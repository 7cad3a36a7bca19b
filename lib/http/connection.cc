#include "lib/http/connection.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace meshcheck::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

constexpr std::size_t kUnsentKeptMax = 16 * 1024;

}  // namespace

Connection::Connection(Server& server, Stream stream)
    : server_(server), stream_(std::move(stream)), parser_(server.options_.limits) {}

Connection::~Connection() {
  if (server_.options_.memory != nullptr) server_.options_.memory->change(charged_, 0);
}

void Connection::start(Position position) {
  position_ = position;
  set_deadline();
  stream_.start({.on_data = [this](std::string_view bytes) { on_data(bytes); },
                 .on_end = [this](const std::optional<Error>& error) { on_end(error); },
                 .on_drained = [this] { on_drained(); }});
}

void Connection::turn_away() {
  turned_away_ = true;
  set_deadline();
}

bool Connection::is_spared(std::string_view path) const {
  const auto& paths = server_.options_.spared_paths;
  return !turned_away_ || std::find(paths.begin(), paths.end(), path) != paths.end();
}

void Connection::on_data(std::string_view bytes) {
  server_.counters_.bytes_received += bytes.size();
  take(bytes);
  charge();
}

void Connection::take(std::string_view bytes) {
  switch (state_) {
    case State::kReading:
      break;
    case State::kGated:
    case State::kLater:
    case State::kStreaming:
      hold(bytes);
      return;
    case State::kFollowing:
    case State::kWaiting:
    case State::kWoken:
      // Without reading it would not be seen that the client has left an answer that waits.
    case State::kFlushing:
    case State::kLingering:
      return;
  }
  if (!unparsed_.empty()) {
    hold(bytes);
    return;
  }
  while (state_ == State::kReading && !bytes.empty()) {
    answer_requests(bytes);
    flush();
    if (is_sending()) {
      if (state_ == State::kStreaming) hold(bytes);
      pump();
      return;
    }
    if (is_parked() || stream_.queued_bytes() != 0) {
      hold(bytes);
      return;
    }
  }
}

void Connection::hold(std::string_view bytes) {
  if (bytes.empty()) return;
  unparsed_ += bytes;
  stream_.pause();
}

void Connection::answer_requests(std::string_view& bytes) {
  while (state_ == State::kReading && !bytes.empty() &&
         unsent_.size() < server_.options_.unsent_size_max) {
    const RequestParser::Step step = parser_.step(bytes);
    const bool is_met = step == RequestParser::Step::kRequest || step == RequestParser::Step::kHead;
    if (is_met && !is_spared(parser_.request().path)) {
      refuse(Response::error(503, kTooMany));
      return;
    }
    if (step == RequestParser::Step::kRequest) answer();
    if (step == RequestParser::Step::kHead) meet();
    if (step == RequestParser::Step::kRefused) refuse(parser_.refusal());
    if (step == RequestParser::Step::kMore) check_room();
  }
}

void Connection::check_room() {
  MemoryBudget* const memory = server_.options_.memory;
  const std::size_t size = parser_.body_memory();
  if (memory == nullptr || !parser_.in_request() || size <= MemoryBudget::kAlwaysMax) return;
  charge();
  if (!memory->is_short_of(0)) return;
  refuse(Response::no_memory());
  parser_.forget_body();
}

void Connection::charge() {
  MemoryBudget* const memory = server_.options_.memory;
  if (memory == nullptr) return;
  const std::size_t now = parser_.body_memory() + unparsed_.size() + unsent_.size() +
                          stream_.queued_bytes() + source_held_ + (gzip_ ? GzipStream::kMemory : 0);
  // Mostly nothing has changed, and the other threads have the budget too.
  if (now != charged_) memory->change(std::exchange(charged_, now), now);
}

void Connection::on_drained() {
  switch (state_) {
    case State::kLingering:
      if (said_all_) server_.close(*this);
      return;
    case State::kFlushing:
      finish();
      return;
    case State::kGated:
    case State::kLater:
    case State::kWaiting:
      set_deadline();
      return;
    case State::kStreaming:
    case State::kFollowing:
    case State::kWoken:
      pump();
      return;
    case State::kReading:
      break;
  }
  const std::string held = std::exchange(unparsed_, {});
  stream_.resume();
  set_deadline();
  take(held);
  end_if_answered();
  charge();
}

std::optional<Admission> Connection::ask_gate() {
  Request& request = parser_.request();
  request.client_name = stream_.client_name();
  request.client_verified = stream_.client_verified();
  request.ticket = ++server_.last_ticket_;
  const Gate& gate = server_.options_.gate;
  if (!gate) return Admission();
  auto admission = gate(request, request.ticket);
  if (!admission) park(State::kGated);
  return admission;
}

// A small body costs no more than it takes to be rid of it: the gate is asked when it is there, and
// the connection goes on if the request is refused.
void Connection::meet() {
  if (const auto size = parser_.announced(); size && *size <= MemoryBudget::kAlwaysMax) {
    if (parser_.wants_continue()) unsent_ += kContinue;
    return;
  }
  auto admission = ask_gate();
  if (!admission) return;
  if (admission->refusal) {
    respond(*std::move(admission->refusal));
    return;
  }
  admission_ = std::move(admission);
  if (parser_.wants_continue()) unsent_ += kContinue;
}

void Connection::answer() {
  auto admission = admission_ ? std::exchange(admission_, std::nullopt) : ask_gate();
  if (admission) answer_admitted(*std::move(admission));
}

void Connection::park(State where) {
  const Ticket ticket = parser_.request().ticket;
  if (!server_.park(ticket, *this)) {
    respond(Response::error(503, "Too many requests wait; try again later."));
    return;
  }
  ticket_ = ticket;
  state_ = where;
  parked_until_ = server_.loop_.now() + server_.options_.gate_timeout;
}

void Connection::unpark() {
  assert(is_parked());
  server_.unpark(std::exchange(ticket_, 0));
  state_ = State::kReading;
}

void Connection::decide(Admission admission) {
  assert(is_parked());
  if (state_ == State::kLater) return;  // It was decided before.
  unpark();
  if (admission.refusal || !parser_.in_request()) {
    answer_admitted(std::move(admission));
  } else {
    // Its body may come now, and has as long as if the gate had not been asked.
    admission_ = std::move(admission);
    request_began_ = false;
    if (parser_.wants_continue()) unsent_ += kContinue;
  }
  go_on();
}

void Connection::answer_parked(Response response) {
  assert(is_parked());
  assert(!response.later && "an answer that comes later is an answer");
  if (state_ == State::kGated) return;
  unpark();
  respond(std::move(response));
  go_on();
}

void Connection::give_up_parked(std::string_view why) {
  Response response = Response::error(503, why);
  if (state_ == State::kLater) {
    answer_parked(std::move(response));
  } else {
    decide({.refusal = std::move(response), .principal = {}});
  }
}

// Behind an answer that did not come at once.
void Connection::go_on() {
  flush();
  if (is_sending()) {
    pump();
  } else if (state_ == State::kReading && !unparsed_.empty() && stream_.queued_bytes() == 0) {
    wait_for_turn();
  }
  end_if_answered();
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
    park(State::kLater);
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
  const bool gzips = code(response);
  const std::size_t size = response.body.size();
  MemoryBudget* const memory = server_.options_.memory;
  // A body whose size is known and that a source sends is charged by its owner already.
  const bool is_large = std::max(size, response.source_size.value_or(0)) > MemoryBudget::kAlwaysMax;
  if (memory != nullptr && is_large && memory->is_short_of(size)) {
    response = Response::no_memory();
  }
  if (!head_only) cut_to_pieces(response);
  count(response);
  const bool has_chunks = response.source && !response.source_size;
  const bool ends_by_closing = response.waits || (has_chunks && !request.chunks_allowed);
  const Framing framing{.keep_alive = request.keep_alive && !response.close && !draining_ &&
                                      !turned_away_ && !ends_by_closing &&
                                      !parser_.in_request(),  // Its body will not be read.
                        .head_only = head_only,
                        .chunked = has_chunks && request.chunks_allowed,
                        .sized = !gzips};
  append_response(unsent_, response, server_.date_, framing);
  request_began_ = false;
  parser_.forget_body();
  if (response.source && !framing.head_only) {
    source_ = std::move(response.source);
    source_framing_ = framing;
    if (gzips) gzip_.emplace();
    state_ = response.waits ? State::kFollowing : State::kStreaming;
  } else if (!framing.keep_alive) {
    state_ = State::kFlushing;
  }
}

void Connection::refuse(const Response& response) {
  count(response);
  append_response(unsent_, response, server_.date_, {});
  state_ = State::kFlushing;
}

void Connection::count(const Response& response) {
  if (response.no_room) ++server_.counters_.memory_refused;
  if (response.status >= 500) {
    ++server_.counters_.responses_5xx;
  } else if (response.status >= 400) {
    ++server_.counters_.responses_4xx;
  }
}

void Connection::flush() {
  if (!unsent_.empty()) {
    server_.counters_.bytes_sent += unsent_.size();
    stream_.write(unsent_);
    // Kept for the next answer unless it was a large one.
    if (unsent_.capacity() > kUnsentKeptMax) std::string().swap(unsent_);
    unsent_.clear();
  }
  if (state_ == State::kFlushing && stream_.queued_bytes() == 0) {
    finish();
  } else {
    set_deadline();
  }
  charge();
}

}  // namespace meshcheck::http
