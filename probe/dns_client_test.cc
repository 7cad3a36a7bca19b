#include "probe/dns_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <optional>

#include "lib/base/time.h"
#include "lib/testing/dns_server.h"
#include "lib/testing/loop.h"
#include "lib/testing/no_descriptors.h"
#include "probe/descriptor.h"
#include "probe/network_testing.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

const IpAddress kIpv4 = *IpAddress::parse("192.0.2.1");
const IpAddress kIpv6 = *IpAddress::parse("2001:db8::1");

std::optional<std::string> both(const DnsQuestion& question) {
  return dns_answer(question, 0, {question.type == kTypeA ? kIpv4 : kIpv6});
}

// Takes the only local port there is; in a network of its own.
class OnlyPort {
 public:
  OnlyPort() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    socklen_t size = sizeof any;
    auto* const raw = reinterpret_cast<sockaddr*>(&any);
    EXPECT_EQ(bind(socket_.get(), raw, size), 0);
    EXPECT_EQ(getsockname(socket_.get(), raw, &size), 0);
    const std::uint16_t port = Endpoint::from_sockaddr(raw).port;
    std::ofstream("/proc/sys/net/ipv4/ip_local_port_range") << port << " " << port;
  }

 private:
  const Descriptor socket_{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

class DnsClientTest : public testing::Test {
 protected:
  ~DnsClientTest() override {
    if (!resolv_conf_.empty()) unlink(resolv_conf_.c_str());
  }

  void serve(TestDnsServer::Answer answer) { server_.emplace(loop_, std::move(answer)); }
  // The system's search domains have no place in a test.
  void write_resolv_conf(const std::string& text) {
    resolv_conf_ = testing::TempDir() + "resolv_conf_" + std::to_string(getpid());
    std::ofstream(resolv_conf_) << text;
  }
  DnsOutcome run(const std::string& name, std::chrono::milliseconds timeout = 5s) {
    if (resolv_conf_.empty()) write_resolv_conf("nameserver 127.0.0.1\nsearch .\n");
    options_.resolv_conf = resolv_conf_;
    if (server_) options_.servers = {server_->endpoint()};
    DnsClient client(loop_, options_);
    std::optional<DnsOutcome> outcome;
    std::optional<DnsLookup> lookup;
    const auto started = Clock::now();
    lookup.emplace(client.lookup(name, timeout, [&](DnsOutcome result) {
      outcome = std::move(result);
      lookup.reset();
    }));
    EXPECT_FALSE(outcome) << "called later";
    EXPECT_TRUE(run_until(
        loop_, [&] { return outcome.has_value(); }, 10s));
    elapsed_ = Clock::now() - started;
    EXPECT_EQ(client.lookups(), 0U);
    return outcome.value_or(DnsOutcome{});
  }

  uv::Loop loop_;
  DnsClient::Options options_;
  std::optional<TestDnsServer> server_;
  std::string resolv_conf_;
  Clock::duration elapsed_{};
};

TEST_F(DnsClientTest, GivesTheAddressesOfBothFamiliesEachWithItsTime) {
  serve(both);
  const auto outcome = run("x.example");
  EXPECT_EQ(outcome.error(), "");
  EXPECT_EQ(outcome.addresses(), (std::vector{kIpv4, kIpv6}));
  EXPECT_FALSE(outcome.from_hosts_file);
  for (const DnsAnswer& answer : {outcome.ipv4, outcome.ipv6}) {
    EXPECT_EQ(answer.status, DnsStatus::kAnswered);
    EXPECT_GT(answer.elapsed, 0ns);
    EXPECT_LE(answer.elapsed, elapsed_);
  }
  EXPECT_EQ(outcome.elapsed(), std::max(outcome.ipv4.elapsed, outcome.ipv6.elapsed));
}

TEST_F(DnsClientTest, IsContentWithOneFamily) {
  serve([](const DnsQuestion& question) {
    return dns_answer(question, 0,
                      question.type == kTypeA ? std::vector{kIpv4} : std::vector<IpAddress>{});
  });
  const auto outcome = run("x.example");
  EXPECT_EQ(outcome.error(), "");
  EXPECT_EQ(outcome.addresses(), std::vector{kIpv4});
  EXPECT_EQ(outcome.ipv6.status, DnsStatus::kNoAddress);
}

TEST_F(DnsClientTest, SaysWhyThereIsNoAddress) {
  const std::vector<std::pair<int, std::string>> cases = {{0, "no address of that name"},
                                                          {2, "server failure"},
                                                          {3, "no such name"},
                                                          {5, "refused by the server"}};
  for (const auto& [rcode, text] : cases) {
    serve([code = rcode](const DnsQuestion& question) { return dns_answer(question, code); });
    EXPECT_EQ(run("x.example").error(), text);
  }
}

TEST_F(DnsClientTest, EndsWithItsTimeoutWhenNobodyAnswers) {
  serve([](const DnsQuestion&) { return std::nullopt; });
  EXPECT_EQ(run("x.example", 100ms).error(), "timed out");
  EXPECT_GE(elapsed_, 95ms);
  EXPECT_LT(elapsed_, 2s);
}

// A process that did not run for a while has not lost the answers.
TEST_F(DnsClientTest, FindsAfterAStallWhatCameInTime) {
  serve(both);
  options_.servers = {server_->endpoint()};
  DnsClient client(loop_, options_);
  std::optional<DnsOutcome> outcome;
  const auto lookup =
      client.lookup("x.example.", 50ms, [&](DnsOutcome result) { outcome = std::move(result); });
  while (server_->asked.size() < 2) loop_.run_once();
  for (const auto begin = Clock::now(); Clock::now() - begin < 100ms;) continue;
  EXPECT_TRUE(run_until(loop_, [&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->error(), "");
}

// What c-ares resends is answered, so a lost datagram costs time and not the look-up.
TEST_F(DnsClientTest, AsksAgainWhenADatagramIsLost) {
  options_.server_timeout = 30ms;
  bool lost = false;
  serve([&lost](const DnsQuestion& question) -> std::optional<std::string> {
    if (question.type == kTypeAaaa && !std::exchange(lost, true)) return std::nullopt;
    return both(question);
  });
  const auto outcome = run("x.example");
  EXPECT_EQ(outcome.error(), "");
  EXPECT_TRUE(lost);
  EXPECT_LT(outcome.ipv4.elapsed, outcome.ipv6.elapsed);
  EXPECT_GE(outcome.ipv6.elapsed, 25ms);
}

// As the race in conntrack makes it, by which programs hang for seconds.
TEST_F(DnsClientTest, CountsAnUnansweredQuestionEvenWhenTheOtherIsAnswered) {
  serve([](const DnsQuestion& question) {
    return question.type == kTypeA ? both(question) : std::nullopt;
  });
  const auto outcome = run("x.example", 100ms);
  EXPECT_EQ(outcome.error(), "timed out");
  EXPECT_EQ(outcome.addresses(), std::vector{kIpv4});
}

TEST_F(DnsClientTest, SurvivesGarbage) {
  serve([](const DnsQuestion& question) {
    std::string answer = dns_answer(question, 0, {kIpv4});
    answer.resize(answer.size() - 3);
    return std::optional(answer);
  });
  EXPECT_EQ(run("x.example").error(), "malformed answer");
  serve([](const DnsQuestion&) { return std::optional<std::string>("\xff\xff\xff"); });
  EXPECT_EQ(run("x.example", 100ms).error(), "timed out");
}

TEST_F(DnsClientTest, SaysThatNothingListensThere) {
  serve(both);
  options_.servers = {server_->endpoint()};
  options_.server_timeout = 20ms;
  server_.reset();
  EXPECT_EQ(run("x.example").error(), "server unreachable");
}

TEST_F(DnsClientTest, SearchesAsResolvConfSays) {
  write_resolv_conf("search a.test b.test\noptions ndots:2\n");
  serve([](const DnsQuestion& question) {
    return question.name == "x.y.b.test" ? both(question) : dns_answer(question, 3);
  });
  EXPECT_EQ(run("x.y").error(), "");
  EXPECT_EQ(server_->asked, (std::vector<std::string>{"x.y.a.test A", "x.y.a.test AAAA",
                                                      "x.y.b.test A", "x.y.b.test AAAA"}));
  server_->asked.clear();
  EXPECT_EQ(run("x.y.z").error(), "no such name");
  EXPECT_EQ(server_->asked.front(), "x.y.z A") << "enough dots: first as it is";
  EXPECT_EQ(server_->asked.size(), 6U);
  server_->asked.clear();
  EXPECT_EQ(run("x.").error(), "no such name");
  EXPECT_EQ(server_->asked, (std::vector<std::string>{"x A", "x AAAA"})) << "fully qualified";
}

TEST_F(DnsClientTest, LooksIntoTheHostsFileFirst) {
  serve(both);
  const auto outcome = run("localhost");
  EXPECT_TRUE(outcome.from_hosts_file);
  EXPECT_EQ(outcome.error(), "");
  ASSERT_FALSE(outcome.addresses().empty());
  EXPECT_TRUE(server_->asked.empty());
}

TEST_F(DnsClientTest, RefusesWhatIsNoName) {
  serve(both);
  EXPECT_EQ(run(std::string(64, 'a') + ".example").error(), "not a name");
}

TEST_F(DnsClientTest, HasABoundOfLookupsUnderWay) {
  serve([](const DnsQuestion&) { return std::nullopt; });
  options_.lookups_max = 2;
  options_.servers = {server_->endpoint()};
  DnsClient client(loop_, options_);
  std::vector<DnsLookup> lookups;
  std::vector<DnsOutcome> outcomes;
  for (int i = 0; i < 3; ++i) {
    lookups.push_back(client.lookup(
        "x.example", 5s, [&](DnsOutcome outcome) { outcomes.push_back(std::move(outcome)); }));
  }
  EXPECT_TRUE(run_until(loop_, [&] { return !outcomes.empty(); }));
  EXPECT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes.front().ipv4.status, DnsStatus::kInternal);
  lookups.clear();
  EXPECT_EQ(client.lookups(), 0U);
}

TEST_F(DnsClientTest, IsSilentOnceALookupIsDestroyed) {
  serve(both);
  options_.servers = {server_->endpoint()};
  DnsClient client(loop_, options_);
  {
    auto lookup = client.lookup("x.example", 5s,
                                [](const auto&) { ADD_FAILURE() << "called after its end"; });
    const DnsLookup moved = std::move(lookup);
    EXPECT_EQ(client.lookups(), 1U);
  }
  EXPECT_EQ(client.lookups(), 0U);
  EXPECT_TRUE(run_until(loop_, [&] { return server_->asked.size() == 2; }));
}

TEST_F(DnsClientTest, SaysThatNoPortIsLeftToAskFrom) {
  in_own_network([this] {
    serve(both);
    const OnlyPort taken;
    const DnsOutcome outcome = run("a.test", 500ms);
    EXPECT_EQ(outcome.error(), kNoPortLeft);
    EXPECT_EQ(outcome.own_fault(), OwnFault::kNoPort);
  });
}

TEST_F(DnsClientTest, TakesABoundOfItsOwnForNoFaultOfTheServers) {
  serve(both);
  options_.lookups_max = 0;
  EXPECT_EQ(run("a.test").own_fault(), OwnFault::kInternal);
}

}  // namespace
}  // namespace meshcheck::probe
