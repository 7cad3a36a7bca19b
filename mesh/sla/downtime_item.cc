#include "mesh/sla/downtime_item.h"

#include <nlohmann/json.hpp>

#include "lib/base/time.h"

namespace meshcheck::sla {
namespace {

using nlohmann::json;

Result<Seconds> date_of(const json& item, const char* key) {
  const auto found = item.find(key);
  if (found == item.end()) return Error(std::string(key) + ": it is missing");
  const bool is_number = found->is_number_integer();
  if (!is_number && !found->is_string()) {
    return Error(std::string(key) + ": a text or a whole number is wanted");
  }
  const std::string text = is_number ? found->dump() : found->get<std::string>();
  auto date = parse_date(text);
  if (!date) return date.error().within(key);
  return date;
}

Result<DowntimeType> type_of(const json& item) {
  const auto found = item.find("type");
  if (found == item.end() || !found->is_string()) return Error("type: a text is missing");
  const auto type = downtime_type_of(found->get_ref<const std::string&>());
  if (type) return *type;
  return Error(
      "type: Accident, Maintenance, InfrastructureMaintenance or InfrastructureAccident is wanted");
}

Result<std::string> description_of(const json& item) {
  const auto found = item.find("description");
  if (found == item.end() || found->is_null()) return std::string();
  if (!found->is_string()) return Error("description: a text is wanted");
  auto text = found->get<std::string>();
  if (text.size() <= kDescriptionSizeMax) return text;
  // Not in the middle of a character.
  std::size_t size = kDescriptionSizeMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  text.resize(size);
  return text;
}

// "group" or "group/probe".
bool is_subject(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return is_name(text);
  return is_name(text.substr(0, slash)) && is_name(text.substr(slash + 1));
}

Result<std::vector<std::string>> affected_of(const json& item) {
  std::vector<std::string> affected;
  const auto found = item.find("affected");
  if (found == item.end() || found->is_null()) return affected;
  if (!found->is_array()) return Error("affected: a list is wanted");
  if (found->size() > kAffectedMax) return Error("affected: more than 1000");
  for (const json& subject : *found) {
    if (!subject.is_string() || !is_subject(subject.get_ref<const std::string&>())) {
      return Error("affected: each is a group, or a group/probe");
    }
    affected.push_back(subject.get<std::string>());
  }
  return affected;
}

}  // namespace

Result<Downtime> parse_downtime_item(const json& item) {
  if (!item.is_object()) return Error("an object is wanted");
  const auto start = date_of(item, "startDate");
  if (!start) return start.error();
  const auto end = date_of(item, "endDate");
  if (!end) return end.error();
  if (*end < *start) return Error("endDate: it is before startDate");
  const auto type = type_of(item);
  if (!type) return type.error();
  auto description = description_of(item);
  if (!description) return description.error();
  auto affected = affected_of(item);
  if (!affected) return affected.error();
  return Downtime{.uid = {},
                  .name = {},
                  .type = *type,
                  .start = *start,
                  .end = *end,
                  .description = *std::move(description),
                  .affected = *std::move(affected)};
}

json to_json(const Downtime& downtime) {
  return {{"uid", downtime.uid},
          {"name", downtime.name},
          {"type", text(downtime.type)},
          {"startDate", downtime.start.time_since_epoch().count()},
          {"endDate", downtime.end.time_since_epoch().count()},
          {"description", downtime.description},
          {"affected", downtime.affected}};
}

}  // namespace meshcheck::sla
