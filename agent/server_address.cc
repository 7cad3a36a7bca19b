#include "agent/server_address.h"

#include <utility>

namespace meshcheck::agent {
namespace {

// The names of Services have small ASCII letters, digits and hyphens.
char in_variable(char c) {
  if (c == '-') return '_';
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string service_variable(std::string_view host) {
  if (host.empty() || IpAddress::parse(host)) return {};
  const auto dot = host.find('.');
  const std::string_view service = host.substr(0, dot);
  // NAME, NAME.NAMESPACE.svc and NAME.NAMESPACE.svc.DOMAIN; others may be of anybody's domain.
  const bool of_cluster = dot == std::string_view::npos || host.ends_with(".svc") ||
                          host.find(".svc.") != std::string_view::npos;
  if (!of_cluster || service.empty()) return {};
  std::string variable;
  for (const char c : service) variable += in_variable(c);
  return variable + "_SERVICE_HOST";
}

ServerAddress::ServerAddress(std::string host, std::optional<IpAddress> service, const Log& log)
    : host_(std::move(host)), log_(log), address_(service) {}

void ServerAddress::looked_up(bool found) {
  if (found == resolves_) return;
  resolves_ = found;
  if (found) {
    log_.info("the server's name resolves again", {{"name", host_}});
  } else if (address_) {
    log_.warning("the server's name does not resolve; reports go to its last address",
                 {{"name", host_}, {"address", address_->text()}});
  }
}

void ServerAddress::answered(const IpAddress& address) {
  address_ = address;
}

std::optional<IpAddress> ServerAddress::instead_of_name() const {
  return resolves_ ? std::nullopt : address_;
}

}  // namespace meshcheck::agent
