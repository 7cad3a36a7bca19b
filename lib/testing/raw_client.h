// For the server's tests: a client that sends exactly what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "lib/uv/tcp_stream.h"

namespace meshcheck::http {

// Keeps what it receives and knows when the server has closed.
struct TestClient {
  TestClient(uv::Loop& loop, const Endpoint& server, std::string request)
      : stream(loop), to_send(std::move(request)) {
    EXPECT_TRUE(stream.connect(server, [this](const Result<void>& result) {
      EXPECT_TRUE(result);
      stream.start({.on_data = [this](std::string_view bytes) { received += bytes; },
                    .on_end = [this](const std::optional<Error>&) { ended = true; },
                    .on_drained = {}});
      stream.write(to_send);
    }));
  }
  // All bytes behind the first answer's headers.
  std::string body() const {
    const auto end = received.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : received.substr(end + 4);
  }

  uv::TcpStream stream;
  std::string to_send;
  std::string received;
  bool ended = false;
};

}  // namespace meshcheck::http
