#include "server/mesh/pmtu_text.h"

#include <array>

#include "lib/base/csv.h"
#include "lib/base/json_writer.h"

namespace meshcheck::server {
namespace {

struct Finding {
  std::string_view name;
  bool mesh::PathFindings::*found;
};
constexpr std::array kFindings = {Finding{"link_mismatch", &mesh::PathFindings::link_mismatch},
                                  Finding{"path_mismatch", &mesh::PathFindings::path_mismatch},
                                  Finding{"asymmetric", &mesh::PathFindings::asymmetric},
                                  Finding{"jumbo_island", &mesh::PathFindings::jumbo_island}};

void append_size(std::string& out, std::string_view key, std::optional<std::uint16_t> size) {
  append_json_key(out, key);
  out += size ? std::to_string(*size) : "null";
}

void append_way(std::string& out, const mesh::PmtuWay& way, Now now) {
  out += '{';
  append_json_member(out, "class", mesh::text(way.fragmentation_class));
  append_json_member(out, "since", time_text(way.since, now));
  append_size(out, "size", way.size);
  append_size(out, "link_mtu", way.link_mtu);
  if (way.confirmed) {
    append_json_member(out, "confirmed", time_text(*way.confirmed, now));
  } else {
    out += ",\"confirmed\":null";
  }
  append_json_member(out, "fragments", mesh::text(way.fragments));
  out += '}';
}

void append_too_big(std::string& out, const mesh::PathView& path, Now now) {
  const auto too_big = path.mtu->too_big();
  if (!too_big) {
    out += "null";
    return;
  }
  out += "{\"mtu\":" + std::to_string(too_big->mtu);
  append_json_member(out, "from", path.too_big_from);
  append_json_member(out, "at", time_text(path.from.received - too_big->age, now));
  out += '}';
}

std::optional<std::uint16_t> known_max(const mesh::OverlayMtu& overlay) {
  if (overlay.link_mtu_max == 0) return std::nullopt;
  return overlay.link_mtu_max;
}

void append_overlay_way(std::string& out, const mesh::OverlayMtu& overlay) {
  out += '{';
  append_json_member(out, "cause", mesh::text(overlay.cause));
  append_size(out, "link_mtu_max", known_max(overlay));
  out += '}';
}

void append_keys(std::string& out, const mesh::PathView& path, Now now) {
  const mesh::PmtuJudgement& judgement = path.pmtu_judgement;
  append_way(out += "\"forward\":", judgement.ways.forward, now);
  append_way(out += ",\"backward\":", judgement.ways.backward, now);
  append_json_member(out, "icmp_fragments", mesh::text(path.mtu->icmp_fragments()));
  append_too_big(out += ",\"too_big\":", path, now);
  out += ",\"findings\":[";
  for (const Finding& finding : kFindings) {
    if (!(judgement.findings.*finding.found)) continue;
    if (out.back() != '[') out += ',';
    out += '"';
    out += finding.name;
    out += '"';
  }
  out += "],\"overlay\":";
  if (judgement.overlay) {
    append_overlay_way(out += "{\"forward\":", judgement.overlay->forward);
    append_overlay_way(out += ",\"backward\":", judgement.overlay->backward);
    out += '}';
  } else {
    out += "null";
  }
}

void append_size_cell(std::string& out, std::optional<std::uint16_t> size) {
  if (size) out += std::to_string(*size);
  out += ',';
}

void append_way_cells(std::string& out, const mesh::PmtuWay& way, Now now) {
  append_csv_cell(out, mesh::text(way.fragmentation_class));
  append_csv_cell(out, time_text(way.since, now));
  append_size_cell(out, way.size);
  append_size_cell(out, way.link_mtu);
  append_csv_cell(out, way.confirmed ? time_text(*way.confirmed, now) : "");
  append_csv_cell(out, mesh::text(way.fragments));
}

void append_too_big_cells(std::string& out, const mesh::PathView& path, Now now) {
  const auto too_big = path.mtu->too_big();
  if (!too_big) {
    out += ",,,";
    return;
  }
  append_size_cell(out, too_big->mtu);
  append_csv_cell(out, path.too_big_from);
  append_csv_cell(out, time_text(path.from.received - too_big->age, now));
}

std::string findings_text(const mesh::PathFindings& findings) {
  std::string text;
  for (const Finding& finding : kFindings) {
    if (!(findings.*finding.found)) continue;
    if (!text.empty()) text += ' ';
    text += finding.name;
  }
  return text;
}

}  // namespace

void append_pmtu_json(std::string& out, const mesh::PathView& path, Now now) {
  out += '{';
  append_keys(out, path, now);
  out += '}';
}

void append_pmtu_path_json(std::string& out, const mesh::PathView& path, Now now) {
  out += '{';
  append_json_member(out, "from", path.from_name);
  append_json_member(out, "from_node", path.from_node);
  append_json_member(out, "layer", mesh::text(path.from.layer));
  append_json_member(out, "to", path.to_name);
  append_json_member(out, "to_node", path.to_node);
  append_json_member(out, "relation", mesh::text(path.row.relation));
  append_json_member(out, "family", mesh::text(path.row.family));
  append_keys(out += ',', path, now);
  out += '}';
}

void append_summary_json(std::string& out, std::string_view node, mesh::Layer layer,
                         const mesh::PmtuSummary& summary) {
  out += '{';
  append_json_member(out, "node", node);
  append_json_member(out, "layer", mesh::text(layer));
  append_size(out, "size_min", summary.size_min);
  append_size(out, "size_max", summary.size_max);
  append_size(out, "link_mtu", summary.link_mtu);
  out += ",\"classes\":{";
  for (std::size_t i = 0; i < summary.classes.size(); ++i) {
    append_json_number(out, mesh::text(static_cast<mesh::FragmentationClass>(i)),
                       summary.classes[i]);
  }
  out += "}}";
}

std::string_view pmtu_csv_header() {
  return "from,from_node,layer,to,to_node,relation,family,forward_class,forward_since,forward_size,"
         "forward_link_mtu,forward_confirmed,forward_fragments,backward_class,backward_since,"
         "backward_size,backward_link_mtu,backward_confirmed,backward_fragments,icmp_fragments,"
         "too_big_mtu,too_big_from,too_big_at,findings,"
         "overlay_forward_cause,overlay_forward_link_mtu_max,"
         "overlay_backward_cause,overlay_backward_link_mtu_max\r\n";
}

void append_pmtu_csv(std::string& out, const mesh::PathView& path, Now now) {
  const mesh::PmtuJudgement& judgement = path.pmtu_judgement;
  for (const std::string_view cell :
       {path.from_name, path.from_node, mesh::text(path.from.layer), path.to_name, path.to_node,
        mesh::text(path.row.relation), mesh::text(path.row.family)}) {
    append_csv_cell(out, cell);
  }
  append_way_cells(out, judgement.ways.forward, now);
  append_way_cells(out, judgement.ways.backward, now);
  append_csv_cell(out, mesh::text(path.mtu->icmp_fragments()));
  append_too_big_cells(out, path, now);
  append_csv_cell(out, findings_text(judgement.findings));
  if (judgement.overlay) {
    for (const mesh::OverlayMtu& way : {judgement.overlay->forward, judgement.overlay->backward}) {
      append_csv_cell(out, mesh::text(way.cause));
      append_size_cell(out, known_max(way));
    }
  } else {
    out += ",,,,";
  }
  end_csv_row(out);
}

}  // namespace meshcheck::server
