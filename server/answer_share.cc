#include "server/answer_share.h"

#include <utility>

#include "lib/http/content_coding.h"

namespace meshcheck::server {
http::Response AnswerShare::answer(std::string_view content_type, const http::Request& request,
                                   const std::function<std::string()>& make) {
  const bool gzips = request.method != http::Method::kHead && http::accepts_gzip(request);
  Guarded<Latest>& latest = latest_.at(gzips ? 1 : 0);
  http::Response response;
  response.content_type = content_type;
  if (gzips) response.headers.emplace_back("Content-Encoding", "gzip");
  Latest kept = latest.with(
      [now = clock_()](Latest& held) { return held.is_new(now) ? held : std::exchange(held, {}); });
  // One that is too old makes room for the next.
  if (!kept.is_new(clock_())) kept = {};
  http::SharedBody body = std::move(kept.body);
  if (body.bytes().empty()) {
    if (kept.size != 0 && memory_.is_short_of(kept.size)) return http::Response::no_memory();
    std::string text = make();
    if (gzips && text.size() >= http::kGzipMin) {
      text = http::gzip(text);
    } else {
      response.headers.clear();
    }
    if (text.size() < kSharedMin) {
      response.body = std::move(text);
      return response;
    }
    text.shrink_to_fit();
    body = http::SharedBody(std::move(text), memory_);
    // What was there before is freed behind the lock.
    const bool fits = !memory_.is_short_of(0);
    Latest made{fits ? body : http::SharedBody(), body.bytes().size(), clock_()};
    latest.with([&made](Latest& before) { std::swap(before, made); });
  }
  response.source_size = body.bytes().size();
  response.source = http::pieces_of(std::move(body));
  return response;
}

void AnswerShare::forget_unused() {
  const Clock::time_point now = clock_();
  const bool is_in_the_way = memory_.is_short_of(0);
  for (Guarded<Latest>& latest : latest_) {
    const Latest unused = latest.with([&](Latest& held) {
      const bool stays = held.body.is_shared() || (held.is_new(now) && !is_in_the_way);
      return stays || held.body.bytes().empty() ? Latest() : std::exchange(held, {});
    });
  }
}

}  // namespace meshcheck::server
