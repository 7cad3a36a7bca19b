#include "meshctl/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "lib/base/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::array<std::string_view, 9> kSecretKeys = {"token",  "key",           "password",
                                                         "secret", "authorization", "cookie",
                                                         "apikey", "passphrase",    "credentials"};
constexpr std::size_t kIpv6Max = 45;  // "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

char char_before(std::string_view text, std::size_t at) {
  return at == 0 ? ' ' : text[at - 1];
}

char char_at(std::string_view text, std::size_t at) {
  return at < text.size() ? text[at] : ' ';
}

void replace_all(std::string& text, const std::string& what) {
  if (what.empty()) return;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;
       at += kRedacted.size()) {
    text.replace(at, what.size(), kRedacted);
  }
}

// Where the JSON text that begins behind the quote at `begin` - 1 ends.
std::size_t end_of_text(std::string_view text, std::size_t begin) {
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return text.size();
}

// Also the last word of a longer key: access_token, client-secret, apiKey.
bool is_secret_key(std::string_view key) {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(), [&](std::string_view secret) {
    if (key.size() < secret.size()) return false;
    const std::size_t begin = key.size() - secret.size();
    if (!equals_ignoring_case(key.substr(begin), secret)) return false;
    const bool camel = key[begin] >= 'A' && key[begin] <= 'Z';
    return begin == 0 || !is_alphanumeric(key[begin - 1]) || camel;
  });
}

// "key": "value" with the value gone, for each key that is a secret's.
std::string without_secret_members(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t quote = 0; (quote = text.find('"', quote)) != std::string_view::npos;) {
    const std::size_t end = end_of_text(text, quote + 1);
    const std::string_view key = text.substr(quote + 1, end - quote - 1);
    std::size_t next = std::min(end + 1, text.size());
    if (is_secret_key(key)) {
      std::size_t value = next;
      while (value < text.size() && (is_space(text[value]) || text[value] == ':')) ++value;
      if (value > next && value < text.size() && text[value] == '"') {
        out += text.substr(done, value + 1 - done);
        out += kRedacted;
        done = end_of_text(text, value + 1);
        next = std::min(done + 1, text.size());
      }
    }
    quote = next;
  }
  return out += text.substr(std::min(done, text.size()));
}

// The word after "Bearer" or "Basic", in any case.
void replace_credentials(std::string& text, std::string_view scheme) {
  for (std::size_t at = 0; at + scheme.size() < text.size(); ++at) {
    if (!equals_ignoring_case(std::string_view(text).substr(at, scheme.size()), scheme) ||
        is_alphanumeric(char_before(text, at)) || text[at + scheme.size()] != ' ') {
      continue;
    }
    at = text.find_first_not_of(' ', at + scheme.size());
    if (at == std::string::npos) return;
    std::size_t end = at;
    while (end < text.size() && !is_space(text[end]) && text[end] != '"') ++end;
    text.replace(at, end - at, kRedacted);
  }
}

// "?token=word", and the same elsewhere: the value of an assignment to a name of a secret.
void replace_assigned(std::string& text) {
  constexpr std::string_view kAmpersand = "u0026";  // As JSON has it, behind a backslash.
  for (std::size_t at = 0; (at = text.find('=', at)) != std::string::npos; ++at) {
    std::size_t begin = at;
    while (begin > 0 &&
           (is_alphanumeric(text[begin - 1]) || text[begin - 1] == '_' || text[begin - 1] == '-')) {
      --begin;
    }
    std::string_view name = std::string_view(text).substr(begin, at - begin);
    if (char_before(text, begin) == '\\' && name.substr(0, kAmpersand.size()) == kAmpersand) {
      name.remove_prefix(kAmpersand.size());
    }
    if (!is_secret_key(name)) continue;
    std::size_t value = at + 1;
    if (char_at(text, value) == '\\') ++value;  // A quote within JSON.
    const bool quoted = char_at(text, value) == '"';
    if (quoted) ++value;
    const char* const ends = quoted ? "\"\\\n" : "&#\"'\\<> \t\r\n";
    const std::size_t end = std::min(text.find_first_of(ends, value), text.size());
    if (end > value) text.replace(value, end - value, kRedacted);
  }
}

// http://user:word@host
void replace_users(std::string& text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = text.find_first_of("/?#\" \n@", at);
    if (end == std::string::npos || text[end] != '@') continue;
    text.replace(at, end - at, kRedacted);
  }
}

struct Found {
  IpAddress address;
  std::size_t size = 0;  // Of its text.
};

std::optional<Found> address_of(std::string_view text, std::size_t size) {
  auto parsed = IpAddress::parse(text);
  if (!parsed) return std::nullopt;
  return Found{.address = *parsed, .size = size};
}

// Four numbers with `separator` between, and no fifth.
std::optional<Found> four_numbers(std::string_view text, std::size_t at, char separator) {
  const auto joins = [&](std::size_t i) {
    return char_at(text, i) == separator && is_digit(char_at(text, i + 1));
  };
  if (is_digit(char_before(text, at))) return std::nullopt;
  if (at >= 2 && text[at - 1] == separator && is_digit(text[at - 2])) return std::nullopt;
  std::size_t end = at;
  for (int separators = 0; is_digit(char_at(text, end)) || (separators < 3 && joins(end)); ++end) {
    if (text[end] == separator) ++separators;
  }
  if (joins(end) || end - at > std::string_view("255.255.255.255").size()) return std::nullopt;
  std::string dotted(text.substr(at, end - at));
  std::replace(dotted.begin(), dotted.end(), separator, '.');
  return address_of(dotted, end - at);
}

// 10.0.0.1, and 10-0-0-1 in names: ip-10-0-0-1, 10-0-0-1.default.pod
std::optional<Found> ipv4_at(std::string_view text, std::size_t at) {
  if (const auto dotted = four_numbers(text, at, '.')) return dotted;
  const auto dashed = four_numbers(text, at, '-');
  if (!dashed) return std::nullopt;
  const bool node = at >= 3 && equals_ignoring_case(text.substr(at - 3, 3), "ip-");
  const char before = char_before(text, at);
  const bool first = !is_alphanumeric(before) && before != '-' && before != '.';
  return node || (first && char_at(text, at + dashed->size) == '.') ? dashed : std::nullopt;
}

// The longest that ends where no letter or digit follows.
std::optional<Found> ipv6_at(std::string_view text, std::size_t at) {
  if (is_alphanumeric(char_before(text, at))) return std::nullopt;
  std::string_view run = text.substr(at, kIpv6Max);
  run = run.substr(0, std::min(run.find_first_not_of("0123456789abcdefABCDEF:."), run.size()));
  const auto colons = std::count(run.begin(), run.end(), ':');
  if (run.find("::") == std::string_view::npos && colons < 6) return std::nullopt;
  for (std::size_t size = run.size(); size >= 2; --size) {
    if (is_alphanumeric(char_at(text, at + size))) continue;
    if (auto found = address_of(run.substr(0, size), size)) return found;
  }
  return std::nullopt;
}

std::optional<Found> address_at(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == ':' || std::isxdigit(static_cast<unsigned char>(c)) != 0) {
    if (auto found = ipv6_at(text, at)) return found;
  }
  return is_digit(c) ? ipv4_at(text, at) : std::nullopt;
}

bool says_nothing(const IpAddress& address) {
  const auto bytes = address.bytes();
  return address.is_loopback() ||
         std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::string Redaction::apply(std::string text) {
  replace_all(text, options_.token);
  text = without_secret_members(text);
  replace_credentials(text, "Bearer");
  replace_credentials(text, "Basic");
  replace_assigned(text);
  replace_users(text);
  return options_.addresses ? without_addresses(text) : text;
}

std::string Redaction::without_addresses(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = address_at(text, at);
    if (!found) {
      out += text[at++];
      continue;
    }
    out += says_nothing(found->address) ? std::string(text.substr(at, found->size))
                                        : name_of(found->address);
    at += found->size;
  }
  return out;
}

std::string Redaction::name_of(const IpAddress& address) {
  return names_.emplace(address, "address-" + std::to_string(names_.size() + 1)).first->second;
}

}  // namespace meshcheck::meshctl
