// For tests: a server with TLS on a loop, with its certificates.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "lib/http/server.h"
#include "lib/testing/certificates.h"
#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::http {

class TlsFixture : public testing::Test {
 protected:
  TlsFixture() {
    std::signal(SIGPIPE, SIG_IGN);
    router_.add(Method::kGet, "/ping", [](const Request&) { return Response(); });
    router_.add(Method::kPost, "/echo", [](const Request& request) {
      Response response;
      response.body = request.body;
      return response;
    });
    router_.add(Method::kGet, "/who", [](const Request& request) {
      Response response;
      response.body = "[" + std::string(request.client_name) + "]";
      return response;
    });
    router_.add(Method::kGet, "/large", [](const Request&) {
      Response response;
      response.body.assign(kLargeSize, '#');
      return response;
    });
    router_.add(Method::kGet, "/stream", [this](const Request&) {
      Response response;
      response.source = [this, left = kPieces](std::string& piece) mutable {
        ++pieces_;
        piece.assign(kLargeSize, static_cast<char>('a' + left % 26));
        return --left > 0 ? BodyStep::kMore : BodyStep::kEnd;
      };
      return response;
    });
    router_.add(Method::kGet, "/events", [this](const Request&) {
      Response response;
      response.waits = true;
      response.source = [this](std::string& piece) {
        piece = std::exchange(news_, "");
        return BodyStep::kWait;
      };
      return response;
    });
  }

  // Writes an identity where load() and reload() read it.
  void show(const TestIdentity& identity) {
    files_.write("tls.crt", identity.certificate);
    files_.write("tls.key", identity.key);
  }
  TlsContext::Options tls_options(TlsContext::Clients clients = TlsContext::Clients::kAnonymous) {
    TlsContext::Options options;
    options.certificate_file = files_.file("tls.crt");
    options.key_file = files_.file("tls.key");
    options.clients = clients;
    options.client_ca_file = files_.write("clients.crt", client_authority_.certificate());
    return options;
  }

  void listen(TlsContext::Clients clients = TlsContext::Clients::kAnonymous,
              Server::Options options = {}) {
    show(authority_.issue("server"));
    auto context = TlsContext::load(tls_options(clients));
    ASSERT_TRUE(context) << context.error().message();
    context_ = *std::move(context);
    options.tls = context_.get();
    auto server =
        Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    ASSERT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  // Runs the loop until `done`; a test that waits ten seconds has failed.
  template <typename Done>
  void run_until(Done&& done) {
    EXPECT_TRUE(uv::run_until(loop_, done, std::chrono::seconds(10)));
  }

  static constexpr std::size_t kLargeSize = 200'000;
  static constexpr int kPieces = 100;
  TemporaryDirectory files_;
  TestAuthority authority_{"servers' root"};
  TestAuthority client_authority_{"clients' root"};
  uv::Loop loop_;
  Router router_;
  Counters counters_;
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<Server> server_;
  int pieces_ = 0;
  std::string news_;
};

}  // namespace meshcheck::http
