// Answers in gzip, over a real connection.
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/http/content_coding.h"
#include "lib/http/server.h"
#include "lib/testing/loop.h"
#include "lib/testing/raw_client.h"

namespace meshcheck::http {
namespace {

std::string gunzip(std::string bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
  std::string out(1U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

class ServerCodingTest : public testing::Test {
 protected:
  ServerCodingTest() {
    add("/small", [] { return Response::json(std::string(kGzipMin - 1, 'x')); });
    add("/large", [] { return Response::json(std::string(kGzipMin, 'x')); });
    add("/padding", [] {
      Response response = Response::json(std::string(100'000, '0'));
      response.as_is = true;
      return response;
    });
    add("/coded", [] {
      Response response = Response::json(gzip("coded before"));
      response.headers.emplace_back("Content-Encoding", "gzip");
      return response;
    });
    add("/known", [] {
      Response response;
      response.status = 304;
      response.headers.emplace_back("Vary", "Accept-Encoding");
      return response;
    });
    add("/pieces", [] {
      Response response;
      response.source = [left = kPieces](std::string& piece) mutable {
        piece = "piece " + std::to_string(left) + '\n';
        return --left > 0 ? BodyStep::kMore : BodyStep::kEnd;
      };
      return response;
    });
    add("/events", [] {
      Response response;
      response.waits = true;
      response.source = [](std::string& piece) {
        piece = "data: x\n\n";
        return BodyStep::kEnd;
      };
      return response;
    });
    auto server = Server::listen(loop_, *Endpoint::parse("127.0.0.1:0"), router_, counters_,
                                 {.memory = &memory_});
    EXPECT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  template <typename Make>
  void add(std::string_view path, Make make) {
    router_.add(Method::kGet, path, [make](const Request&) { return make(); });
  }

  // All that came of it. HTTP/1.0: what has no length ends with the connection.
  const TestClient& ask(const std::string& path, const std::string& codings,
                        const std::string& method = "GET") {
    clients_.push_back(std::make_unique<TestClient>(
        loop_, server_->local(),
        method + " " + path + " HTTP/1.0\r\nAccept-Encoding: " + codings + "\r\n\r\n"));
    EXPECT_TRUE(uv::run_until(loop_, [&] { return clients_.back()->ended; }));
    return *clients_.back();
  }
  static bool has(const TestClient& client, const char* header) {
    const std::string head = client.received.substr(0, client.received.find("\r\n\r\n") + 2);
    return head.find(std::string("\r\n") + header + "\r\n") != std::string::npos;
  }

  static constexpr int kPieces = 2000;
  uv::Loop loop_;
  Router router_;
  Counters counters_;
  MemoryBudget memory_{16U << 20U};
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<TestClient>> clients_;
};

TEST_F(ServerCodingTest, CompressesLargeBodiesForThoseWhoTakeGzip) {
  const TestClient& taken = ask("/large", "gzip");
  EXPECT_TRUE(has(taken, "Content-Encoding: gzip"));
  EXPECT_TRUE(has(taken, "Vary: Accept-Encoding"));
  EXPECT_LT(taken.body().size(), 100U);
  EXPECT_EQ(gunzip(taken.body()), std::string(kGzipMin, 'x'));
  const TestClient& other = ask("/large", "br");
  EXPECT_FALSE(has(other, "Content-Encoding: gzip"));
  EXPECT_TRUE(has(other, "Vary: Accept-Encoding")) << "or a cache gives it the other one";
  EXPECT_EQ(other.body(), std::string(kGzipMin, 'x'));
}

TEST_F(ServerCodingTest, LeavesSmallOnesAndPaddingAlone) {
  const TestClient& small = ask("/small", "gzip");
  EXPECT_FALSE(has(small, "Vary: Accept-Encoding"));
  EXPECT_EQ(small.body().size(), kGzipMin - 1);
  EXPECT_EQ(ask("/padding", "gzip").body().size(), 100'000U);
}

TEST_F(ServerCodingTest, CompressesNothingForAHeadAndSaysWhatGetWould) {
  const TestClient& head = ask("/large", "gzip", "HEAD");
  EXPECT_TRUE(has(head, "Content-Encoding: gzip"));
  EXPECT_TRUE(has(head, "Content-Type: application/json"));
  EXPECT_TRUE(has(head, "Vary: Accept-Encoding"));
  EXPECT_EQ(head.received.find("Content-Length"), std::string::npos)
      << "which is not known: " << head.received;
  EXPECT_EQ(head.body(), "");
  EXPECT_TRUE(has(ask("/large", "", "HEAD"), "Content-Length: 1024"));
  EXPECT_TRUE(has(ask("/coded", "gzip", "HEAD"),
                  ("Content-Length: " + std::to_string(gzip("coded before").size())).c_str()));
}

TEST_F(ServerCodingTest, SaysNoLengthOfWhatTheClientHas) {
  const TestClient& client = ask("/known", "gzip");
  EXPECT_TRUE(client.received.starts_with("HTTP/1.1 304 Not Modified\r\n")) << client.received;
  EXPECT_TRUE(has(client, "Vary: Accept-Encoding"));
  EXPECT_EQ(client.received.find("Content-Length"), std::string::npos) << client.received;
}

TEST_F(ServerCodingTest, CodesNothingTwice) {
  const TestClient& client = ask("/coded", "gzip");
  EXPECT_TRUE(has(client, "Vary: Accept-Encoding"));
  EXPECT_EQ(gunzip(client.body()), "coded before");
}

TEST_F(ServerCodingTest, CompressesWhatIsMadePieceByPiece) {
  std::string all;
  for (int left = kPieces; left > 0; --left) all += "piece " + std::to_string(left) + '\n';
  const TestClient& client = ask("/pieces", "gzip");
  EXPECT_TRUE(has(client, "Content-Encoding: gzip"));
  EXPECT_LT(client.body().size(), all.size() / 2);
  EXPECT_EQ(gunzip(client.body()), all);
  EXPECT_EQ(ask("/pieces", "").body(), all);
}

TEST_F(ServerCodingTest, CompressesNoPiecesWhereMemoryIsShort) {
  memory_.change(0, 16U << 20U);
  EXPECT_FALSE(has(ask("/pieces", "gzip"), "Content-Encoding: gzip"));
  memory_.change(16U << 20U, 0);
  EXPECT_TRUE(has(ask("/pieces", "gzip"), "Content-Encoding: gzip"));
  EXPECT_LT(memory_.held(), GzipStream::kMemory) << "and gives it back";
}

TEST_F(ServerCodingTest, LeavesStreamsOfEventsAlone) {
  const TestClient& client = ask("/events", "gzip");
  EXPECT_FALSE(has(client, "Content-Encoding: gzip"));
  EXPECT_EQ(client.body(), "data: x\n\n");
}

}  // namespace
}  // namespace meshcheck::http
