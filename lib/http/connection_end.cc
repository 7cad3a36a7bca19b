// How long a connection may wait for its client, and how it ends.
#include "lib/http/connection.h"

namespace meshcheck::http {
namespace {

// How long a client may take to read a refusal before the connection is cut. Closing at once would
// make the kernel send RST for what the client still sends, and the refusal would be lost.
constexpr std::chrono::seconds kLingerTimeout{2};

// For the one request, and the handshake before it, of a client that is one too many.
constexpr std::chrono::seconds kTurnedAwayTimeout{2};

}  // namespace

void Connection::on_end(const std::optional<Error>& error) {
  // A client that only broke off its handshake has asked nothing.
  if (error || state_ == State::kLingering || stream_.in_handshake()) {
    server_.close(*this);
    return;
  }
  said_all_ = true;
  if (is_idle()) {
    end_waiting();
  } else {
    end_if_answered();
  }
}

void Connection::end_if_answered() {
  if (!said_all_ || state_ != State::kReading || !unparsed_.empty()) return;
  state_ = State::kFlushing;
  if (stream_.queued_bytes() == 0) finish();
}

void Connection::end_waiting() {
  append_piece(unsent_, {}, source_framing_, true);
  end_source();
  flush();
}

void Connection::finish() {
  stream_.finish_writing();
  state_ = State::kLingering;
  unparsed_.clear();
  stream_.resume();
  deadline_ = server_.loop_.now() + kLingerTimeout;
  // Nothing is left to wait for. Not at once, as the callers go on.
  if (said_all_) wait_for_turn();
}

void Connection::set_deadline() {
  const Server::Options& options = server_.options_;
  const Clock::time_point now = server_.loop_.now();
  if (is_ending() || stream_.queued_bytes() != 0) {
    deadline_ = now + options.send_timeout;
  } else if (turned_away_ && !is_parked()) {
    if (!request_began_) deadline_ = now + kTurnedAwayTimeout;
    request_began_ = true;
  } else if (stream_.in_handshake()) {
    deadline_ = now + options.request_timeout;
  } else if (is_idle()) {
    deadline_ = now + options.wait_interval;
  } else if (is_parked()) {
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
  if (is_idle() && stream_.queued_bytes() == 0) {
    pump();
    return;
  }
  if (is_parked() && stream_.queued_bytes() == 0) {
    ++server_.counters_.parked_timed_out;
    give_up_parked(state_ == State::kLater ? "It was not done in time; try again later."
                                           : "It was not known in time whether this is allowed.");
    return;
  }
  if (state_ != State::kLingering) ++server_.counters_.connections_timed_out;
  if (turned_away_ && state_ == State::kReading && !stream_.in_handshake()) {
    refuse(Response::error(503, kTooMany));
    flush();
  } else if (!is_ending() && parser_.in_request() && stream_.queued_bytes() == 0) {
    refuse(Response::error(408, "The request did not arrive in time."));
    flush();
  } else {
    server_.close(*this);
  }
}

void Connection::drain() {
  draining_ = true;
  switch (state_) {
    case State::kGated:
    case State::kLater:
      give_up_parked(kStopping);
      return;
    case State::kWaiting:
    case State::kWoken:
      end_waiting();
      return;
    case State::kReading:
      if (!parser_.in_request() && stream_.queued_bytes() == 0) server_.close(*this);
      return;
    case State::kStreaming:
    case State::kFollowing:
    case State::kFlushing:
    case State::kLingering:
      return;
  }
}

}  // namespace meshcheck::http
