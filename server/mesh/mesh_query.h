// A user's question about the mesh: the queries of GET /api/v1/mesh and of GET /api/v1/mtu.
#pragma once

#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/http/message.h"
#include "mesh/table/mesh_table.h"

namespace meshcheck::server {

// Paths in one piece of an answer: about 250 KB with their sizes, and less than a millisecond with
// the lock.
inline constexpr std::size_t kPiecePaths = 256;

struct MeshQuery {
  std::optional<mesh::Layer> layer;
  std::optional<mesh::PathState> state;
  std::optional<mesh::Relation> relation;
  std::optional<mesh::PathFamily> family;
  std::optional<mesh::FragmentationClass> fragmentation_class;  // Of either direction.
  std::string node;                                             // At either end; empty for all.
  bool csv = false;

  bool matches(const mesh::PathView& path) const;
};

// An unknown key or value is an error that names it and the known ones.
Result<MeshQuery> parse_mesh_query(const http::Request& request);
Result<MeshQuery> parse_pmtu_query(const http::Request& request);

}  // namespace meshcheck::server
