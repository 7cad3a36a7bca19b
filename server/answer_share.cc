#include "server/answer_share.h"

#include <utility>

namespace meshcheck::server {
namespace {

constexpr std::size_t kPieceSize = 64 * 1024;

http::BodySource pieces_of(http::SharedBody body) {
  return [body = std::move(body), sent = std::size_t{0}](std::string& piece) mutable {
    const std::string_view next = body.bytes().substr(sent, kPieceSize);
    piece += next;
    sent += next.size();
    return sent < body.bytes().size() ? http::BodyStep::kMore : http::BodyStep::kEnd;
  };
}

}  // namespace

http::Response AnswerShare::answer(std::string_view content_type,
                                   const std::function<std::string()>& make) {
  http::Response response;
  response.content_type = content_type;
  http::SharedBody body = latest_.with([now = clock_()](const Latest& latest) {
    const bool is_new = now - latest.made <= kAgeMax;
    return is_new && latest.body.is_shared() ? latest.body : http::SharedBody();
  });
  if (body.bytes().empty()) {
    std::string text = make();
    if (text.size() < kSharedMin) {
      response.body = std::move(text);
      return response;
    }
    text.shrink_to_fit();
    body = http::SharedBody(std::move(text), memory_);
    // What was there before is freed behind the lock.
    Latest latest{body, clock_()};
    latest_.with([&latest](Latest& held) { std::swap(held, latest); });
  }
  response.source_size = body.bytes().size();
  response.source = pieces_of(std::move(body));
  return response;
}

void AnswerShare::forget_unused() {
  const http::SharedBody unused = latest_.with([](Latest& latest) {
    return latest.body.is_shared() ? http::SharedBody() : std::move(latest.body);
  });
}

}  // namespace meshcheck::server
