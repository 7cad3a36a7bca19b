#include "server/mesh/mesh_query.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace meshcheck::server {
namespace {

constexpr std::array<std::string_view, 5> kMeshKeys = {"layer", "state", "relation", "node",
                                                       "format"};
constexpr std::array<std::string_view, 6> kMtuKeys = {"layer", "class",  "relation",
                                                      "node",  "family", "format"};
constexpr std::array<std::string_view, 2> kFormats = {"json", "csv"};
constexpr std::array kLayers = {mesh::Layer::kPod, mesh::Layer::kHost};
constexpr std::array kStates = {mesh::PathState::kUp, mesh::PathState::kDegraded,
                                mesh::PathState::kDown, mesh::PathState::kUnknown};
constexpr std::array kRelations = {mesh::Relation::kPeer, mesh::Relation::kTwin,
                                   mesh::Relation::kGateway, mesh::Relation::kTarget};
constexpr std::array kFamilies = {mesh::PathFamily::kIpv4, mesh::PathFamily::kIpv6};
using Class = mesh::FragmentationClass;
constexpr std::array kClasses = {Class::kUnknown,   Class::kClear,
                                 Class::kReduced,   Class::kReducedSignalled,
                                 Class::kBlackHole, Class::kFragmentsDropped,
                                 Class::kDown};

std::string_view word_of(std::string_view word) {
  return word;
}

template <typename Enum>
std::string_view word_of(Enum value) {
  return mesh::text(value);
}

template <typename Values>
std::string list(const Values& values) {
  std::string joined;
  for (const auto& value : values) {
    if (!joined.empty()) joined += ", ";
    joined += word_of(value);
  }
  return joined;
}

// One of `values`, or nothing if the key is not given.
template <typename Value, std::size_t kSize>
Result<std::optional<Value>> choice(const http::Request& request, std::string_view key,
                                    const std::array<Value, kSize>& values) {
  const std::string wanted = request.query_value(key);
  if (wanted.empty()) return std::optional<Value>();
  for (const Value& value : values) {
    if (word_of(value) == wanted) return std::optional<Value>(value);
  }
  return Error(std::string(key) + ": unknown value; allowed are " + list(values));
}

Result<void> check_keys(std::string_view query, std::span<const std::string_view> keys) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return Error("unknown key in the query; allowed are " + list(keys));
    }
  }
  return {};
}

// What both have.
Result<MeshQuery> parse_common(const http::Request& request) {
  MeshQuery query;
  const auto layer = choice(request, "layer", kLayers);
  if (!layer) return layer.error();
  query.layer = *layer;
  const auto relation = choice(request, "relation", kRelations);
  if (!relation) return relation.error();
  query.relation = *relation;
  const auto format = choice(request, "format", kFormats);
  if (!format) return format.error();
  query.csv = *format ? **format == "csv"
                      : request.header("Accept").find("text/csv") != std::string_view::npos;
  query.node = request.query_value("node");
  return query;
}

}  // namespace

bool MeshQuery::matches(const mesh::PathView& path) const {
  const mesh::MtuWays& ways = path.mtu_judgement.ways;
  return (!layer || path.from.layer == *layer) && (!state || path.judgement.state == *state) &&
         (!relation || path.row.relation == *relation) && (!family || path.row.family == *family) &&
         (!fragmentation_class || ways.forward.fragmentation_class == *fragmentation_class ||
          ways.backward.fragmentation_class == *fragmentation_class) &&
         (node.empty() || path.from_node == node || path.to_node == node);
}

Result<MeshQuery> parse_mesh_query(const http::Request& request) {
  if (auto checked = check_keys(request.query, kMeshKeys); !checked) return checked.error();
  auto query = parse_common(request);
  if (!query) return query.error();
  const auto state = choice(request, "state", kStates);
  if (!state) return state.error();
  query->state = *state;
  return query;
}

Result<MeshQuery> parse_mtu_query(const http::Request& request) {
  if (auto checked = check_keys(request.query, kMtuKeys); !checked) return checked.error();
  auto query = parse_common(request);
  if (!query) return query.error();
  const auto family = choice(request, "family", kFamilies);
  if (!family) return family.error();
  query->family = *family;
  const auto wanted = choice(request, "class", kClasses);
  if (!wanted) return wanted.error();
  query->fragmentation_class = *wanted;
  return query;
}

}  // namespace meshcheck::server
