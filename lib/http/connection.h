// One client of the server.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

  void start(Position position);
  // Answers at once and ends: for a client that is one too many.
  void turn_away();
  // Ends it if its deadline has passed.
  void check_deadline(Clock::time_point now);
  // Has the source asked again if it waits.
  void wake();
  // Of the request that is parked: whether it is let in, and its answer if it waits for that.
  void decide(Admission admission);
  void answer_parked(Response response);
  // Ends it now if it waits for a request or its answer waits, else after the answer in progress.
  void drain();

  Position position() const { return position_; }
  Ticket ticket() const { return ticket_; }

 private:
  enum class State {
    kOpen,
    kFlushing,   // The last answer is being sent; what still comes in is thrown away.
    kLingering,  // All is sent, FIN too; waits for the client to read it and close.
  };
  void on_data(std::string_view bytes);
  void on_drained();
  // What came behind the request whose answer is under way: one read of it at most.
  void hold(std::string_view bytes);
  // Takes whole requests from the front of `bytes` until its answers are worth sending.
  void answer_requests(std::string_view& bytes);
  void answer();
  void park(bool admitted);
  void give_up_parked(std::string_view why);
  void go_on();
  // With the handler's answer, or the gate's.
  void answer_admitted(Admission admission);
  void respond(Response response);
  // Writes what the source makes until the reader is slower or others should have their turn.
  void pump();
  // on_drained() in the loop's next turn.
  void wait_for_turn();
  void end_source();
  void refuse(const Response& response);
  void flush();
  void finish();
  void set_deadline();
  void count(int status);

  Server& server_;
  Stream stream_;
  Position position_;
  RequestParser parser_;
  State state_ = State::kOpen;
  std::string unparsed_;  // Pipelined bytes that wait for a slow reader.
  std::string unsent_;    // Answers to what was in one read, sent together.
  BodySource source_;     // Of the answer under way.
  Framing source_framing_;
  Ticket ticket_ = 0;      // Of the request in the parser while it is parked; else 0.
  bool admitted_ = false;  // What is parked waits for its answer.
  Clock::time_point parked_until_;
  bool last_answer_ = false;  // That of a source which may wait: what the client sends is ignored.
  bool waiting_ = false;      // The source said so and was not asked since.
  bool woken_ = false;        // To be asked as soon as its reader has read.
  std::optional<uv::Timer> turn_;  // Made with the first source.
  Clock::time_point deadline_;
  bool request_began_ = false;
  bool draining_ = false;
};

}  // namespace meshcheck::http
