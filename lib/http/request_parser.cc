#include "lib/http/request_parser.h"

#include <llhttp.h>

#include <algorithm>
#include <cassert>
#include <optional>

#include "lib/base/text.h"

namespace meshcheck::http {
namespace {

// Bytes of a body's memory that the next request on the connection may have too.
constexpr std::size_t kKeptMax = 64 * 1024;

constexpr std::string_view kVersions = "The versions understood are HTTP/1.0 and HTTP/1.1.";

Method method_of(const llhttp_t& parser) {
  switch (llhttp_get_method(const_cast<llhttp_t*>(&parser))) {
    case HTTP_GET:
      return Method::kGet;
    case HTTP_HEAD:
      return Method::kHead;
    case HTTP_POST:
      return Method::kPost;
    case HTTP_PUT:
      return Method::kPut;
    case HTTP_DELETE:
      return Method::kDelete;
    case HTTP_OPTIONS:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

constexpr std::string_view kBlanks = " \t";  // OWS of RFC 9110.

void trim(std::string& text) {
  text.erase(text.find_last_not_of(kBlanks) + 1);
  text.erase(0, text.find_first_not_of(kBlanks));
}

// "http://host/path" as "/path" (RFC 9112 section 3.2.2): the server has one host, whatever it is
// called. No more is asked of the authority than that it is there.
std::string_view origin_form(std::string_view target) {
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos || target.find('/') < scheme_end) return target;
  const std::string_view rest = target.substr(scheme_end + 3);
  const auto path = rest.find_first_of("/?");
  return path == std::string_view::npos ? "/" : rest.substr(path);
}

void split_target(Request& request) {
  const std::string_view target = origin_form(request.target);
  const auto question = target.find('?');
  const std::string_view path = target.substr(0, question);
  if (path.find('%') == std::string_view::npos) {
    request.path.assign(path);
  } else {
    request.path = percent_decode(path);
  }
  if (request.path.empty()) request.path = "/";
  request.query.assign(question == std::string_view::npos ? "" : target.substr(question + 1));
}

}  // namespace

// Callbacks return 0 to go on, HPE_PAUSED to stop behind the byte just read, or HPE_USER with
// `refusal` set.
struct RequestParser::State {
  explicit State(const Limits& request_limits) : limits(request_limits) {
    llhttp_init(&parser, HTTP_REQUEST, &settings());
    parser.data = this;
  }

  static State& of(llhttp_t* parser) { return *static_cast<State*>(parser->data); }

  int refuse(int status, std::string_view message) {
    refusal = Response::error(status, message);
    refused = true;
    return HPE_USER;
  }

  int on_begin() {
    // Cleared, not replaced: the next request uses the same memory.
    request.target.clear();
    request.path.clear();
    request.query.clear();
    request.body.clear();
    headers_count = 0;
    headers_size = 0;
    in_value = true;
    in_request = true;
    in_line = true;
    wants_continue = false;
    return 0;
  }

  int on_target(std::string_view bytes) {
    if (request.target.size() + bytes.size() > limits.target_size_max) {
      return refuse(414, "The request's target is too long.");
    }
    request.target += bytes;
    return 0;
  }

  int on_target_complete() {
    if (parser.http_major != 0 || parser.http_minor != 9) return 0;
    return refuse(505, kVersions);
  }

  // A line that ends without a version is a whole request of HTTP/0.9, whose client sends no more.
  // llhttp wants a byte of the next line to see that.
  bool ends_without_version(std::string_view bytes) const {
    return in_request && in_line && !request.target.empty() && bytes.ends_with('\n');
  }

  int on_version_complete() {
    in_line = false;
    return parser.http_major == 1 ? 0 : refuse(505, kVersions);
  }

  int on_field(std::string_view bytes) {
    if (in_value) {
      in_value = false;
      if (++headers_count > limits.headers_max) return refuse(431, "Too many headers.");
      if (request.headers.size() < headers_count) request.headers.emplace_back();
      request.headers[headers_count - 1].first.clear();
      request.headers[headers_count - 1].second.clear();
    }
    return append_header_bytes(request.headers[headers_count - 1].first, bytes);
  }

  int on_value(std::string_view bytes) {
    in_value = true;
    return append_header_bytes(request.headers[headers_count - 1].second, bytes);
  }

  int append_header_bytes(std::string& text, std::string_view bytes) {
    headers_size += bytes.size();
    if (headers_size > limits.headers_size_max) return refuse(431, "The headers are too large.");
    text += bytes;
    return 0;
  }

  int on_headers_complete() {
    request.headers.resize(headers_count);
    // A chunked body's trailer is read as headers too, and is not to be mistaken for them.
    headers_kept = headers_count;
    std::size_t hosts = 0;
    for (auto& [name, value] : request.headers) {
      trim(value);
      if (equals_ignoring_case(name, "Host")) ++hosts;
    }
    if (hosts > 1) return refuse(400, "The request has more than one Host header.");
    if (hosts == 0 && parser.http_minor != 0) {
      return refuse(400, "The request has no Host header.");
    }
    request.method = method_of(parser);
    split_target(request);
    if ((parser.flags & F_CONTENT_LENGTH) != 0 && parser.content_length > limits.body_size_max) {
      return refuse_body();
    }
    const std::string_view expect = request.header("Expect");
    if (!expect.empty() && !equals_ignoring_case(expect, "100-continue")) {
      return refuse(417, "The only expectation understood is 100-continue.");
    }
    wants_continue = !expect.empty();
    const bool counted = (parser.flags & F_CONTENT_LENGTH) != 0;
    announced = counted ? parser.content_length : 0;
    if (announced == 0 && (parser.flags & F_CHUNKED) == 0 && !wants_continue) return 0;
    head_complete = true;
    return HPE_PAUSED;
  }

  int on_body(std::string_view bytes) {
    if (request.body.size() + bytes.size() > limits.body_size_max) return refuse_body();
    // What is announced costs the client nothing, so only a little is believed.
    if (request.body.empty()) {
      request.body.reserve(std::min(announced, kKeptMax) + Request::kBodyPadding);
    }
    request.body += bytes;
    return 0;
  }

  int refuse_body() {
    return refuse(413, "The request's body is larger than " + std::to_string(limits.body_size_max) +
                           " bytes.");
  }

  int on_complete() {
    request.keep_alive = llhttp_should_keep_alive(&parser) != 0 && parser.upgrade == 0;
    request.chunks_allowed =
        parser.http_major > 1 || (parser.http_major == 1 && parser.http_minor >= 1);
    request.headers.resize(headers_kept);
    request.body.reserve(request.body.size() + Request::kBodyPadding);
    in_request = false;
    complete = true;
    return HPE_PAUSED;
  }

  template <int (State::*Callback)(std::string_view)>
  static int with_bytes(llhttp_t* parser, const char* bytes, std::size_t size) noexcept {
    return (of(parser).*Callback)({bytes, size});
  }
  template <int (State::*Callback)()>
  static int without_bytes(llhttp_t* parser) noexcept {
    return (of(parser).*Callback)();
  }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t instance = [] {
      llhttp_settings_t callbacks;
      llhttp_settings_init(&callbacks);
      callbacks.on_message_begin = without_bytes<&State::on_begin>;
      callbacks.on_url = with_bytes<&State::on_target>;
      callbacks.on_url_complete = without_bytes<&State::on_target_complete>;
      callbacks.on_version_complete = without_bytes<&State::on_version_complete>;
      callbacks.on_header_field = with_bytes<&State::on_field>;
      callbacks.on_header_value = with_bytes<&State::on_value>;
      callbacks.on_headers_complete = without_bytes<&State::on_headers_complete>;
      callbacks.on_body = with_bytes<&State::on_body>;
      callbacks.on_message_complete = without_bytes<&State::on_complete>;
      return callbacks;
    }();
    return instance;
  }

  const Limits limits;
  llhttp_t parser{};
  Request request;
  Response refusal;
  std::size_t headers_count = 0;
  std::size_t headers_kept = 0;
  std::size_t headers_size = 0;
  std::size_t announced = 0;  // Bytes of the body; 0: nobody said.
  bool in_value = true;
  bool in_request = false;
  bool in_line = false;  // The request line is not complete.
  bool wants_continue = false;
  bool head_complete = false;
  bool complete = false;
  bool refused = false;
};

RequestParser::RequestParser(const Limits& limits) : state_(std::make_unique<State>(limits)) {}

RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::step(std::string_view& bytes) {
  State& state = *state_;
  state.complete = false;
  state.head_complete = false;
  const llhttp_errno_t status = llhttp_execute(&state.parser, bytes.data(), bytes.size());
  if (status == HPE_OK && state.ends_without_version(bytes)) {
    static_cast<void>(state.refuse(505, kVersions));
    return Step::kRefused;
  }
  if (status == HPE_OK) {
    bytes = {};
    return Step::kMore;
  }
  if (status == HPE_PAUSED || status == HPE_PAUSED_UPGRADE) {
    const char* const position = llhttp_get_error_pos(&state.parser);
    bytes.remove_prefix(static_cast<std::size_t>(position - bytes.data()));
    if (status == HPE_PAUSED) {
      llhttp_resume(&state.parser);
    } else {
      llhttp_resume_after_upgrade(&state.parser);
    }
    if (state.complete) return Step::kRequest;
    assert(state.head_complete);
    return Step::kHead;
  }
  if (!state.refused) {
    if (status == HPE_INVALID_VERSION) {
      state.refusal = Response::error(505, kVersions);
      return Step::kRefused;
    }
    const char* const reason = llhttp_get_error_reason(&state.parser);
    state.refusal = Response::error(
        400, std::string("Not a valid HTTP request: ") + (reason == nullptr ? "" : reason) + ".");
  }
  return Step::kRefused;
}

Request& RequestParser::request() {
  return state_->request;
}

const Response& RequestParser::refusal() const {
  return state_->refusal;
}

bool RequestParser::in_request() const {
  return state_->in_request;
}

bool RequestParser::wants_continue() const {
  return state_->wants_continue;
}

std::optional<std::size_t> RequestParser::announced() const {
  if ((state_->parser.flags & F_CHUNKED) != 0) return std::nullopt;
  return state_->announced;
}

std::size_t RequestParser::body_memory() const {
  return state_->request.body.capacity();
}

void RequestParser::forget_body() {
  std::string& body = state_->request.body;
  // Assigning an empty one would keep the memory.
  if (body.capacity() > kKeptMax + Request::kBodyPadding) std::string().swap(body);
}

}  // namespace meshcheck::http
