// For the client's tests: a server on loopback that sends exactly what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/http/client.h"
#include "lib/uv/tcp_listener.h"

namespace meshcheck::http {

// Counts connections, keeps every request's bytes, and answers each with `answer`; silent if that
// is empty. Requests carry a body only if it is sent in one piece, which loopback does for small
// ones.
class TestServer {
 public:
  explicit TestServer(uv::Loop& loop) {
    auto listening =
        uv::TcpListener::listen(loop, *Endpoint::parse("127.0.0.1:0"), {},
                                [this](uv::TcpStream stream) { accept(std::move(stream)); });
    EXPECT_TRUE(listening);
    listener_.emplace(*std::move(listening));
  }

  std::string url(const std::string& path = "/") const {
    return "http://" + listener_->local().text() + path;
  }
  static std::string ok(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  // Sends unasked bytes on the newest connection.
  void say(std::string_view bytes) { streams_.back().write(bytes); }
  void hang_up() { streams_.back().finish_writing(); }

  std::string answer;
  bool close_after_answer = false;
  std::function<void()> on_request = [] {};
  std::vector<std::string> requests;
  std::size_t connections = 0;
  std::size_t closed_by_client = 0;

 private:
  void accept(uv::TcpStream accepted) {
    ++connections;
    streams_.push_back(std::move(accepted));
    uv::TcpStream* const stream = &streams_.back();
    stream->start({.on_data =
                       [this, stream](std::string_view bytes) {
                         requests.emplace_back(bytes);
                         if (!answer.empty()) stream->write(answer);
                         if (close_after_answer) stream->finish_writing();
                         on_request();
                       },
                   .on_end = [this](const std::optional<Error>&) { ++closed_by_client; },
                   .on_drained = {}});
  }

  std::optional<uv::TcpListener> listener_;
  std::list<uv::TcpStream> streams_;
};

class ClientFixture : public testing::Test {
 protected:
  // Runs the loop until the call has ended.
  Outcome fetch(ClientRequest request) {
    std::optional<Outcome> result;
    const Call call = client_.start(std::move(request), [&](Outcome outcome) {
      result = std::move(outcome);
      loop_.stop();
    });
    loop_.run();
    EXPECT_TRUE(result);
    return result ? *std::move(result) : Outcome{};
  }
  Outcome get(const std::string& url) {
    ClientRequest request;
    request.url = url;
    return fetch(std::move(request));
  }

  uv::Loop loop_;
  TestServer server_{loop_};
  Client client_{loop_, {.connections_max = 4, .user_agent = "test-agent"}};
};

}  // namespace meshcheck::http
