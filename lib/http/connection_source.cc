// How a connection sends an answer that a source makes piece by piece.
#include <algorithm>
#include <cassert>
#include <utility>

#include "lib/http/connection.h"
#include "lib/http/shared_body.h"

namespace meshcheck::http {
namespace {

// Pieces of a source in one turn of the loop. A quick reader takes them as fast as they are made,
// and all other connections wait meanwhile.
constexpr int kPiecesInTurnMax = 4;

}  // namespace

void Connection::pump() {
  if (is_idle()) state_ = State::kFollowing;
  for (int piece = 0; is_sending() && stream_.queued_bytes() == 0; ++piece) {
    if (piece == kPiecesInTurnMax) {
      wait_for_turn();
      return;
    }
    std::string bytes;
    const BodyStep step = source_(bytes);
    assert((step != BodyStep::kWait || state_ == State::kFollowing) &&
           "Response::waits was not said");
    const bool waits = step == BodyStep::kWait && !draining_ && !said_all_;
    const bool more = step == BodyStep::kMore || waits;
    if (gzip_) {
      std::string coded;
      gzip_->append(coded, bytes, !more);
      bytes = std::move(coded);
    }
    append_piece(unsent_, bytes, source_framing_, !more);
    if (waits) state_ = State::kWaiting;
    if (!more) end_source();
    flush();
  }
  // For the requests behind it. Not at once: many small answers would nest as deep.
  if (state_ == State::kReading && stream_.queued_bytes() == 0) wait_for_turn();
}

bool Connection::code(Response& response) {
  if (response.as_is || response.waits) return false;
  const bool is_coded =
      std::any_of(response.headers.begin(), response.headers.end(),
                  [](const auto& header) { return header.first == "Content-Encoding"; });
  if (!is_coded && !response.source && response.body.size() < kGzipMin) return false;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (is_coded || !accepts_gzip(parser_.request())) return false;
  const MemoryBudget* const memory = server_.options_.memory;
  if (response.source && memory != nullptr && memory->is_short_of(GzipStream::kMemory)) {
    return false;
  }
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.source_size.reset();
  const bool head_only = parser_.request().method == Method::kHead;
  if (!response.source && !head_only) response.body = gzip(response.body);
  return response.source != nullptr || head_only;
}

void Connection::cut_to_pieces(Response& response) {
  if (response.source || response.body.size() <= kPieceSize) return;
  source_held_ = response.body.capacity();
  response.source_size = response.body.size();
  response.source = pieces_of(std::exchange(response.body, {}));
}

void Connection::end_source() {
  source_ = nullptr;
  source_held_ = 0;
  gzip_.reset();
  server_.end_waiting(*this);
  state_ = !source_framing_.keep_alive || draining_ ? State::kFlushing : State::kReading;
}

void Connection::wake() {
  if (!is_idle()) return;
  state_ = State::kWoken;
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

}  // namespace meshcheck::http
