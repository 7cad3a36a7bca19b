#include "lib/http/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "lib/base/text.h"

namespace meshcheck::http {
namespace {

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// RFC 9110 section 8.6: of a 304 it would be that of the 200.
bool may_have_length(int status) {
  return status != 204 && status != 304;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

}  // namespace

std::string_view to_string(Method method) {
  constexpr std::array<std::string_view, 7> kNames = {"GET",    "HEAD",    "POST", "PUT",
                                                      "DELETE", "OPTIONS", "OTHER"};
  return kNames[static_cast<std::size_t>(method)];
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (equals_ignoring_case(field, name)) return value;
  }
  return {};
}

std::string Request::query_value(std::string_view key) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != key) continue;
    return equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1));
  }
  return {};
}

bool Request::says_json() const {
  const std::string_view type = header("Content-Type");
  return equals_ignoring_case(trim(type.substr(0, type.find(';'))), "application/json");
}

Response Response::json(std::string body, int status) {
  return {.status = status,
          .content_type = "application/json",
          .body = std::move(body),
          .source = nullptr,
          .source_size = {},
          .waits = false,
          .headers = {},
          .as_is = false,
          .close = false};
}

Response Response::answered_later() {
  Response response;
  response.later = true;
  return response;
}

Response Response::no_memory() {
  Response response = error(503, "The server holds as much as it may; try again later.");
  response.no_room = true;
  return response;
}

Response Response::error(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.body = std::string(message) + "\n";
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return response;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
    if (low) {
      decoded += static_cast<char>(*high * 16 + *low);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

void append_response(std::string& out, const Response& response, std::string_view date,
                     Framing framing) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::size_t>(response.status));
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  if (!date.empty()) append_header(out, "Date", date);
  if (!response.body.empty() || response.source) {
    append_header(out, "Content-Type", response.content_type);
  }
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  if (!framing.keep_alive) append_header(out, "Connection", "close");
  if (response.source && !response.source_size) {
    if (framing.chunked) append_header(out, "Transfer-Encoding", "chunked");
  } else if (may_have_length(response.status) && framing.sized) {
    out += "Content-Length: ";
    append_number(out, response.source_size.value_or(response.body.size()));
    out += "\r\n";
  }
  out += "\r\n";
  if (!framing.head_only) out += response.body;
}

void append_piece(std::string& out, std::string_view piece, Framing framing, bool last) {
  if (!framing.chunked) {
    out += piece;
    return;
  }
  if (!piece.empty()) {  // A chunk of no bytes would be the end.
    std::array<char, 16> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
    out.append(digits.data(), end);
    out += "\r\n";
    out += piece;
    out += "\r\n";
  }
  if (last) out += "0\r\n\r\n";
}

}  // namespace meshcheck::http
