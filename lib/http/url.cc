#include "lib/http/url.h"

namespace meshcheck::http {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";
constexpr std::string_view kBlanks = " \t\r\n";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::string escape_path_segment(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (is_unreserved(c)) {
      escaped += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    escaped += '%';
    escaped += kHexDigits[byte >> 4U];
    escaped += kHexDigits[byte & 0xFU];
  }
  return escaped;
}

std::string with_scheme(std::string_view url) {
  const std::size_t authority = url.find("://");
  const bool has_scheme = authority != std::string_view::npos && url.find('/') > authority;
  return has_scheme ? std::string(url) : "http://" + std::string(url);
}

std::string host_of_endpoint(std::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return "";
  const std::string_view host = endpoint.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    return std::string(host.substr(1, host.size() - 2));
  }
  return host.find_first_of(":[]") == std::string_view::npos ? std::string(host) : "";
}

std::vector<std::string> split_url_list(std::string_view list, std::size_t parts_max) {
  std::vector<std::string> parts;
  while (!list.empty() && parts.size() < parts_max) {
    const std::size_t end = list.find_first_of(",;");
    const std::string_view part = trimmed(list.substr(0, end));
    if (!part.empty()) parts.emplace_back(part);
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return parts;
}

}  // namespace meshcheck::http
