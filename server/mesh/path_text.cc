#include "server/mesh/path_text.h"

#include <array>
#include <charconv>

#include "lib/base/csv.h"
#include "lib/base/json_writer.h"
#include "server/mesh/pmtu_text.h"

namespace meshcheck::server {
namespace {

std::string last_answer(const mesh::PathView& path, Now now) {
  if (path.row.answer_age_ms == mesh::PathRow::kNever) return {};
  return time_text(path.from.received - std::chrono::milliseconds(path.row.answer_age_ms), now);
}

double loss(const mesh::PathRow& row) {
  return row.sent == 0 ? 0 : static_cast<double>(row.lost) / row.sent;
}

// Microseconds as milliseconds, exact; nothing for kNever.
void append_milliseconds(std::string& out, std::uint32_t time_us) {
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), time_us / 1000.0).ptr;
  if (time_us != mesh::PathRow::kNever) out.append(digits.data(), end);
}

struct Count {
  std::string_view key;
  std::uint16_t mesh::PathRow::*count;
};
constexpr std::array kCounts = {Count{"sent", &mesh::PathRow::sent},
                                Count{"lost", &mesh::PathRow::lost},
                                Count{"lost_forward", &mesh::PathRow::lost_forward},
                                Count{"lost_backward", &mesh::PathRow::lost_backward},
                                Count{"late", &mesh::PathRow::late},
                                Count{"duplicated", &mesh::PathRow::duplicated},
                                Count{"reordered", &mesh::PathRow::reordered}};

struct Time {
  std::string_view key;
  std::uint32_t mesh::PathRow::*time_us;
};
constexpr std::array kRoundTrips = {
    Time{"p50", &mesh::PathRow::p50_us}, Time{"p90", &mesh::PathRow::p90_us},
    Time{"p99", &mesh::PathRow::p99_us}, Time{"max", &mesh::PathRow::max_us}};
constexpr std::array kJitters = {Time{"forward", &mesh::PathRow::jitter_forward_us},
                                 Time{"backward", &mesh::PathRow::jitter_backward_us}};

// null if all of them are absent.
template <std::size_t kSize>
void append_times(std::string& out, std::string_view key, const std::array<Time, kSize>& times,
                  const mesh::PathRow& row) {
  append_json_key(out, key);
  std::string object = "{";
  bool any = false;
  for (const Time& time : times) {
    const std::uint32_t value = row.*time.time_us;
    append_json_key(object, time.key);
    if (value == mesh::PathRow::kNever) object += "null";
    append_milliseconds(object, value);
    any = any || value != mesh::PathRow::kNever;
  }
  out += any ? object + "}" : "null";
}

}  // namespace

void append_json(std::string& out, const mesh::PathView& path, Now now) {
  const mesh::PathRow& row = path.row;
  out += '{';
  append_json_member(out, "from", path.from_name);
  append_json_member(out, "from_node", path.from_node);
  append_json_member(out, "layer", mesh::text(path.from.layer));
  append_json_member(out, "to", path.to_name);
  append_json_member(out, "to_node", path.to_node);
  append_json_member(out, "relation", mesh::text(row.relation));
  append_json_member(out, "probe", mesh::text(row.kind));
  append_json_member(out, "family", mesh::text(row.family));
  append_json_member(out, "state", mesh::text(path.judgement.state));
  append_json_member(out, "reason", path.judgement.reason);
  append_json_member(out, "direction", text(path.judgement.cut));
  append_json_member(out, "state_since", time_text(path.judgement.since, now));
  const std::string answer = last_answer(path, now);
  out += ",\"last_answer\":";
  out += answer.empty() ? "null" : "\"" + answer + "\"";
  for (const Count& count : kCounts) {
    append_json_number(out, count.key, row.*count.count);
  }
  append_json_number(out += ",\"loss\":", loss(row));
  append_times(out, "rtt_ms", kRoundTrips, row);
  append_times(out, "jitter_ms", kJitters, row);
  append_json_member(out, "error", path.error);
  out += ",\"mtu\":";
  if (path.mtu == nullptr) {
    out += "null";
  } else {
    append_pmtu_json(out, path, now);
  }
  out += '}';
}

std::string_view csv_header() {
  return "from,from_node,layer,to,to_node,relation,probe,family,state,reason,direction,state_since,"
         "last_answer,sent,lost,lost_forward,lost_backward,late,duplicated,reordered,loss,"
         "rtt_p50_ms,rtt_p90_ms,rtt_p99_ms,rtt_max_ms,jitter_forward_ms,jitter_backward_ms,"
         "error,forward_class,forward_size,backward_class,backward_size\r\n";
}

void append_csv(std::string& out, const mesh::PathView& path, Now now) {
  const mesh::PathRow& row = path.row;
  for (const std::string_view cell :
       {path.from_name, path.from_node, mesh::text(path.from.layer), path.to_name, path.to_node,
        mesh::text(row.relation), mesh::text(row.kind), mesh::text(row.family),
        mesh::text(path.judgement.state), path.judgement.reason, text(path.judgement.cut)}) {
    append_csv_cell(out, cell);
  }
  append_csv_cell(out, time_text(path.judgement.since, now));
  append_csv_cell(out, last_answer(path, now));
  for (const Count& count : kCounts) out += std::to_string(row.*count.count) + ",";
  append_json_number(out, loss(row));
  out += ',';
  for (const auto& times : {std::span<const Time>(kRoundTrips), std::span<const Time>(kJitters)}) {
    for (const Time& time : times) {
      append_milliseconds(out, row.*time.time_us);
      out += ',';
    }
  }
  append_csv_cell(out, path.error);
  for (const mesh::PmtuWay& way :
       {path.pmtu_judgement.ways.forward, path.pmtu_judgement.ways.backward}) {
    append_csv_cell(out, path.mtu == nullptr ? "" : mesh::text(way.fragmentation_class));
    append_csv_cell(out, way.size ? std::to_string(*way.size) : "");
  }
  end_csv_row(out);
}

}  // namespace meshcheck::server
