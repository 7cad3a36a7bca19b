#include "lib/http/shared_body.h"

#include <utility>

namespace meshcheck::http {

BodySource pieces_of(SharedBody body) {
  return [body = std::move(body), sent = std::size_t{0}](std::string& piece) mutable {
    constexpr std::size_t kPieceSize = 64 * 1024;
    const std::string_view next = body.bytes().substr(sent, kPieceSize);
    piece += next;
    sent += next.size();
    return sent < body.bytes().size() ? BodyStep::kMore : BodyStep::kEnd;
  };
}

}  // namespace meshcheck::http
