#include "mesh/report/record.h"

#include <simdjson.h>

#include <array>
#include <cassert>
#include <optional>

#include "lib/base/text.h"
#include "mesh/report/go_json.h"
#include "mesh/report/mesh_reader.h"

namespace meshcheck::mesh {
namespace {

using go_json::mismatch;
using go_json::Place;
using go_json::read;
using go_json::read_map;
using go_json::read_time;
using simdjson::dom::element;

// Reserved for the two halves of a record, so that they do not grow in steps.
constexpr std::size_t kRecordSizeUsual = 512;

Result<HttpProbe> read_probe(const element& value, const Place& place) {
  HttpProbe probe;
  simdjson::dom::object object;
  if (value.is_null()) return probe;
  if (value.get(object) != simdjson::SUCCESS) return mismatch(value, place, "ProbeResult");
  const std::array<std::pair<std::string_view, std::int64_t*>, 8> numbers = {{
      {"ConnectionResult", &probe.connection_result},
      {"HTTPCode", &probe.http_code},
      {"Total", &probe.total_ms},
      {"ContentTransfer", &probe.content_transfer_ms},
      {"TCPConnection", &probe.tcp_connection_ms},
      {"DNSLookup", &probe.dns_lookup_ms},
      {"Connect", &probe.connect_ms},
      {"ServerProcessing", &probe.server_processing_ms},
  }};
  for (const auto field : object) {
    Result<void> done;
    if (equals_ignoring_case(field.key, "URL")) {
      done = read(field.value, {"ProbeResult", "URL"}, probe.url);
    }
    for (const auto& [key, number] : numbers) {
      if (!equals_ignoring_case(field.key, key)) continue;
      done = read(field.value, {"ProbeResult", key}, *number);
      break;
    }
    if (!done) return done.error();
  }
  if (probe.url.size() > kProbeUrlSizeMax) {
    return Error("network_probes: a URL is longer than " + std::to_string(kProbeUrlSizeMax) +
                 " bytes");
  }
  return probe;
}

Result<void> read_probes(const element& value, const Place& place,
                         std::optional<std::vector<HttpProbe>>& target) {
  target.reset();
  if (value.is_null()) return {};
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return mismatch(value, place, "[]ProbeResult");
  if (array.size() > kProbesMax) {
    return Error("network_probes: more than " + std::to_string(kProbesMax) + " probes");
  }
  target.emplace();
  for (const element item : array) {
    auto probe = read_probe(item, place);
    if (!probe) return probe.error();
    target->push_back(*std::move(probe));
  }
  return {};
}

// The report's values, each at its zero until its key comes.
struct Fields {
  std::int64_t report_interval = 0;
  std::string nodename;
  std::string podname;
  std::string hostdate;  // Empty if absent.
  std::uint64_t uptime = 0;
  std::string last_updated;  // Empty if absent.
  std::string nslookup = "null";
  std::string ips = "null";
  std::string mesh;  // Empty if absent: netchecker's own records have no such key.
  std::optional<ProbingReport> mesh_report;
  std::optional<std::vector<HttpProbe>> probes;

  Result<void> read_field(std::string_view key, const element& value) {
    const auto place = [](std::string_view name) { return Place{"AgentSpec", name}; };
    if (equals_ignoring_case(key, "report_interval"))
      return read(value, place("report_interval"), report_interval);
    if (equals_ignoring_case(key, "nodename")) return read(value, place("nodename"), nodename);
    if (equals_ignoring_case(key, "podname")) return read(value, place("podname"), podname);
    if (equals_ignoring_case(key, "hostdate")) return read_time(value, place("hostdate"), hostdate);
    if (equals_ignoring_case(key, "uptime")) return read(value, place("uptime"), uptime);
    if (equals_ignoring_case(key, "last_updated"))
      return read_time(value, place("last_updated"), last_updated);
    if (equals_ignoring_case(key, "nslookup")) return read_map(value, place("nslookup"), nslookup);
    if (equals_ignoring_case(key, "network_probes"))
      return read_probes(value, place("network_probes"), probes);
    if (equals_ignoring_case(key, "ips")) return read_map(value, place("ips"), ips);
    if (equals_ignoring_case(key, "mesh")) return read_mesh(value);
    return {};
  }

  Result<void> read_mesh(const element& value) {
    if (value.is_null()) return {};
    if (!value.is_object()) return mismatch(value, {"AgentSpec", "mesh"}, "object");
    mesh.clear();
    for (const auto field : simdjson::dom::object(value)) {
      if (is_mesh_table(field.key)) continue;
      mesh += mesh.empty() ? '{' : ',';
      append_json_string(mesh, field.key);
      mesh += ':';
      mesh += simdjson::minify(field.value);
    }
    mesh += mesh.empty() ? "{}" : "}";
    auto read_report = read_probing_report(value);
    if (!read_report) return read_report.error().within("mesh");
    mesh_report = *std::move(read_report);
    return {};
  }

  Record record() && {
    Record result;
    result.json_head.reserve(kRecordSizeUsual / 2);
    result.json_tail.reserve(kRecordSizeUsual);
    if (hostdate.empty()) hostdate = Rfc3339().text();
    if (last_updated.empty()) last_updated = Rfc3339().text();
    result.json_head += "{\"report_interval\":";
    result.json_head += std::to_string(report_interval);
    append_json_string(result.json_head += ",\"nodename\":", nodename);
    append_json_string(result.json_head += ",\"podname\":", podname);
    result.json_head += ",\"hostdate\":\"";
    result.json_head += hostdate;
    result.json_head += "\",\"uptime\":";
    result.json_head += std::to_string(uptime);
    result.json_head += ",\"last_updated\":";
    result.json_tail += ",\"nslookup\":";
    result.json_tail += nslookup;
    result.json_tail += ",\"network_probes\":";
    append_probes(result.json_tail);
    result.json_tail += ",\"ips\":";
    result.json_tail += ips;
    if (!mesh.empty()) {
      result.json_tail += ",\"mesh\":";
      result.json_tail += mesh;
    }
    result.json_tail += '}';
    result.podname = std::move(podname);
    result.nodename = std::move(nodename);
    result.report_interval = report_interval;
    result.hostdate = std::move(hostdate);
    result.last_updated = std::move(last_updated);
    if (probes) result.probes = *std::move(probes);
    result.mesh = std::move(mesh_report);
    return result;
  }

  void append_probes(std::string& out) const {
    if (!probes) {
      out += "null";
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < probes->size(); ++i) {
      if (i != 0) out += ',';
      append_json(out, (*probes)[i]);
    }
    out += ']';
  }
};

// Cuts `,"zero_extender":[0,0,...,0]` off the end of a report, which is most of it, before anybody
// parses it. Sound without parsing: a quote that begins a key cannot stand inside a string behind a
// bare comma, so the result is valid JSON exactly if `body` is. Other spellings of the padding are
// simply parsed.
void drop_padding(std::string& body) {
  constexpr std::string_view kKey = ",\"zero_extender\":[";
  const auto key = body.find(kKey);
  if (key == std::string::npos || !body.ends_with("0]}")) return;
  const std::string_view zeros =
      std::string_view(body).substr(key + kKey.size(), body.size() - key - kKey.size() - 2);
  // "0,0,0" repeats itself every two bytes.
  const bool periodic = zeros.size() % 2 == 1 && zeros.front() == '0' &&
                        (zeros.size() == 1 ||
                         (zeros[1] == ',' && zeros.substr(2) == zeros.substr(0, zeros.size() - 2)));
  if (!periodic) return;
  body.resize(key);
  body += '}';
}

Error too_large(std::size_t size_max) {
  return Error("without its padding the report is larger than " + std::to_string(size_max) +
               " bytes");
}

Result<void> check_record(const Record& record, std::string_view name) {
  if (record.podname != name) {
    std::string quoted;
    append_json_string(quoted, record.podname.substr(0, kNameSizeMax));
    return Error("podname is " + quoted + " and the report was sent to agents/" +
                 std::string(name) + "; they have to be the same");
  }
  if (auto node = check_text(record.nodename, "nodename"); !node) return node;
  if (record.report_interval < 1 || record.report_interval > kReportIntervalMax) {
    return Error("report_interval has to be 1 to " + std::to_string(kReportIntervalMax) +
                 " seconds");
  }
  if (record.json_head.size() + record.json_tail.size() > kRecordSizeMax) {
    return too_large(kRecordSizeMax);
  }
  return {};
}

}  // namespace

std::string Record::json(WallTime updated) const {
  const std::string time = format_rfc3339(updated);
  std::string text;
  text.reserve(json_head.size() + time.size() + json_tail.size() + 2);
  text += json_head;
  text += '"';
  text += time;
  text += '"';
  text += json_tail;
  return text;
}

struct RecordParser::State {
  simdjson::dom::parser parser;
};

RecordParser::RecordParser() : state_(std::make_unique<State>()) {
  const auto allocated = state_->parser.allocate(kReportSizeMax, kNestingMax);
  assert(allocated == simdjson::SUCCESS);
  static_cast<void>(allocated);
}

RecordParser::~RecordParser() = default;

Result<Record> RecordParser::parse(std::string& body, std::string_view name) {
  constexpr std::string_view kContext = "Error while unmarshaling data. Details";
  drop_padding(body);
  if (body.size() > kReportSizeMax) return too_large(kReportSizeMax).within(kContext);
  assert(body.capacity() - body.size() >= simdjson::SIMDJSON_PADDING);
  element root;
  const simdjson::error_code error =
      state_->parser.parse(body.data(), body.size(), /*realloc_if_needed=*/false).get(root);
  if (error != simdjson::SUCCESS) {
    return Error(go_json::explain_syntax(body, simdjson::error_message(error))).within(kContext);
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    return Error("json: cannot unmarshal " + (root.is_null() ? "null" : go_json::described(root)) +
                 " into Go value of type AgentSpec")
        .within(kContext);
  }
  Fields fields;
  for (const auto field : object) {
    if (auto read_field = fields.read_field(field.key, field.value); !read_field) {
      return read_field.error().within(kContext);
    }
  }
  Record record = std::move(fields).record();
  if (auto checked = check_record(record, name); !checked) {
    return checked.error().within(kContext);
  }
  return record;
}

}  // namespace meshcheck::mesh
