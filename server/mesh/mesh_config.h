// The flags of the mesh: peers, probes and key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/result.h"
#include "lib/flags/flags.h"
#include "mesh/assignment/assignment.h"
#include "mesh/table/mesh.h"

namespace meshcheck::server {

struct MeshConfig {
  std::int64_t degree = 20;
  std::int64_t full_max = 50;
  std::int64_t epoch_seconds = 300;
  std::string key_file;
  bool unauthenticated = false;
  std::int64_t probe_interval_ms = 1000;
  std::int64_t probe_timeout_ms = 1000;
  std::int64_t report_interval_seconds = 0;
  mesh::TargetTexts target_texts;
  mesh::Targets targets;  // The same, once check() has read them.

  void add_to(flags::Flags& flags);
  // After the flags were parsed. The error begins with the flag.
  Result<void> check();
  // REQUIRES: check() succeeded.
  mesh::Mesh::Options options(double outdated_factor) const;
};

// The key from the flags: that of the file, empty for unauthenticated mode, or nothing if the key
// of the database or a new one is used.
Result<std::optional<std::string>> mesh_key_of(const MeshConfig& config);

}  // namespace meshcheck::server
