#include "server/sla/downtime_api.h"

#include <array>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "lib/base/hex.h"
#include "lib/http/query.h"
#include "mesh/sla/downtime_item.h"
#include "server/sla/sla_store.h"

namespace meshcheck::server {
namespace {

using nlohmann::json;
using sla::Downtime;

std::string new_uid() {
  std::random_device random;
  std::array<char, 33> text{};
  for (std::size_t i = 0; i < 4; ++i) std::snprintf(&text[8 * i], 9, "%08x", random());
  return text.data();
}

Result<Downtime> downtime_of(const http::Request& request, const std::string& uid) {
  const json item = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  auto downtime = sla::parse_downtime_item(item);
  if (!downtime) return downtime;
  downtime->uid = uid;
  downtime->name = uid;
  const auto name = item.find("name");
  if (name == item.end()) return downtime;
  if (!name->is_string() || !sla::is_name(name->get_ref<const std::string&>())) {
    return Error("name: 1 to 128 of letters, digits, '-', '_' and '.'");
  }
  downtime->name = name->get<std::string>();
  return downtime;
}

http::Response keep(SlaTables& tables, const Downtime& downtime, int status) {
  tables.downtimes.with([&](sla::DowntimeTable& table) {
    table.replace(sla::DowntimeTable::Origin::of_api(downtime.uid),
                  {.downtimes = {downtime}, .refused = {}});
  });
  return http::Response::json(sla::to_json(downtime).dump(), status);
}

// On disk first, then in force.
http::Response write(const SlaAccess& access, const http::Request& request, const std::string& uid,
                     int status) {
  if (!request.says_json()) {
    return http::Response::error(415, "Content-Type: application/json is expected");
  }
  auto downtime = downtime_of(request, uid);
  if (!downtime) return http::Response::error(400, downtime.error().message());
  const bool full = access.tables.downtimes.with([&](const sla::DowntimeTable& table) {
    return table.full() && !table.contains(sla::DowntimeTable::Origin::of_api(uid));
  });
  if (full) return http::Response::error(503, "As many downtimes as may be are held.");
  if (access.database == nullptr) return keep(access.tables, *downtime, status);
  SlaTables& tables = access.tables;
  const bool asked = access.database->writer.write(
      access.pending(request),
      {.run = [downtime = *downtime](
                  store::Connection& database) { return write_downtime(database, downtime); },
       .done = [&tables, downtime = *downtime, status] { return keep(tables, downtime, status); }});
  return asked ? http::Response::answered_later() : database_busy();
}

http::Response forget(SlaTables& tables, const std::string& uid) {
  tables.downtimes.with(
      [&](sla::DowntimeTable& table) { table.erase(sla::DowntimeTable::Origin::of_api(uid)); });
  http::Response response;
  response.status = 204;
  return response;
}

}  // namespace

http::Response get_downtimes(const SlaAccess& access, const http::Request& request) {
  if (auto known = http::check_query_keys(request, {}); !known) {
    return http::Response::error(400, known.error().message());
  }
  const json all =
      access.tables.downtimes.with([](const sla::DowntimeTable& table) { return table.to_json(); });
  return http::Response::json(all.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

http::Response post_downtime(const SlaAccess& access, const http::Request& request) {
  return write(access, request, new_uid(), 201);
}

http::Response put_downtime(const SlaAccess& access, const http::Request& request) {
  const std::string uid(request.parameter);
  if (!sla::is_name(uid)) {
    return http::Response::error(400, "uid: 1 to 128 of letters, digits, '-', '_' and '.'");
  }
  return write(access, request, uid, 200);
}

http::Response delete_downtime(const SlaAccess& access, const http::Request& request) {
  const std::string uid(request.parameter);
  const bool known = access.tables.downtimes.with([&](const sla::DowntimeTable& table) {
    return table.contains(sla::DowntimeTable::Origin::of_api(uid));
  });
  if (!known) return http::Response::error(404, "There is no such downtime of the API.");
  SlaTables& tables = access.tables;
  if (access.database == nullptr) return forget(tables, uid);
  const bool asked = access.database->writer.write(
      access.pending(request),
      {.run = [uid](store::Connection& database) { return erase_downtime(database, uid); },
       .done = [&tables, uid] { return forget(tables, uid); }});
  return asked ? http::Response::answered_later() : database_busy();
}

}  // namespace meshcheck::server
