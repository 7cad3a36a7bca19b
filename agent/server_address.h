// Where the server is while its name does not resolve. An agent watches DNS, so it must not need
// DNS to report that DNS is down.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/ip_address.h"
#include "lib/base/log.h"

namespace meshcheck::agent {

// The variable in which Kubernetes tells a pod the address of the Service that `host` names, such
// as "MESHCHECK_SERVER_SERVICE_HOST" for "meshcheck-server.monitoring.svc". Empty if `host` is no
// name of a Service: an address, or a name of other domains.
std::string service_variable(std::string_view host);

// The address that answered last, or that of the Service while none has answered. The caller
// reports each look-up and each answer; reads no clock and no environment. One thread.
class ServerAddress {
 public:
  // `host`: of the endpoint. `service`: the Service's address in the environment at the start.
  ServerAddress(std::string host, std::optional<IpAddress> service, const Log& log);

  // A look-up of the name has ended. One that takes too long counts as not found.
  void looked_up(bool found);
  // The server took a request that was sent to this address.
  void answered(const IpAddress& address);

  // Where to send now without looking the name up; nothing while it resolves.
  std::optional<IpAddress> instead_of_name() const;

 private:
  std::string host_;
  Log log_;
  std::optional<IpAddress> address_;
  bool resolves_ = true;
};

}  // namespace meshcheck::agent
