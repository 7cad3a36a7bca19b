// Observations between two nodes, and the subject that explains them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mesh/verdict/finding.h"
#include "mesh/verdict/view.h"

namespace meshcheck::verdict {

// An observation of one path between two nodes.
struct Observation {
  Index path = kNoIndex;
  Index tail = kNoIndex;  // Nodes.
  Index head = kNoIndex;
  Layer layer = Layer::kPod;
  bool ipv6 = false;
  // The way that fails, if known: from the tail to the head, or back.
  bool ahead = false;
  bool back = false;
  Clock::time_point since;
};

// A subject and the observations that it explains.
struct Explanation {
  Subject subject;
  Scope scope = Scope::kBoth;
  Way way = Way::kBoth;
  PathFamily family = PathFamily::kNone;
  bool partial = false;
  std::uint32_t failing = 0;  // Of `observed`, all that the subject touches in that scope and way.
  std::uint32_t observed = 0;
  Clock::time_point since;             // The earliest.
  std::vector<std::uint32_t> members;  // Of the observations.
};

// The members' common properties: layers, families, the way that fails, and since when. Members are
// indices into `bad`. REQUIRES: there is one.
Explanation explain_by(const View& view, const Subject& subject, std::span<const Observation> bad,
                       std::vector<std::uint32_t> members);

// The pings of its members in one layer. Answers are news: an agent pings a peer only while the
// path to it is down.
Pings pings_in(const View& view, const Explanation& found, std::span<const Observation> bad,
               Layer layer);

}  // namespace meshcheck::verdict
