// The fields of pods and nodes that the server uses, and any other object as its JSON.
#pragma once

#include <simdjson.h>

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/base/result.h"
#include "lib/base/time.h"

namespace meshcheck::kube {

// Another object of the same name has another uid.
struct Identity {
  std::string name_space;  // Empty for nodes.
  std::string name;
  std::string uid;

  friend auto operator<=>(const Identity&, const Identity&) = default;
};

struct Metadata {
  Identity identity;
  std::string resource_version;  // Opaque: to be compared for equality only.
};

struct Pod {
  Identity identity;
  std::string node;  // Empty until it is scheduled.
  std::map<std::string, std::string> labels;
  std::string phase;  // "Pending", "Running", "Succeeded", "Failed", "Unknown"
  bool ready = false;
  bool terminating = false;  // Its deletion was requested.
  bool host_network = false;
  std::vector<IpAddress> addresses;
  std::optional<WallTime> started;  // When its node took it up.
};

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // "NoSchedule", "PreferNoSchedule", "NoExecute"

  friend bool operator==(const Taint&, const Taint&) = default;
};

struct Node {
  Identity identity;
  bool ready = false;                   // Its condition `Ready` is `True`.
  std::string ready_reason;             // "KubeletReady", "KubeletNotReady", "NodeStatusUnknown"
  std::optional<WallTime> ready_since;  // Since it is as it is.
  bool unschedulable = false;           // Cordoned.
  std::vector<Taint> taints;
  std::string zone;
  std::map<std::string, std::string> labels;
  std::vector<IpAddress> addresses;    // Internal ones.
  std::vector<std::string> pod_cidrs;  // "10.244.1.0/24"
};

// For objects without a type here, such as custom resources.
struct AnyObject {
  Identity identity;
  std::string json;  // Without needless blanks.
};

// The error names the key; unknown keys are left out.
Result<Metadata> decode_metadata(const simdjson::dom::element& object);
// A bookmark has nothing else.
Result<std::string> decode_resource_version(const simdjson::dom::element& object);

template <typename Object>
Result<Object> decode(const simdjson::dom::element& object);
template <>
Result<Pod> decode(const simdjson::dom::element& object);
template <>
Result<Node> decode(const simdjson::dom::element& object);
template <>
Result<AnyObject> decode(const simdjson::dom::element& object);

}  // namespace meshcheck::kube
