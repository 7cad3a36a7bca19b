#include "server/verdicts/verdict_record.h"

#include <algorithm>
#include <array>

#include "lib/base/json_writer.h"
#include "lib/base/text.h"
#include "mesh/verdict/sentence.h"

namespace meshcheck::server {
namespace {

using verdict::Finding;
using verdict::NamedEnd;
using verdict::NamedFinding;
using verdict::Subject;
using verdict::Way;

constexpr std::array<std::string_view, 3> kEndings = {"healed", "merged", "restart"};

// "a to b" is the way that packets go that get lost.
std::string subject_of(const NamedFinding& named) {
  const auto& [first, second] = named.ends;
  if (named.finding.subject.type == Subject::Type::kAll) return "all";
  if (second.name.empty()) return first.name;
  switch (named.finding.way) {
    case Way::kOut:
      return first.name + " to " + second.name;
    case Way::kIn:
      return second.name + " to " + first.name;
    case Way::kBoth:
    case Way::kUnknown:
      break;
  }
  return first.name + " and " + second.name;
}

class Details {
 public:
  void key(std::string_view name) {
    if (!json_.empty() && json_.back() != '{' && json_.back() != '[') json_ += ',';
    append_json_string(json_, name);
    json_ += ':';
  }
  void add(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(json_, value);
  }
  void add_flag(std::string_view name, bool value) {
    key(name);
    json_ += value ? "true" : "false";
  }
  void add_number(std::string_view name, std::int64_t value) {
    key(name);
    json_ += std::to_string(value);
  }
  void add_share(std::string_view name, double value) {
    key(name);
    append_json_number(json_, value);
  }
  std::string& json() { return json_; }

 private:
  std::string json_;
};

void add_ends(Details& details, const NamedFinding& named) {
  details.key("ends");
  details.json() += '[';
  for (const NamedEnd& end : named.ends) {
    if (end.name.empty()) continue;
    if (details.json().back() != '[') details.json() += ',';
    details.json() += '{';
    details.add("name", end.name);
    details.add("node", end.node);
    details.add("zone", end.zone);
    details.add("address", end.address ? end.address->text() : "");
    details.json() += '}';
  }
  details.json() += ']';
}

// What only some kinds have.
void add_measures(Details& details, const Finding& finding) {
  using verdict::Kind;
  const bool of_sizes = finding.kind == Kind::kMtuBlackHole || finding.kind == Kind::kOverlayMtu ||
                        finding.kind == Kind::kFragmentsDropped;
  if (of_sizes) {
    details.add_number("size", finding.size);
    details.add_number("link_mtu", finding.link_mtu);
  }
  if (finding.loss > 0) details.add_share("loss", finding.loss);
  if (finding.round_trip_us != 0) {
    details.add_share("round_trip_ms", finding.round_trip_us / 1000.0);
    details.add_share("usual_round_trip_ms", finding.usual_round_trip_us / 1000.0);
  }
  if (finding.kind == Kind::kClockJump) {
    details.add_number("clock_jump_ms", finding.clock_jump.count());
  }
  if (finding.kind == Kind::kClockSkew) {
    details.add_number("clock_skew_ms", finding.clock_skew.count());
  }
}

std::string details_of(const verdict::Verdict& verdict, Now now) {
  const NamedFinding& named = verdict.named;
  const Finding& finding = named.finding;
  Details details;
  details.add("subject_type", text(finding.subject.type));
  add_ends(details, named);
  details.add("way", text(finding.way));
  details.add("family", text(finding.family));
  details.add_number("failing", finding.failing);
  details.add_number("observed", finding.observed);
  details.add_flag("partial", finding.partial);
  details.add_flag("silent", finding.silent);
  details.add("excuse", text(finding.excuse));
  details.add("since", time_text(finding.since, now));
  details.add("last_seen", time_text(verdict.last_seen, now));
  details.add_number("flaps", verdict.flaps);
  if (verdict.merged_into) {
    details.add_number("merged_into", static_cast<std::int64_t>(*verdict.merged_into));
  }
  add_measures(details, finding);
  details.key("evidence");
  details.json() += '[';
  for (const std::string& path : named.evidence) {
    if (details.json().back() != '[') details.json() += ',';
    append_json_string(details.json(), path);
  }
  details.json() += ']';
  return std::move(details.json());
}

WallTime wall_of(Clock::time_point time, Now now) {
  return now.wall - std::chrono::duration_cast<WallTime::duration>(now.steady - time);
}

}  // namespace

std::string_view text(Ending ending) {
  return kEndings[static_cast<std::size_t>(ending)];
}

std::optional<Ending> ending_of(std::string_view text) {
  const auto* const found = std::find(kEndings.begin(), kEndings.end(), text);
  if (found == kEndings.end()) return std::nullopt;
  return static_cast<Ending>(found - kEndings.begin());
}

VerdictRecord VerdictRecord::of(const verdict::Verdict& verdict, Now now) {
  const Finding& finding = verdict.named.finding;
  VerdictRecord record{.id = verdict.id,
                       .opened = wall_of(verdict.opened, now),
                       .closed = {},
                       .kind = std::string(text(finding.kind)),
                       .severity = finding.severity,
                       .layer = std::string(text(finding.scope)),
                       .subject = subject_of(verdict.named),
                       .sentence = verdict::sentence(verdict.named, {now.steady, now.wall}),
                       .next_command = verdict::next_command(verdict.named),
                       .details = details_of(verdict, now)};
  if (verdict.closed) record.closed = wall_of(*verdict.closed, now);
  if (verdict.merged_into) record.ending = Ending::kMerged;
  return record;
}

void append_json(std::string& out, const VerdictRecord& record) {
  Details details;
  details.add_number("id", static_cast<std::int64_t>(record.id));
  details.add("state", record.closed ? "closed" : "open");
  details.add("kind", record.kind);
  details.add("severity", text(record.severity));
  details.add("subject", record.subject);
  details.add("layer", record.layer);
  details.add("sentence", record.sentence);
  details.add("next_command", record.next_command);
  details.add("opened",
              format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(record.opened)));
  details.key("closed");
  if (record.closed) {
    append_json_string(
        details.json(),
        format_rfc3339(std::chrono::floor<std::chrono::milliseconds>(*record.closed)));
    details.add("ending", text(record.ending));
  } else {
    details.json() += "null";
  }
  out += '{';
  out += details.json();
  out += ',';
  out += record.details;
  out += '}';
}

}  // namespace meshcheck::server
