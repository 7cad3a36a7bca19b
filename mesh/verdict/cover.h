// The smallest set of subjects that explains what fails between nodes: greedy weighted set cover.
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

// A subject is a candidate if nearly all that is observed of it fails and enough others agree; of
// the candidates the one that explains the most is taken, until nothing is left or no candidate
// is. A fault of hosts covers the pods on them. What remains is of pairs of nodes. Counts are kept
// as observations are added, so candidates cost nothing for each path; only what fails is stored.
// One diagnosis, one signal: made, filled, asked once.
class Cover {
 public:
  struct Rules {
    // Whether each observation is of one way only, so that out and in are counted apart.
    bool directed = false;
    double node_share = 0.75;
    double zone_share = 0.6;
    double all_share = 0.95;
    std::uint32_t witnesses_min = 3;
    // So many observations are bad anyhow; a subject needs more than that makes likely. 0: none.
    double chance = 0;
    // A node is said to be partly cut off if so many of its pairs fail, and such a share of it.
    std::uint32_t partial_pairs_min = 4;
    double partial_share = 0.15;
    // What is younger may be the beginning of something larger, and is not called a pair's.
    Clock::duration settle{};
    std::size_t subjects_max = 64;
    std::size_t pairs_max = 32;
  };

  // `suspects`: by node, whether it is silent itself, so that one witness is enough.
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
  // Which side of the subject an observation is on: its cell there; nothing if it is not touched.
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
