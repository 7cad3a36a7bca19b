// Questions to the server, one after the other.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"
#include "lib/http/client.h"
#include "lib/uv/loop.h"
#include "meshctl/json.h"

namespace meshcheck::meshctl {

// An answer that is larger is an error.
inline constexpr std::size_t kAnswerSizeMax = std::size_t{256} << 20U;
// How often a question without an answer, or with a 503, is asked, and the pause between.
inline constexpr int kTries = 3;
inline constexpr std::chrono::milliseconds kPause{300};
inline constexpr std::chrono::milliseconds kRequestMin{500};

struct Answer {
  int status = 0;
  std::string body;
};

// Each call waits for its answer on a loop of its own. One thread.
class Session {
 public:
  struct Options {
    std::string url;                   // Without a slash at its end.
    std::optional<IpAddress> address;  // Of its host, if the name does not resolve here.
    std::string token;                 // A secret.
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
    std::chrono::milliseconds timeout{10'000};
    // Each request ends by then, but for kRequestMin that it always has.
    std::optional<Clock::time_point> deadline;
    int tries = kTries;
    bool progress = false;  // On stderr, after a second.
  };
  explicit Session(Options options);

  const std::string& url() const { return options_.url; }

  // One try without the token. Nothing if the server answers, with any status.
  std::optional<Error> knock(const std::string& path);

  // Returns an answer of any status but 401 and 403, which are errors.
  Result<Answer> get(const std::string& path);
  // As get(), but any status that is not 2xx is an error.
  Result<std::string> get_body(const std::string& path);
  Result<Json> get_json(const std::string& path);
  struct Change {
    std::string method;
    std::string path;
    std::string body;
  };
  // Not tried again; 2xx or an error.
  Result<std::string> send(const Change& change);

  // A stream of events. Goes on until `on_bytes` returns false or the time is up (nothing), or the
  // stream ends (why). 0: no such time.
  struct Stream {
    std::string last_id;
    std::chrono::milliseconds time{0};
    std::function<bool(std::string_view bytes)> on_bytes;
  };
  std::optional<Error> follow(const Stream& stream);

  // The deadline has passed.
  bool late() const;

 private:
  http::ClientRequest request(std::string method, const std::string& path) const;
  std::chrono::milliseconds time_left() const;
  http::Outcome fetch(http::ClientRequest request);

  Options options_;
  uv::Loop loop_;
  http::Client client_;
};

// Does nothing for that time.
void rest(std::chrono::milliseconds time);

// Of a TLS handshake: the peer answered with something that is no TLS; its certificate, or ours, is
// not taken.
bool speaks_no_tls(const Error& error);
bool is_of_certificate(const Error& error);

// "a%20b"
std::string query_escape(std::string_view text);

}  // namespace meshcheck::meshctl
