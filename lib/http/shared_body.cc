#include "lib/http/shared_body.h"

#include <utility>

namespace meshcheck::http {
namespace {

BodyStep append_next(std::string& piece, std::string_view bytes, std::size_t& sent) {
  const std::string_view next = bytes.substr(sent, kPieceSize);
  piece += next;
  sent += next.size();
  return sent < bytes.size() ? BodyStep::kMore : BodyStep::kEnd;
}

}  // namespace

BodySource pieces_of(SharedBody body) {
  return [body = std::move(body), sent = std::size_t{0}](std::string& piece) mutable {
    return append_next(piece, body.bytes(), sent);
  };
}

BodySource pieces_of(std::string body) {
  return [body = std::move(body), sent = std::size_t{0}](std::string& piece) mutable {
    return append_next(piece, body, sent);
  };
}

BodySource pieces_of(std::string_view bytes) {
  return [bytes, sent = std::size_t{0}](std::string& piece) mutable {
    return append_next(piece, bytes, sent);
  };
}

}  // namespace meshcheck::http
