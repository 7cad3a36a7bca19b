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
  http::SharedBody body = latest.with([now = clock_()](const Latest& held) {
    const bool is_new = now - held.made <= kAgeMax;
    return is_new && held.body.is_shared() ? held.body : http::SharedBody();
  });
  if (body.bytes().empty()) {
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
    Latest made{body, clock_()};
    latest.with([&made](Latest& held) { std::swap(held, made); });
  }
  response.source_size = body.bytes().size();
  response.source = http::pieces_of(std::move(body));
  return response;
}

void AnswerShare::forget_unused() {
  for (Guarded<Latest>& latest : latest_) {
    const http::SharedBody unused = latest.with([](Latest& held) {
      return held.body.is_shared() ? http::SharedBody() : std::move(held.body);
    });
  }
}

}  // namespace meshcheck::server
