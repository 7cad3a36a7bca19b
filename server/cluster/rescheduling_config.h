// The flags of moving smoke-mini's pods.
#pragma once

#include <cstdint>
#include <string>

#include "lib/flags/flags.h"

namespace meshcheck::server {

struct ReschedulingConfig {
  std::string selector;         // Of StatefulSets and their objects; empty: no pod is moved.
  std::int64_t interval = 600;  // Seconds.
  std::string lease = "meshcheck-rescheduler";  // Of several servers its holder moves pods.

  void add_to(flags::Flags& flags) {
    flags.add("reschedule", selector,
              "label selector of StatefulSets, in the server's namespace, of which one moves to "
              "another node from time to time; needs -kubeproxyinit");
    flags.add("reschedule-interval", interval, {10, 86'400}, "seconds between two such moves");
    flags.add("reschedule-lease", lease,
              "name of the Lease, in the server's namespace, that lets one server at a time do so");
  }
};

}  // namespace meshcheck::server
