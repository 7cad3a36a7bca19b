// The smallest set of subjects that explains the failures between nodes: greedy weighted set cover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mesh/verdict/explanation.h"
#include "mesh/verdict/finding.h"
#include "mesh/verdict/tallies.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// A subject is a candidate if nearly all of its observations are bad and enough others agree. The
// candidate that explains the most is taken, until no bad observation or no candidate is left. A
// fault of hosts covers the pods on them. The rest are faults of pairs of nodes. Counts are kept as
// observations are added, so rating a candidate does not visit paths; only bad observations are
// stored. One diagnosis, one signal: made, filled, asked once.
class Cover {
 public:
  struct Rules {
    // Whether each observation is of one way only, so that out and in are counted apart.
    bool directed = false;
    double node_share = 0.75;
    double zone_share = 0.6;
    double all_share = 0.95;
    std::uint32_t witnesses_min = 3;
    // The share of observations that are bad by chance; a subject needs more than that makes
    // likely. 0: none.
    double chance = 0;
    // A node is partly cut off if at least this many of its pairs fail, and this share of its
    // observations.
    std::uint32_t partial_pairs_min = 4;
    double partial_share = 0.15;
    // A younger failure may be the beginning of a larger fault, and is not reported as a pair's.
    Clock::duration settle{};
    std::size_t subjects_max = 64;
    std::size_t pairs_max = 32;
  };

  // `suspects`: by node, whether all of its agents are silent, so that one witness is enough.
  Cover(const View& view, std::span<const std::uint8_t> suspects, const Rules& rules);

  void add_good(const Observation& seen) { tallies_.add(seen, false); }
  void add_bad(const Observation& seen);

  std::vector<Explanation> explain();
  const std::vector<Observation>& bad() const { return bad_; }

 private:
  using Tally = Tallies::Tally;
  using Mask = Tallies::Mask;
  struct Candidate {
    Subject subject;
    Mask cells = 0;
    std::uint32_t score = 0;  // 0: none.
  };

  struct Pair {  // Of nodes.
    Index low = kNoIndex;
    Index high = kNoIndex;
    std::vector<std::uint32_t> members;
  };

  void link();
  Candidate rate(const Subject& subject, double share) const;
  Candidate best_node() const;
  Candidate best_zone() const;
  Candidate best();
  bool may_be_of_all() const;
  bool is_cut_off(Index zone) const;
  bool is_rejected(const Subject& subject) const;
  bool has_witnesses(const Candidate& candidate) const;
  bool zone_has_witnesses(const Candidate& candidate) const;
  // Whether the observation lies in the candidate's subject and cells.
  bool touches(const Candidate& candidate, const Observation& seen) const;
  std::span<const std::uint32_t> bad_of(Index node) const;
  Explanation take(const Candidate& candidate);
  void cover(std::uint32_t member);
  std::vector<Pair> pairs_left() const;
  void explain_rest(std::vector<Explanation>& found);

  const View& view_;
  std::span<const std::uint8_t> suspects_;
  Rules rules_;
  Tallies tallies_;
  std::vector<Observation> bad_;
  std::vector<std::uint8_t> covered_;
  std::vector<std::uint32_t> first_of_node_;  // Into bad_of_nodes_.
  std::vector<std::uint32_t> bad_of_nodes_;
  std::vector<Index> touched_;  // Nodes with anything bad.
  std::vector<Subject> rejected_zones_;
  std::vector<std::uint8_t> rejected_nodes_;
};

}  // namespace meshcheck::verdict
