// From bytes to requests, within limits. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "lib/http/message.h"

namespace meshcheck::http {

// The limits of one request. A request beyond one is answered with the status beside it.
struct Limits {
  std::size_t target_size_max = 8 * 1024;    // 414
  std::size_t headers_size_max = 16 * 1024;  // 431, names and values together
  std::size_t headers_max = 100;             // 431
  std::size_t body_size_max = 1024 * 1024;   // 413
};

// Reads the requests of one connection, one after the other (RFC 9112), with llhttp in its strict
// mode. Pipelined requests stay in the caller's bytes until the one before was answered.
class RequestParser {
 public:
  enum class Step {
    kMore,  // All bytes are used; the request is not complete.
    // The headers are complete and a body follows: request() lacks the body, which the next calls
    // read.
    kHead,
    kRequest,  // request() is complete. The next call starts the next one.
    kRefused,  // refusal() says why. The connection has to end.
  };

  explicit RequestParser(const Limits& limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Uses bytes from the front of `bytes` and removes them from it.
  Step step(std::string_view& bytes);

  Request& request();
  const Response& refusal() const;
  // A request has begun and is not complete.
  bool in_request() const;
  // The client waits for "100 Continue" before it sends the body.
  bool wants_continue() const;
  // Bytes of the body, as the headers say; nothing if it comes in chunks.
  std::optional<std::size_t> announced() const;
  // Bytes of memory that the body takes, which grow as it arrives.
  std::size_t body_memory() const;
  // The request was answered: gives a large body's memory back.
  void forget_body();

 private:
  struct State;  // Keeps llhttp out of this header.
  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::http
