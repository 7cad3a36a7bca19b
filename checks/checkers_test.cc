#include <fstream>

#include "checks/check_testing.h"
#include "lib/testing/http_stub_server.h"
#include "lib/testing/temporary_directory.h"
#include "probe/icmp_prober.h"

namespace meshcheck::checks {
namespace {

using namespace std::chrono_literals;
using http::TestServer;
using nlohmann::json;

class HttpCheckTest : public CheckFixture {
 protected:
  // The server's URL under another name.
  std::string url(const std::string& host = "127.0.0.1") const {
    const std::string own = server_.url("/path");
    return "http://" + host + own.substr(own.rfind(':'));
  }
  TestServer server_{loop_};
};

TEST_F(HttpCheckTest, ComparesStatusAndBody) {
  server_.answer = TestServer::ok("I am well");
  EXPECT_EQ(run("http", {{"url", url()}}), "up");
  EXPECT_EQ(run("http", {{"url", url()}, {"contains", "well"}}), "up");
  EXPECT_EQ(run("http", {{"url", url()}, {"contains", "ill"}}),
            "down: 127.0.0.1: the answer does not contain ill");
  EXPECT_EQ(run("http", {{"url", url()}, {"status", 204}}), "down: 127.0.0.1: status 200");
  server_.answer = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(run("http", {{"url", url()}}), "down: 127.0.0.1: status 500");
  EXPECT_EQ(run("http", {{"url", url()}, {"status", 500}}), "up");
}

TEST_F(HttpCheckTest, AsksAllAddressesOfTheName) {
  server_.answer = TestServer::ok("");
  EXPECT_EQ(run("http", {{"url", url("two.example")}}), "up");
  const std::string found = run("http", {{"url", url("two.example")}, {"follow", "all"}});
  EXPECT_TRUE(found.starts_with("down: 127.0.0.2: ")) << found;
  EXPECT_NE(server_.requests.front().find("Host: two.example:"), std::string::npos);
}

TEST_F(HttpCheckTest, CannotTellWithoutAnAddress) {
  EXPECT_EQ(run("http", {{"url", url("none.example")}}),
            "unknown: look-up of none.example: no such name");
  EXPECT_EQ(run("http", {{"url", url("silent.example")}}, 400ms),
            "unknown: look-up of silent.example: timed out");
}

TEST_F(HttpCheckTest, IsDownWhenNobodyAnswersInTime) {
  const auto begin = Clock::now();
  const std::string found = run("http", {{"url", url()}}, 300ms);
  EXPECT_TRUE(found.starts_with("down: ")) << found;
  EXPECT_LT(Clock::now() - begin, 2s);
}

TEST_F(HttpCheckTest, ShowsTheTokenOfItsFileAsItIsNow) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/token";
  server_.answer = TestServer::ok("");
  const auto check = make("http", {{"url", url()}, {"token_file", path}});
  EXPECT_EQ(run(*check), "unknown: open " + path + ": No such file or directory");
  std::ofstream(path) << "abc\n";
  EXPECT_EQ(run(*check), "up");
  EXPECT_NE(server_.requests.front().find("Authorization: Bearer abc\r\n"), std::string::npos);
  EXPECT_EQ(run("http", {{"url", url()}, {"ca_file", path + "x"}}),
            "unknown: open " + path + "x: No such file or directory");
}

TEST_F(HttpCheckTest, RefusesKeysThatMakeNoSense) {
  EXPECT_EQ(refusal("http", json::object()), "group/probe: with.url: a text of one line is wanted");
  EXPECT_EQ(refusal("http", {{"url", "ftp://x"}}),
            "group/probe: with.url: http://HOST/... or https://HOST/... is wanted");
  EXPECT_EQ(refusal("http", {{"url", "http://x"}, {"follow", "some"}}),
            "group/probe: with.follow: any or all is wanted");
  EXPECT_EQ(refusal("http", {{"url", "http://x"}, {"status", 99}}),
            "group/probe: with.status: a number from 100 to 599 is wanted");
  EXPECT_EQ(refusal("http", {{"url", "http://[::1]:80"}, {"statsu", 200}}),
            "group/probe: with.statsu: unknown key");
  EXPECT_EQ(refusal("pigeon", json::object()), "group/probe: there is no checker pigeon");
}

using TcpCheckTest = HttpCheckTest;

TEST_F(TcpCheckTest, ConnectsToAnyOrAllAddresses) {
  const std::string port = url().substr(url().rfind(':'), url().rfind('/') - url().rfind(':'));
  EXPECT_EQ(run("tcp", {{"address", "127.0.0.1" + port}}), "up");
  EXPECT_EQ(run("tcp", {{"address", "two.example" + port}}), "up");
  EXPECT_EQ(run("tcp", {{"address", "two.example" + port}, {"follow", "all"}}),
            "down: 127.0.0.2" + port + ": connection refused");
  EXPECT_EQ(run("tcp", {{"address", "none.example" + port}}),
            "unknown: look-up of none.example: no such name");
  EXPECT_TRUE(
      refusal("tcp", {{"address", "127.0.0.1"}}).starts_with("group/probe: with.address: "));
}

TEST_F(TcpCheckTest, WorksOverIpv6) {
  auto listening =
      uv::TcpListener::listen(loop_, *Endpoint::parse("[::1]:0"), {}, [](const uv::TcpStream&) {});
  if (!listening) GTEST_SKIP() << "there is no IPv6 here";
  const std::string port = std::to_string(listening->local().port);
  EXPECT_EQ(run("tcp", {{"address", "six.example:" + port}}), "up");
  EXPECT_EQ(run("tcp", {{"address", "[::1]:" + port}}), "up");
}

TEST_F(HttpCheckTest, WorksOverIpv6) {
  std::optional<uv::TcpStream> stream;
  auto listening = uv::TcpListener::listen(
      loop_, *Endpoint::parse("[::1]:0"), {}, [&stream](uv::TcpStream accepted) {
        stream.emplace(std::move(accepted));
        stream->start(
            {.on_data = [&stream](std::string_view) { stream->write(TestServer::ok("")); },
             .on_end = [](const std::optional<Error>&) {},
             .on_drained = {}});
      });
  if (!listening) GTEST_SKIP() << "there is no IPv6 here";
  const std::string port = std::to_string(listening->local().port);
  EXPECT_EQ(run("http", {{"url", "http://six.example:" + port + "/"}}), "up");
  EXPECT_EQ(run("http", {{"url", "http://[::1]:" + port + "/"}}), "up");
}

using DnsCheckTest = CheckFixture;

TEST_F(DnsCheckTest, IsDownWithoutAnAnswer) {
  EXPECT_EQ(run("dns", {{"name", "two.example"}}), "up");
  EXPECT_EQ(run("dns", {{"name", "none.example"}}), "down: no such name");
  EXPECT_EQ(run("dns", {{"name", "silent.example"}}, 200ms), "down: timed out");
}

using IcmpCheckTest = CheckFixture;

TEST_F(IcmpCheckTest, HearsTheLoopback) {
  if (!probe::IcmpProber(loop_, {}, {}).available(IpAddress::Family::kIpv4)) {
    GTEST_SKIP() << "there is no ICMP here";
  }
  EXPECT_EQ(run("icmp", {{"address", "127.0.0.1"}}), "up");
  EXPECT_EQ(run("icmp", {{"address", "two.example"}}), "up");
  EXPECT_EQ(run("icmp", {{"address", "none.example"}}),
            "unknown: look-up of none.example: no such name");
}

using PathCheckTest = CheckFixture;

TEST_F(PathCheckTest, JudgesThePathsOfTheMesh) {
  PathCounts counts;
  context_.paths = [&counts] { return counts; };
  const json any{{"follow", "any"}};
  const json all = json::object();
  EXPECT_EQ(run("path", all), "unknown: there is no path");
  counts = {.unknown = 2};
  EXPECT_EQ(run("path", any), "unknown: no path is known yet");
  counts = {.up = 2, .down = 1};
  EXPECT_EQ(run("path", any), "up");
  EXPECT_EQ(run("path", all), "down: 1 of 3 paths are down");
  counts = {.down = 3, .unknown = 1};
  EXPECT_EQ(run("path", any), "down: 3 of 4 paths are down");
}

TEST(FactoryTest, AsksForCheckersThatAreNotItsOwn) {
  uv::Loop loop;
  http::Client client(loop, {});
  probe::DnsClient dns(loop, {});
  Context context{.loop = loop, .client = client, .dns = dns, .paths = {}, .make_other = {}};
  context.make_other = [](const sla::CheckSpec& spec) -> Made {
    return Error("nothing for " + spec.checker);
  };
  const auto made = make_check(context, {.ref = {"g", "p"}, .name = "c", .checker = "other"});
  EXPECT_EQ(made.error().message(), "g/p/c: nothing for other");
}

}  // namespace
}  // namespace meshcheck::checks
