// Shared by all checks of the Kubernetes API: the client, and the agent's identity there.
#pragma once

#include <string>

#include "checks/kube/preflight.h"
#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/uv/loop.h"

namespace meshcheck::checks {

// Outlives the checks that are made with it; all that it refers to outlives it.
struct KubeContext {
  struct Identity {
    std::string agent_id;    // sla::agent_id() of the node.
    std::string name_space;  // Where objects are made.
    std::string node;        // Our own.
    // Our own, if there is one: it owns the objects made in its namespace, which are deleted with
    // it. Without a uid no object is owned.
    std::string pod_name = {};
    std::string pod_uid = {};
    // Of the pod that is to be scheduled, which is deleted before it has done anything.
    std::string image = "registry.k8s.io/pause:3.9";
  };
  KubeContext(kube::Client& kube_client, http::Client& http_client, Identity our_identity,
              KubePreflight::Options preflight_options = {})
      : loop(kube_client.loop()),
        client(kube_client),
        http(http_client),
        identity(std::move(our_identity)),
        preflight(kube_client, preflight_options) {}

  uv::Loop& loop;
  kube::Client& client;
  http::Client& http;  // For requests to others than the API: Prometheus.
  const Identity identity;
  KubePreflight preflight;
};

}  // namespace meshcheck::checks
