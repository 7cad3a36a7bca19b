// One client of the server.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/http/content_coding.h"
#include "lib/http/request_parser.h"
#include "lib/http/server.h"
#include "lib/http/stream.h"
#include "lib/uv/timer.h"

namespace meshcheck::http {

// Owned by its Server, which it asks to be destroyed by close(): nothing may touch `this` after.
class Connection {
 public:
  using Position = std::list<std::unique_ptr<Connection>>::iterator;

  Connection(Server& server, Stream stream);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start(Position position);
  // For a client that is one too many: answers one request, with 503 unless its path is spared.
  void turn_away();
  bool turned_away() const { return turned_away_; }
  // Ends it if its deadline has passed.
  void check_deadline(Clock::time_point now);
  // Asks the source again if it waits.
  void wake();
  // For the parked request: the gate's decision, and the handler's answer.
  void decide(Admission admission);
  void answer_parked(Response response);
  // Ends it now if it waits for a request or its answer waits, else after the answer in progress.
  void drain();

  Position position() const { return position_; }
  Ticket ticket() const { return ticket_; }

 private:
  static constexpr std::string_view kStopping = "The server is stopping; try again.";
  static constexpr std::string_view kTooMany = "Too many connections; try again later.";

  // One request at a time; bytes behind it are held until it is answered.
  //
  // If a large body follows the headers, the gate is asked before it is read, in kReading too.
  //
  //   kReading -- a request --> kGated, if the gate asks --> kLater, if the handler takes its time
  //      ^                         |                            |
  //      |           the answer <--+----------------------------+   (both or either may be skipped)
  //      |               |
  //      +<-- whole -----+
  //      +<-- its end -- kStreaming <-- of a source --+
  //                                                   |
  //         kFollowing <-- of a source that may wait -+
  //          |  ^  |
  //          |  |  +-- nothing new --> kWaiting -- wake() --> kWoken
  //          |  +--- the wait is over ----+                      |
  //          |  +--- the reader has read all --------------------+
  //          v
  //      its end, or drain() in kWaiting and kWoken
  //
  // The last answer leads to kFlushing instead of kReading, and from there, when all is sent, to
  // kLingering. That is an answer of kFollowing, a refusal, an answer after which either side wants
  // to close, and any once the server drains. A connection that drains in kReading between two
  // requests is closed at once.
  //
  // A client that shuts down its writing side sends nothing more and may still read: `said_all_`.
  // Its requests are answered in the states above. But kReading is left for kFlushing as soon as
  // none of its bytes are left to parse, kFollowing where it would wait, and kLingering at once. A
  // client that is gone looks the same until a write to it fails or a deadline passes.
  enum class State {
    kReading,
    kGated,      // Until the gate lets the request in or refuses it.
    kLater,      // Until the handler answers.
    kStreaming,  // The source's pieces are sent; requests behind it are held.
    kFollowing,  // As kStreaming, from a source that may wait. It is the last answer.
    kWaiting,    // The source has nothing new.
    kWoken,      // The source is asked as soon as its reader has read.
    kFlushing,   // The last answer is being sent; incoming bytes are thrown away.
    kLingering,  // All is sent, FIN too; waits for the client to read it and close.
  };

  bool is_parked() const { return state_ == State::kGated || state_ == State::kLater; }
  // The source makes pieces.
  bool is_sending() const { return state_ == State::kStreaming || state_ == State::kFollowing; }
  // The source had nothing when it was asked last.
  bool is_idle() const { return state_ == State::kWaiting || state_ == State::kWoken; }
  bool is_ending() const { return state_ == State::kFlushing || state_ == State::kLingering; }

  void on_data(std::string_view bytes);
  bool is_spared(std::string_view path) const;
  void on_end(const std::optional<Error>& error);
  // Goes to kFlushing if `said_all_` and all requests are answered.
  void end_if_answered();
  void take(std::string_view bytes);
  void on_drained();
  // Keeps bytes that came behind the request whose answer is under way: at most one read.
  void hold(std::string_view bytes);
  // Takes whole requests from the front of `bytes` until its answers are worth sending.
  void answer_requests(std::string_view& bytes);
  // The headers are complete: asks the gate before any of a large body is read.
  void meet();
  void answer();
  // Nothing: the request is parked, or was refused for lack of room.
  std::optional<Admission> ask_gate();
  // Waits in the server's list, in kGated or kLater.
  void park(State where);
  // REQUIRES: kGated or kLater. The request is the connection's again.
  void unpark();
  void give_up_parked(std::string_view why);
  void go_on();
  // With the handler's answer, or the gate's.
  void answer_admitted(Admission admission);
  void respond(Response response);
  // Compresses the body if the client takes gzip, and says so in the headers. True: what follows
  // the head would be compressed still, which is a source's pieces, or the body that HEAD does not
  // get.
  bool code(Response& response);
  // Makes a large body a source of pieces, so that no second copy waits to be written.
  void cut_to_pieces(Response& response);
  // Writes the source's pieces until the reader is slower or other connections should have their
  // turn.
  void pump();
  // on_drained() in the loop's next turn.
  void wait_for_turn();
  void end_source();
  // REQUIRES: kWaiting or kWoken. Ends the answer where it is.
  void end_waiting();
  void refuse(const Response& response);
  void flush();
  void finish();
  void set_deadline();
  void count(const Response& response);
  // Reports to the budget how much the connection holds.
  void charge();
  // Refuses a request whose body has grown while there is no room for it.
  void check_room();

  Server& server_;
  Stream stream_;
  Position position_;
  RequestParser parser_;
  State state_ = State::kReading;
  std::string unparsed_;  // Pipelined bytes that wait for a slow reader.
  std::string unsent_;    // Answers to the requests of one read, sent together.
  BodySource source_;     // Of the answer under way.
  Framing source_framing_;
  std::size_t source_held_ = 0;     // Bytes of a body that it has to send.
  std::optional<GzipStream> gzip_;  // That the source's pieces go through.
  Ticket ticket_ = 0;               // Of the request in the parser while it is parked; else 0.
  Clock::time_point parked_until_;
  std::optional<uv::Timer> turn_;  // Made with the first source.
  Clock::time_point deadline_;
  std::optional<Admission> admission_;  // Of the request whose body is read.
  std::size_t charged_ = 0;             // Bytes, as last reported to the budget.
  bool request_began_ = false;          // The deadline is that of the request in the parser.
  bool draining_ = false;               // Every answer from now on is the last.
  bool turned_away_ = false;
  bool said_all_ = false;  // The client sends nothing more.
};

}  // namespace meshcheck::http
