// netchecker's counts and probes of agents, by the label that its metrics have.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/change_set.h"
#include "lib/base/time.h"
#include "mesh/report/record.h"
#include "server/agents/agent_changes.h"

namespace meshcheck::server {

// Pure. The label is made of the node and its network: several agents of a node may share one, and
// a restarted pod goes on with its predecessor's counts. A series lives as long as an agent is in
// it, so there are at most as many as agents. References stay valid until the last agent left.
class AgentSeries {
 public:
  struct Series {
    std::string label;
    std::uint64_t reports = 0;
    std::uint64_t errors = 0;
    std::size_t agents = 0;
    // The newest of its agents: the times of its first and of its last report.
    Clock::time_point newest_began;
    Clock::time_point newest_heard;
    std::vector<mesh::HttpProbe> probes;
  };
  // netchecker's counts under one label. The texts are the series'.
  struct View {
    std::string_view label;
    std::uint64_t reports = 0;
    std::uint64_t errors = 0;
    std::span<const mesh::HttpProbe> probes;
  };

  // `changes_max`: how many labels are noted for the database; 0: none.
  explicit AgentSeries(std::size_t changes_max) : changed_(changes_max) {}

  // An agent enters the series of its record, which is made if it is the first there.
  Series& join(const mesh::Record& record);
  void leave(Series& series);
  // Keeps the probes of the latest report, of an agent that `began` with its first.
  static void hear(Series& series, std::vector<mesh::HttpProbe>&& probes, Clock::time_point began,
                   Clock::time_point at);
  void count_report(Series& series);
  void count_missed_report(Series& series);
  // Sets the counts of before a restart. A label without agents is left out.
  void restore(std::string_view label, std::uint64_t reports, std::uint64_t errors);

  std::size_t size() const { return series_.size(); }
  // By label.
  void visit(const std::function<void(const View&)>& visitor) const;

  // Adds the changes since the last call, at most `rows_max` rows. To be followed by written() or
  // put_back().
  void take_changes(std::size_t rows_max, Changes& changes);
  void written(const Changes& changes) { changed_.written(changes.last_series); }
  void put_back() { changed_.put_back(); }

 private:
  std::map<std::string, Series, std::less<>> series_;
  ChangeSet<std::string> changed_;  // Labels, of series that are gone too.
};

}  // namespace meshcheck::server
