#include "server/mesh/mesh_query.h"

#include <array>
#include <span>
#include <string_view>

#include "lib/http/query.h"

namespace meshcheck::server {
namespace {

constexpr std::array<std::string_view, 5> kMeshKeys = {"layer", "state", "relation", "node",
                                                       "format"};
constexpr std::array<std::string_view, 6> kPmtuKeys = {"layer", "class",  "relation",
                                                       "node",  "family", "format"};
constexpr std::array<std::string_view, 2> kFormats = {"json", "csv"};
constexpr std::array kRelations = {mesh::Relation::kPeer, mesh::Relation::kTwin,
                                   mesh::Relation::kGateway, mesh::Relation::kTarget};
constexpr std::array kFamilies = {mesh::PathFamily::kIpv4, mesh::PathFamily::kIpv6};
using Class = mesh::FragmentationClass;
constexpr std::array kClasses = {Class::kUnknown,   Class::kClear,
                                 Class::kReduced,   Class::kReducedSignalled,
                                 Class::kBlackHole, Class::kFragmentsDropped,
                                 Class::kDown};

// What both have.
Result<MeshQuery> parse_common(const http::Request& request) {
  MeshQuery query;
  const auto layer = http::query_choice(request, "layer", mesh::kLayers);
  if (!layer) return layer.error();
  query.layer = *layer;
  const auto relation = http::query_choice(request, "relation", kRelations);
  if (!relation) return relation.error();
  query.relation = *relation;
  const auto format = http::query_choice(request, "format", std::span(kFormats));
  if (!format) return format.error();
  query.csv = *format ? kFormats[**format] == "csv"
                      : request.header("Accept").find("text/csv") != std::string_view::npos;
  query.node = request.query_value("node");
  return query;
}

}  // namespace

bool MeshQuery::matches(const mesh::PathView& path) const {
  const mesh::PmtuWays& ways = path.pmtu_judgement.ways;
  return (!layer || path.from.layer == *layer) && (!state || path.judgement.state == *state) &&
         (!relation || path.row.relation == *relation) && (!family || path.row.family == *family) &&
         (!fragmentation_class || ways.forward.fragmentation_class == *fragmentation_class ||
          ways.backward.fragmentation_class == *fragmentation_class) &&
         (node.empty() || path.from_node == node || path.to_node == node);
}

Result<MeshQuery> parse_mesh_query(const http::Request& request) {
  if (auto checked = http::check_query_keys(request, kMeshKeys); !checked) return checked.error();
  auto query = parse_common(request);
  if (!query) return query.error();
  const auto state = http::query_choice(request, "state", mesh::kPathStates);
  if (!state) return state.error();
  query->state = *state;
  return query;
}

Result<MeshQuery> parse_pmtu_query(const http::Request& request) {
  if (auto checked = http::check_query_keys(request, kPmtuKeys); !checked) return checked.error();
  auto query = parse_common(request);
  if (!query) return query.error();
  const auto family = http::query_choice(request, "family", kFamilies);
  if (!family) return family.error();
  query->family = *family;
  const auto wanted = http::query_choice(request, "class", kClasses);
  if (!wanted) return wanted.error();
  query->fragmentation_class = *wanted;
  return query;
}

}  // namespace meshcheck::server
