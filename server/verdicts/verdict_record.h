// A verdict for readers: in words, with times of the wall clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/time.h"
#include "mesh/verdict/verdict_tracker.h"

namespace meshcheck::server {

// Why a verdict is closed.
enum class Ending : std::uint8_t {
  kHealed,
  kMerged,   // Another verdict explains it.
  kRestart,  // Of the server, which does not know how the fault went on.
};
std::string_view text(Ending ending);  // "healed", "merged", "restart"
std::optional<Ending> ending_of(std::string_view text);

struct VerdictRecord {
  std::uint64_t id = 0;  // Larger than those of all verdicts before.
  WallTime opened;
  std::optional<WallTime> closed;
  Ending ending = Ending::kHealed;  // Once it is closed.
  std::string kind;
  verdict::Severity severity = verdict::Severity::kInfo;
  std::string layer;    // "pod", "host", "both"
  std::string subject;  // "n3", "n1 to n2", "n1 and n2", "all"
  std::string sentence;
  std::string next_command;
  std::string details;  // Members of a JSON object: `"since":...,"evidence":[...]`.

  static VerdictRecord of(const verdict::Verdict& verdict, Now now);
};

// Appends the object that doc/reference/openapi.yaml calls Verdict.
void append_json(std::string& out, const VerdictRecord& record);

}  // namespace meshcheck::server
