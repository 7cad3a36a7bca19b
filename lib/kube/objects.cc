#include "lib/kube/objects.h"

#include "lib/kube/field_reader.h"

namespace meshcheck::kube {
namespace {

using simdjson::dom::element;

Identity read_identity(const FieldReader& metadata) {
  Identity identity;
  identity.name_space = metadata.text("namespace");
  identity.name = metadata.required_text("name");
  identity.uid = metadata.text("uid");
  return identity;
}

std::optional<WallTime> read_time(const FieldReader& reader, std::string_view key) {
  const std::string text = reader.text(key);
  if (text.empty()) return std::nullopt;
  const auto time = parse_wall_time(text);
  if (!time) {
    reader.fail(key, "a time as in RFC 3339");
    return std::nullopt;
  }
  return *time;
}

// One that is there twice, as a single and in a list, is kept once.
void add_address(const FieldReader& reader, std::string_view key, const std::string& text,
                 std::vector<IpAddress>& addresses) {
  if (text.empty()) return;
  const auto address = IpAddress::parse(text);
  if (!address) {
    reader.fail(key, "an address");
    return;
  }
  for (const IpAddress& known : addresses) {
    if (known == *address) return;
  }
  addresses.push_back(*address);
}

std::string zone_of(const std::map<std::string, std::string>& labels) {
  for (const auto* key :
       {"topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"}) {
    const auto found = labels.find(key);
    if (found != labels.end() && !found->second.empty()) return found->second;
  }
  return {};
}

}  // namespace

Result<Metadata> decode_metadata(const element& object) {
  std::optional<Error> error;
  const FieldReader metadata = FieldReader(object, "", error).child("metadata");
  Metadata result;
  result.identity = read_identity(metadata);
  result.resource_version = metadata.required_text("resourceVersion");
  if (error) return *error;
  return result;
}

Result<std::string> decode_resource_version(const element& object) {
  std::optional<Error> error;
  std::string version =
      FieldReader(object, "", error).child("metadata").required_text("resourceVersion");
  if (error) return *error;
  return version;
}

template <>
Result<Pod> decode(const element& object) {
  std::optional<Error> error;
  const FieldReader root(object, "", error);
  const FieldReader metadata = root.child("metadata");
  const FieldReader spec = root.child("spec");
  const FieldReader status = root.child("status");
  Pod pod;
  pod.identity = read_identity(metadata);
  pod.labels = metadata.texts("labels");
  pod.terminating = metadata.has("deletionTimestamp");
  pod.node = spec.text("nodeName");
  pod.host_network = spec.flag("hostNetwork");
  pod.phase = status.text("phase");
  status.each_object("conditions", [&](const FieldReader& condition) {
    if (condition.text("type") == "Ready") pod.ready = condition.text("status") == "True";
  });
  add_address(status, "podIP", status.text("podIP"), pod.addresses);
  status.each_object("podIPs", [&](const FieldReader& item) {
    add_address(item, "ip", item.text("ip"), pod.addresses);
  });
  pod.started = read_time(status, "startTime");
  if (error) return *error;
  return pod;
}

template <>
Result<Node> decode(const element& object) {
  std::optional<Error> error;
  const FieldReader root(object, "", error);
  const FieldReader metadata = root.child("metadata");
  const FieldReader spec = root.child("spec");
  const FieldReader status = root.child("status");
  Node node;
  node.identity = read_identity(metadata);
  node.labels = metadata.texts("labels");
  node.zone = zone_of(node.labels);
  node.unschedulable = spec.flag("unschedulable");
  spec.each_object("taints", [&](const FieldReader& taint) {
    node.taints.push_back({taint.text("key"), taint.text("value"), taint.text("effect")});
  });
  spec.each_text("podCIDRs", [&](std::string_view cidr) { node.pod_cidrs.emplace_back(cidr); });
  if (node.pod_cidrs.empty() && spec.has("podCIDR")) node.pod_cidrs.push_back(spec.text("podCIDR"));
  status.each_object("conditions", [&](const FieldReader& condition) {
    if (condition.text("type") != "Ready") return;
    node.ready = condition.text("status") == "True";
    node.ready_reason = condition.text("reason");
    node.ready_since = read_time(condition, "lastTransitionTime");
  });
  status.each_object("addresses", [&](const FieldReader& address) {
    if (address.text("type") != "InternalIP") return;
    add_address(address, "address", address.text("address"), node.addresses);
  });
  if (error) return *error;
  return node;
}

template <>
Result<AnyObject> decode(const element& object) {
  std::optional<Error> error;
  AnyObject result;
  result.identity = read_identity(FieldReader(object, "", error).child("metadata"));
  if (error) return *error;
  result.json = simdjson::minify(object);
  return result;
}

}  // namespace meshcheck::kube
