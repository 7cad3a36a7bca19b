#include "meshctl/session.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "lib/http/url.h"
#include "lib/uv/timer.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::size_t kSentenceMax = 300;
// The server says something each 15 s.
constexpr std::chrono::seconds kStreamIdle{40};
constexpr std::chrono::seconds kPatience{1};  // Before progress is shown.

std::string first_line(const std::string& body) {
  return printable(body.substr(0, std::min(body.find('\n'), kSentenceMax)));
}

Error refusal(const Answer& answer) {
  const std::string why = std::to_string(answer.status) + ": " + first_line(answer.body);
  if (answer.status == 401) return Error(why + " (give --token-file)");
  return Error(why);
}

bool is_good(int status) {
  return status >= 200 && status < 300;
}

// The seconds that pass, in a line that is wiped at the end.
class Progress {
 public:
  Progress(uv::Loop& loop, bool shown) : timer_(loop, [this] { tick(); }) {
    if (shown) timer_.start_repeating(kPatience);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (seconds_ != 0) std::fputs("\r\x1b[K", stderr);
  }

 private:
  void tick() {
    ++seconds_;
    std::fputs(("\rwaiting for the server, " + std::to_string(seconds_) + " s").c_str(), stderr);
  }

  int seconds_ = 0;
  uv::Timer timer_;
};

}  // namespace

Session::Session(Options options)
    : options_(std::move(options)),
      client_(loop_, {.connections_max = 1, .user_agent = "meshctl/" MESHCHECK_VERSION}) {}

http::ClientRequest Session::request(std::string method, const std::string& path) const {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = options_.url + path;
  request.address = options_.address;
  request.timeout = time_left();
  request.keep_alive = true;
  request.body_max = kAnswerSizeMax;
  request.ca_file = options_.ca_file;
  request.certificate_file = options_.certificate_file;
  request.key_file = options_.key_file;
  if (!options_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  }
  return request;
}

std::chrono::milliseconds Session::time_left() const {
  if (!options_.deadline) return options_.timeout;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(*options_.deadline - now().steady);
  return std::min(std::max(left, kRequestMin), options_.timeout);
}

bool Session::late() const {
  return options_.deadline && now().steady >= *options_.deadline;
}

http::Outcome Session::fetch(http::ClientRequest request) {
  http::Outcome result;
  const Progress progress(loop_, options_.progress);
  const http::Call call = client_.start(std::move(request), [&](http::Outcome outcome) {
    result = std::move(outcome);
    loop_.stop();
  });
  loop_.run();
  return result;
}

std::optional<Error> Session::knock(const std::string& path) {
  http::ClientRequest question = request("GET", path);
  question.headers.clear();  // The token.
  return fetch(std::move(question)).error;
}

Result<Answer> Session::get(const std::string& path) {
  std::optional<Error> error;
  for (int tried = 0; tried < options_.tries; ++tried) {
    if (tried != 0) rest(kPause);
    http::Outcome outcome = fetch(request("GET", path));
    error = outcome.error;
    Answer answer{.status = outcome.status, .body = std::move(outcome.body)};
    if (!error && answer.status != 503) {
      if (answer.status == 401 || answer.status == 403) return refusal(answer).within(url() + path);
      return answer;
    }
    if (!error) error = refusal(answer);
    if (outcome.timed_out || late()) break;  // Long enough.
  }
  return error->within(url() + path);
}

Result<std::string> Session::get_body(const std::string& path) {
  auto answer = get(path);
  if (!answer) return answer.error();
  if (!is_good(answer->status)) return refusal(*answer).within(url() + path);
  return std::move(answer->body);
}

Result<Json> Session::get_json(const std::string& path) {
  const auto body = get_body(path);
  if (!body) return body.error();
  auto json = parse_json(*body);
  if (!json) return json.error().within(url() + path);
  return json;
}

Result<std::string> Session::send(const Change& change) {
  http::ClientRequest question = request(change.method, change.path);
  if (!change.body.empty()) question.headers.emplace_back("Content-Type", "application/json");
  question.body = change.body;
  http::Outcome outcome = fetch(std::move(question));
  const std::string place = change.method + ' ' + url() + change.path;
  if (outcome.error) return outcome.error->within(place);
  if (!is_good(outcome.status)) {
    return refusal({.status = outcome.status, .body = outcome.body}).within(place);
  }
  return std::move(outcome.body);
}

std::optional<Error> Session::follow(const Stream& stream) {
  const std::string path = "/api/v1/events";
  http::ClientRequest question = request("GET", path);
  question.timeout = std::chrono::milliseconds(0);
  question.idle_timeout = kStreamIdle;
  if (!stream.last_id.empty()) question.headers.emplace_back("Last-Event-ID", stream.last_id);
  bool wanted = true;
  question.on_body = [&](std::string_view bytes) {
    wanted = wanted && stream.on_bytes(bytes);
    if (!wanted) loop_.stop();
  };
  uv::Timer end(loop_, [&] {
    wanted = false;
    loop_.stop();
  });
  if (stream.time.count() != 0) end.start(stream.time);
  std::optional<http::Outcome> outcome;
  {
    const http::Call call = client_.start(std::move(question), [&](http::Outcome result) {
      outcome = std::move(result);
      loop_.stop();
    });
    loop_.run();
  }
  if (!wanted || !outcome) return std::nullopt;
  if (outcome->error) return outcome->error->within(url() + path);
  if (is_good(outcome->status)) return Error("the server ended the stream").within(url() + path);
  return refusal({.status = outcome->status, .body = outcome->body}).within(url() + path);
}

void rest(std::chrono::milliseconds time) {
  uv::Loop loop;
  uv::Timer timer(loop, [&] { loop.stop(); });
  timer.start(time);
  loop.run();
}

bool speaks_no_tls(const Error& error) {
  return error.message().find("wrong version number") != std::string::npos;
}

bool is_of_certificate(const Error& error) {
  return error.message().find("certificate") != std::string::npos;
}

std::string query_escape(std::string_view text) {
  return http::escape_path_segment(text);
}

}  // namespace meshcheck::meshctl
