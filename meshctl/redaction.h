// Removes secrets and addresses from a report before it leaves the machine.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "lib/base/ip_address.h"

namespace meshcheck::meshctl {

inline constexpr std::string_view kRedacted = "REDACTED";

// One for a whole report, so that an address has one name in all its files.
class Redaction {
 public:
  struct Options {
    std::string token;  // Of this session; removed everywhere.
    bool addresses = false;
  };
  explicit Redaction(Options options) : options_(std::move(options)) {}

  // Removes the token; the values of JSON members, and of assignments as in "?token=", whose names
  // are a secret's or end with one; the word after "Bearer" and "Basic"; and the user in URLs. With
  // `addresses` each IP address, wherever it stands and also as in ip-10-0-0-1, but for loopback
  // and unspecified ones, becomes "address-1" and so on.
  std::string apply(std::string text);

 private:
  std::string without_addresses(std::string_view text);
  std::string name_of(const IpAddress& address);

  Options options_;
  std::map<IpAddress, std::string> names_;
};

}  // namespace meshcheck::meshctl
