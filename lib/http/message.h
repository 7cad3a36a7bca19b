// An HTTP request as a handler sees it, and the response that it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace meshcheck::http {

// kOther is every method that no route of ours can have.
enum class Method { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

std::string_view to_string(Method method);

// Names a request that waits, among all of its server's; never 0.
using Ticket = std::uint64_t;

// Valid during the handler's call. `body` has room for kBodyPadding more bytes behind its end,
// which simdjson reads and ignores.
struct Request {
  static constexpr std::size_t kBodyPadding = 64;

  Method method = Method::kOther;
  std::string target;  // As on the request line, e.g. "/api/v1/agents/a%20b?x=1".
  std::string path;    // Percent-decoded, without the query.
  std::string query;   // Not decoded, without '?'.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = false;
  bool chunks_allowed = false;  // The client knows chunked answers: it speaks HTTP/1.1.
  // The match of the route's `{...}` segment; empty if it has none.
  std::string_view parameter;
  // The common name of the client's certificate if the server asks for one; verified, else empty.
  std::string_view client_name;
  bool client_verified = false;  // The client showed a valid certificate, whatever its name.
  std::string principal;  // The sender, as the server's gate identified it; empty without a gate.
  Ticket ticket = 0;      // For a handler that answers later.

  // The first header of that name in any letter case, else empty.
  std::string_view header(std::string_view name) const;
  // The value of `?key=value`, percent-decoded; empty if absent.
  std::string query_value(std::string_view key) const;
  // Whether its Content-Type is application/json, which a browser sends for a foreign page only if
  // the server allows that, and ours never does.
  bool says_json() const;
};

// When a source is asked again after the piece that it has just appended.
enum class BodyStep {
  kMore,  // It is asked again as soon as that piece is with the kernel.
  kWait,  // It is asked again after Server::wake() or Server::Options::wait_interval.
  kEnd,   // Nothing follows.
};

// Makes a body piece by piece: appends the next piece, which may be empty. Called on the
// connection's loop when the piece before is with the kernel, so a slow reader costs one piece of
// memory. It may outlive the handler's call by minutes, or by days if it waits: it owns what it
// needs, or that outlives the server.
using BodySource = std::function<BodyStep(std::string& piece)>;

struct Response {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";  // A constant.
  std::string body;
  BodySource source;  // Instead of `body`.
  // Bytes that `source` makes, if known: the answer then has a Content-Length, and no chunks.
  std::optional<std::size_t> source_size = {};
  bool waits = false;  // `source` may say kWait. The connection then ends with this answer.
  std::vector<std::pair<std::string, std::string>> headers;
  // Never compressed: compression would change its size or could leak its secrets.
  bool as_is = false;
  bool close = false;    // Ask for the connection to end after this response.
  bool no_room = false;  // It is no_memory(), and counted as such.
  // All other fields are unused: Server::answer() brings the response, with the request's ticket.
  bool later = false;

  static Response json(std::string body, int status = 200);
  static Response answered_later();
  // 503 for want of memory.
  static Response no_memory();
  // A sentence for a person; a newline is added, as netchecker's errors have one.
  static Response error(int status, std::string_view message);
};

// "OK" for 200; "Unknown" for a status we never send.
std::string_view reason_phrase(int status);

// "a%20b" to "a b". A broken escape stands for itself.
std::string percent_decode(std::string_view text);

// How a response goes over its connection.
struct Framing {
  bool keep_alive = false;  // Never with a source and no chunks: its end is the connection's.
  bool head_only = false;
  bool chunked = false;
  bool sized = true;  // False: no Content-Length, for a head of what would be compressed still.
};

// Appends status line, headers, and the body unless `head_only`; a source's pieces follow by
// append_piece(). `date` is an HTTP date or empty.
void append_response(std::string& out, const Response& response, std::string_view date,
                     Framing framing);
// `last`: nothing follows.
void append_piece(std::string& out, std::string_view piece, Framing framing, bool last);

}  // namespace meshcheck::http
