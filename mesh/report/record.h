// A report as the server keeps it: checked, and printed as netchecker prints it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "mesh/report/http_probe.h"
#include "mesh/report/name.h"
#include "mesh/report/probing_report.h"

namespace meshcheck::mesh {

// The size of a report without its padding...
inline constexpr std::size_t kReportSizeMax = 720 * 1024;
// ... and also without the tables of `mesh`.
inline constexpr std::size_t kRecordSizeMax = 64 * 1024;
inline constexpr std::size_t kProbesMax = 64;
inline constexpr std::size_t kProbeUrlSizeMax = 2048;
inline constexpr std::int64_t kReportIntervalMax = 24 * 60 * 60;  // Seconds.
inline constexpr std::size_t kNestingMax = 32;

struct Record {
  std::string podname;
  std::string nodename;
  std::int64_t report_interval = 0;  // Seconds, 1 to kReportIntervalMax.
  std::string hostdate;              // The agent's own clock, RFC 3339; Go's zero time if absent.
  std::string last_updated;          // As in the report; the server's own time replaces it.
  std::vector<HttpProbe> probes;
  std::optional<ProbingReport> mesh;  // Of an agent that probes.
  // The record's JSON in netchecker's key order, cut where the value of `last_updated` goes.
  std::string json_head;
  std::string json_tail;

  std::string json(WallTime updated) const;
};

// Reads reports as Go's encoding/json does for netchecker: keys in any letter case, the last of
// several wins, unknown keys are dropped, null leaves the zero value. Stricter than Go: a body that
// is not all JSON, not UTF-8, nested deeper than kNestingMax or over a bound above is an error.
// Keeps its buffers from report to report; one thread at a time.
class RecordParser {
 public:
  RecordParser();
  ~RecordParser();
  RecordParser(const RecordParser&) = delete;
  RecordParser& operator=(const RecordParser&) = delete;

  // `body` is changed; its capacity exceeds its size by 64 at least. `name` is the agent's name in
  // the request's path; a report of another pod is an error. The error begins as netchecker's does
  // and continues in Go's words where those are known.
  Result<Record> parse(std::string& body, std::string_view name);

 private:
  struct State;  // Keeps simdjson out of this header.
  std::unique_ptr<State> state_;
};

}  // namespace meshcheck::mesh
