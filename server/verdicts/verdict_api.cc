#include "server/verdicts/verdict_api.h"

#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/query.h"

namespace meshcheck::server {
namespace {

void append_list(std::string& json, const auto& records, const auto& wanted) {
  for (const VerdictRecord& record : records) {
    if (!wanted(record)) continue;
    if (json.back() != '[') json += ",\n";
    append_json(json, record);
  }
}

std::string head(Now time) {
  return "{\"time\":\"" + time_text(time.steady, time) + "\",\"verdicts\":[";
}

// Whether it was open at `at`, by the times that readers see.
bool was_open(const VerdictRecord& record, WallTime at) {
  const auto shown = [](WallTime time) { return floor<std::chrono::milliseconds>(time); };
  return shown(record.opened) <= at && (!record.closed || shown(*record.closed) > at);
}

// Those that were open at a time that is over.
http::Response verdicts_at(Guarded<VerdictPublisher>& verdicts, WallTime at, Now time) {
  if (at > time.wall) return http::Response::error(400, "at: a time that is over is expected");
  std::string json = head(time);
  const auto wanted = [at](const VerdictRecord& record) { return was_open(record, at); };
  const WallTime oldest = verdicts.with([&](const VerdictPublisher& publisher) {
    append_list(json, publisher.open(), wanted);
    append_list(json, publisher.closed(), wanted);
    return publisher.known_since(time.wall);
  });
  // An empty list would say that all was well.
  if (at < oldest) {
    return http::Response::error(404, "at: verdicts are known since " + format_rfc3339(oldest) +
                                          "; see -verdicts-kept and -verdict-days");
  }
  return http::Response::json(json + "]}\n");
}

std::string open_json(Guarded<VerdictPublisher>& verdicts) {
  return verdicts.with([](const VerdictPublisher& publisher) {
    std::string json = "[";
    append_list(json, publisher.open(), [](const VerdictRecord&) { return true; });
    return json + ']';
  });
}

// A layer whose cells a client listens to.
struct CellsHeard {
  mesh::Layer layer;
  std::optional<std::uint64_t> after;  // The number of the last event that it has.
};

constexpr std::array<std::string_view, 3> kCellsChoices = {"pod", "host", "both"};

std::vector<CellsHeard> cells_of(std::optional<std::size_t> choice) {
  std::vector<CellsHeard> heard;
  if (choice && kCellsChoices.at(*choice) != "host") heard.push_back({mesh::Layer::kPod, {}});
  if (choice && kCellsChoices.at(*choice) != "pod") heard.push_back({mesh::Layer::kHost, {}});
  return heard;
}

// The source of an answer that does not end.
class EventStream {
 public:
  EventStream(const EventSources& sources, std::string last_id, std::vector<CellsHeard> cells)
      : sources_(sources), last_id_(std::move(last_id)), cells_(std::move(cells)) {}

  http::BodyStep operator()(std::string& piece) {
    if (!begun_) begin(piece);
    const std::size_t size = piece.size();
    sources_.events.with([&](const EventFeed& feed) { append_events(feed, piece); });
    for (CellsHeard& heard : cells_) append_cells(heard, size + kPieceSize, piece);
    if (piece.empty()) piece += ":\n\n";  // So that whoever is in between sees that it lives.
    const bool more = piece.size() - size >= kPieceSize;
    return more ? http::BodyStep::kMore : http::BodyStep::kWait;
  }

 private:
  static constexpr std::size_t kPieceSize = 65'536;

  // Who was here before goes on where it was; others first get to know what is.
  void begin(std::string& piece) {
    begun_ = true;
    piece += "retry: 2000\n\n";
    std::string id;
    const bool was_here = sources_.events.with([&](const EventFeed& feed) {
      const auto number = feed.number_of(last_id_);
      after_ = number.value_or(feed.last_number());
      id = feed.id(after_);
      return number.has_value();
    });
    if (was_here) return;
    append("verdicts", id, one_line(open_json(sources_.verdicts)), piece);
  }

  void append_events(const EventFeed& feed, std::string& piece) {
    const std::size_t limit = piece.size() + kPieceSize;
    for (const Event& event : feed.events()) {
      if (event.number <= after_) continue;
      if (piece.size() >= limit) return;
      if (event.number != after_ + 1) {
        append("missed", feed.id(event.number - 1),
               "{\"events\":" + std::to_string(event.number - after_ - 1) + '}', piece);
      }
      after_ = event.number;
      append(event.type, feed.id(event.number), event.json, piece);
    }
  }

  // They have no id: a client that comes back reads the grid.
  void append_cells(CellsHeard& heard, std::size_t limit, std::string& piece) {
    while (piece.size() < limit) {
      const auto json = sources_.grids.listen(heard.layer, heard.after);
      if (!json) return;
      piece += "event: cells\ndata: " + *json + "\n\n";
    }
  }

  static std::string one_line(std::string json) {
    std::erase(json, '\n');
    return json;
  }

  static void append(std::string_view type, std::string_view id, std::string_view json,
                     std::string& piece) {
    piece += "event: ";
    piece += type;
    piece += "\nid: ";
    piece += id;
    piece += "\ndata: ";
    piece += json;
    piece += "\n\n";
  }

  EventSources sources_;
  std::string last_id_;
  std::vector<CellsHeard> cells_;
  bool begun_ = false;
  std::uint64_t after_ = 0;
};

}  // namespace

http::Response get_verdicts(Guarded<VerdictPublisher>& verdicts, const http::Request& request) {
  constexpr std::array<std::string_view, 2> kKeys = {"since", "at"};
  if (auto known = http::check_query_keys(request, kKeys); !known) {
    return http::Response::error(400, known.error().message());
  }
  const Now time = now();
  const auto since = http::query_time(request, "since", time.wall);
  if (!since) return http::Response::error(400, since.error().message());
  const auto at = http::query_time(request, "at", time.wall);
  if (!at) return http::Response::error(400, at.error().message());
  if (*at)
    return *since ? http::Response::error(400, "at: not together with since")
                  : verdicts_at(verdicts, **at, time);
  std::string json = head(time);
  verdicts.with([&](const VerdictPublisher& publisher) {
    append_list(json, publisher.open(), [](const VerdictRecord&) { return true; });
    if (!*since) return;
    append_list(json, publisher.closed(),
                [&](const VerdictRecord& record) { return *record.closed >= **since; });
  });
  return http::Response::json(json + "]}\n");
}

http::Response get_events(const EventSources& sources, const http::Request& request) {
  constexpr std::array<std::string_view, 1> kKeys = {"cells"};
  if (auto known = http::check_query_keys(request, kKeys); !known) {
    return http::Response::error(400, known.error().message());
  }
  const auto cells = http::query_choice(request, "cells", std::span(kCellsChoices));
  if (!cells) return http::Response::error(400, cells.error().message());
  http::Response response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  response.source =
      EventStream(sources, std::string(request.header("Last-Event-ID")), cells_of(*cells));
  response.waits = true;
  return response;
}

}  // namespace meshcheck::server
