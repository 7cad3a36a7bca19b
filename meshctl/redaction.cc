#include "meshctl/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "lib/base/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::array<std::string_view, 6> kSecretKeys = {"token",  "key",           "password",
                                                         "secret", "authorization", "cookie"};

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// A word of these may hold an address.
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ':' || c == '-';
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

bool is_secret_key(std::string_view key) {
  return std::any_of(kSecretKeys.begin(), kSecretKeys.end(),
                     [&](std::string_view secret) { return equals_ignoring_case(key, secret); });
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

void replace_bearers(std::string& text) {
  constexpr std::string_view kWord = "Bearer ";
  for (std::size_t at = 0; (at = text.find(kWord, at)) != std::string::npos;) {
    at += kWord.size();
    std::size_t end = at;
    while (end < text.size() && !is_space(text[end]) && text[end] != '"') ++end;
    text.replace(at, end - at, kRedacted);
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

std::optional<IpAddress> address_of(std::string_view text) {
  auto parsed = IpAddress::parse(text);
  if (!parsed) return std::nullopt;
  return *parsed;
}

}  // namespace

std::string Redaction::apply(std::string text) {
  replace_all(text, options_.token);
  text = without_secret_members(text);
  replace_bearers(text);
  replace_users(text);
  return options_.addresses ? without_addresses(text) : text;
}

std::string Redaction::without_addresses(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == at) {
      out += text[at++];
      continue;
    }
    out += without_address(text.substr(at, end - at));
    at = end;
  }
  return out;
}

std::string Redaction::without_address(std::string_view word) {
  constexpr std::string_view kNode = "ip-";
  if (const auto address = address_of(word)) return name_of(*address);
  // ip-10-0-0-1.ec2.internal
  if (word.substr(0, kNode.size()) == kNode) {
    const std::size_t end =
        std::min(word.find_first_not_of("0123456789-", kNode.size()), word.size());
    std::string dotted(word.substr(kNode.size(), end - kNode.size()));
    std::replace(dotted.begin(), dotted.end(), '-', '.');
    if (const auto address = address_of(dotted)) {
      return "ip-" + name_of(*address) + std::string(word.substr(end));
    }
  }
  // 10.0.0.1:8081, "at 10.0.0.1." and "10.0.0.1:"
  const std::size_t end = word.find_last_of(":.");
  if (end != std::string_view::npos && end != 0) {
    if (const auto address = address_of(word.substr(0, end))) {
      return name_of(*address) + std::string(word.substr(end));
    }
  }
  return std::string(word);
}

std::string Redaction::name_of(const IpAddress& address) {
  if (address.is_loopback() || address == IpAddress()) return address.text();
  return names_.emplace(address, "address-" + std::to_string(names_.size() + 1)).first->second;
}

}  // namespace meshcheck::meshctl
