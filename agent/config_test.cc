#include "agent/config.h"

#include <gtest/gtest.h>

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

std::variant<Config, Exit> configure_with(std::vector<std::string> arguments,
                                          std::string pod_name = "pod-1") {
  return configure({"prog", Layer::kPod}, {std::move(arguments), std::move(pod_name), "node-1"});
}

Config config_with(const std::vector<std::string>& arguments) {
  auto result = configure_with(arguments);
  EXPECT_TRUE(std::holds_alternative<Config>(result));
  return std::holds_alternative<Config>(result) ? std::get<Config>(result) : Config{};
}

Exit exit_with(const std::vector<std::string>& arguments, const std::string& pod_name = "pod-1") {
  auto result = configure_with(arguments, pod_name);
  EXPECT_TRUE(std::holds_alternative<Exit>(result));
  return std::holds_alternative<Exit>(result) ? std::get<Exit>(result) : Exit{};
}

TEST(ConfigTest, HasTheDefaultsOfNetcheckersAgent) {
  const Config config = config_with({});
  EXPECT_EQ(config.report_url(), "http://netchecker-service:8081/api/v1/agents/pod-1");
  EXPECT_EQ(config.interval, std::chrono::seconds(60));
  EXPECT_EQ(config.zero_extender_length, 1500U);
  EXPECT_FALSE(config.padding_sweep);
  EXPECT_EQ(config.probe_urls,
            std::vector<std::string>{"http://netchecker-service:8081/api/v1/ping"});
}

TEST(ConfigTest, TakesTheArgumentsOfKubespraysDeployment) {
  const Config config =
      config_with({"-v=5", "-alsologtostderr=true", "-serverendpoint=netchecker-service:8081",
                   "-reportinterval=15"});
  EXPECT_EQ(config.interval, std::chrono::seconds(15));
  EXPECT_TRUE(config.log.enabled(Log::Level::kDebug));
}

TEST(ConfigTest, ProbesTheServerLastAndAddsMissingSchemes) {
  const Config config =
      config_with({"-probeurls", "https://a/x;b:80/y,", "-serverendpoint", "[::1]:9"});
  EXPECT_EQ(config.probe_urls, (std::vector<std::string>{"https://a/x", "http://b:80/y",
                                                         "http://[::1]:9/api/v1/ping"}));
}

TEST(ConfigTest, AsksTheServerOverTlsWhereAskedTo) {
  const Config config = config_with({"-serverendpoint=https://a:1"});
  EXPECT_EQ(config.report_url(), "https://a:1/api/v1/agents/pod-1");
  EXPECT_EQ(config.ping_url(), "https://a:1/api/v1/ping");
  EXPECT_EQ(config.server.endpoint, "a:1");
}

TEST(ConfigTest, LeavesTimeForTheReportAfterTheProbes) {
  EXPECT_EQ(config_with({}).report_timeout(), milliseconds(59'000));
  EXPECT_EQ(config_with({}).probe_timeout(), milliseconds(10'000));
  const Config fast = config_with({"-reportinterval=1"});
  EXPECT_EQ(fast.report_timeout(), milliseconds(1000));
  EXPECT_EQ(fast.probe_timeout(), milliseconds(500));
}

TEST(ConfigTest, PadsUnlessToldNotTo) {
  EXPECT_TRUE(config_with({}).pads());
  EXPECT_FALSE(config_with({"-zeroextenderlength=0"}).pads());
  EXPECT_TRUE(config_with({"-zeroextenderlength=0", "-padding-sweep"}).pads());
  EXPECT_EQ(config_with({"-serverendpoint=a:1"}).ping_url(), "http://a:1/api/v1/ping");
}

TEST(ConfigTest, EscapesTheNameInTheUrl) {
  auto result = configure_with({}, "a b?c");
  ASSERT_TRUE(std::holds_alternative<Config>(result));
  EXPECT_EQ(std::get<Config>(result).report_url(),
            "http://netchecker-service:8081/api/v1/agents/a%20b%3Fc");
}

TEST(ConfigTest, NamesWhatIsWrongWithTheFlags) {
  EXPECT_EQ(exit_with({"-reportinterval=0"}).code, 2);
  EXPECT_EQ(exit_with({"-zeroextenderlength=-1"}).code, 2);
  EXPECT_EQ(
      exit_with({"-serverendpoint", "http://x:1/"}).text,
      "prog: -serverendpoint: host:port is expected, such as netchecker-service:8081, or with "
      "https:// before it\n");
  EXPECT_EQ(exit_with({"-serverca", "/etc/hostname"}).text,
            "prog: -serverca: of no use without https:// in -serverendpoint\n");
  EXPECT_EQ(exit_with({"-servertokenfile", "/no/such/file"}).code, 2);
  EXPECT_EQ(exit_with({"-probeurls", "http://a b"}).text,
            "prog: -probeurls: a URL has a blank or a control character\n");
  std::string many;
  for (int i = 0; i < 64; ++i) many += "u,";
  EXPECT_EQ(exit_with({"-probeurls", many}).text, "prog: -probeurls: more than 63 URLs\n");
  EXPECT_EQ(exit_with({"-probeurls", "a/" + std::string(3000, 'x')}).code, 2);
  EXPECT_EQ(exit_with({"-probeurls", "a/" + std::string(2000, '&')}).code, 2);
}

TEST(ConfigTest, NamesWhatIsWrongWithTheEnvironment) {
  const Exit missing = exit_with({}, "");
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.text.find("MY_POD_NAME is not set"), std::string::npos);
  EXPECT_EQ(exit_with({}, "a/b").text, "prog: MY_POD_NAME has a '/'\n");
  EXPECT_EQ(exit_with({}, "a\nb").code, 1);
  EXPECT_EQ(exit_with({}, std::string(254, 'x')).code, 1);
}

TEST(ConfigTest, TakesPingersListsAsTheyStand) {
  const Config config =
      config_with({"-ping", "10.0.0.1, fd00::1", "-tcpPing=10.16.0.9:80,[fd00::1]:80", "-udpPing",
                   "a.example:5", "-dns", "kubernetes.default"});
  EXPECT_EQ(config.targets.ping, (std::vector<std::string>{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(config.targets.tcp_ping, (std::vector<std::string>{"10.16.0.9:80", "[fd00::1]:80"}));
  EXPECT_EQ(config.targets.udp_ping, std::vector<std::string>{"a.example:5"});
  EXPECT_EQ(config.targets.dns, std::vector<std::string>{"kubernetes.default"});
  EXPECT_TRUE(config_with({"-tcpPing", ""}).targets.empty());
  const Exit exit = exit_with({"-tcpPing", "10.0.0.1"});
  EXPECT_EQ(exit.code, 2);
  EXPECT_NE(exit.text.find("-tcpPing: "), std::string::npos) << exit.text;
}

TEST(ConfigTest, TakesAddressesFromTheFlagOrTheEnvironment) {
  const auto with = [](std::vector<std::string> arguments, std::string addresses) {
    return configure({"prog", Layer::kPod},
                     {std::move(arguments), "pod-1", "node-1", std::move(addresses)});
  };
  const auto config = with({}, "10.0.0.1,fd00::1");
  EXPECT_EQ(std::get<Config>(config).addresses, std::vector<IpAddress>{});
  EXPECT_EQ(std::get<Config>(config).pod_addresses,
            (std::vector<IpAddress>{*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")}));
  EXPECT_EQ(std::get<Config>(with({"-addresses", "10.0.0.2"}, "10.0.0.1")).addresses,
            std::vector<IpAddress>{*IpAddress::parse("10.0.0.2")});
  EXPECT_EQ(std::get<Exit>(with({"-addresses", "10.0.0.2,10.0.0.3"}, "")).text,
            "prog: -addresses: two addresses of one family\n");
  EXPECT_EQ(std::get<Exit>(with({}, "ten")).code, 1);
}

}  // namespace
}  // namespace meshcheck::agent
