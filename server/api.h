// The routes of the server: netchecker's and ours.
#pragma once

#include "lib/base/log.h"
#include "lib/http/router.h"
#include "lib/metrics/registry.h"
#include "mesh/report/record.h"
#include "server/history/history_api.h"
#include "server/parts.h"
#include "server/sla/sla_access.h"

namespace meshcheck::server {

// One a network thread, as its parser keeps buffers; the parts are shared.
// doc/reference/openapi.yaml is the description for users, doc/start/netchecker.md lists the
// differences from netchecker.
class Api {
 public:
  // `thread` is the network thread's; `sla` is null where there is no database.
  Api(Parts& parts, const metrics::Registry& registry, Log log, SlaDatabase* sla = nullptr,
      std::size_t thread = 0);

  const http::Router& router() const { return router_; }

 private:
  void add_sla_routes();
  HistoryAccess history_access() const;
  http::Response post_agent(http::Request& request);
  http::Response answer_mesh(const mesh::MeshTable::Sender& sender,
                             const mesh::ProbingReport& report, Now time);
  http::Response get_agents(const http::Request& request) const;
  http::Response get_agent(const http::Request& request) const;
  http::Response delete_agent(const http::Request& request);
  http::Response get_version() const;
  http::Response get_metrics(const http::Request& request) const;
  http::Response get_readyz() const;

  Parts& parts_;
  const metrics::Registry& registry_;
  const Log log_;
  const SlaAccess sla_;
  mesh::RecordParser parser_;
  http::Router router_;
};

}  // namespace meshcheck::server
