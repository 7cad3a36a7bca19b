#include "lib/kube/config.h"

#include <gtest/gtest.h>

#include "lib/kube/base64.h"
#include "lib/kube/token_source.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::kube {
namespace {

using std::chrono::seconds;

class InClusterConfigTest : public testing::Test {
 protected:
  InClusterConfigTest() {
    directory_.write("ca.crt", "a certificate");
    directory_.write("token", "abc.def.ghi\n");
    directory_.write("namespace", "monitoring\n");
  }
  Result<Config> read(const std::string& host, const std::string& port = "443") {
    return in_cluster_config({host, port, directory_.path()});
  }

  TemporaryDirectory directory_;
};

TEST_F(InClusterConfigTest, TakesWhatAPodIsGiven) {
  const auto config = read("10.96.0.1");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->ca_file, directory_.path() + "/ca.crt");
  EXPECT_EQ(config->token_file, directory_.path() + "/token");
  EXPECT_EQ(config->default_namespace, "monitoring");
  EXPECT_TRUE(config->verify);
}

TEST_F(InClusterConfigTest, PutsAnIpv6HostIntoBrackets) {
  EXPECT_EQ(read("fd00::1", "6443")->server, "https://[fd00::1]:6443");
  EXPECT_EQ(read("kubernetes.default")->server, "https://kubernetes.default:443");
}

TEST_F(InClusterConfigTest, RefusesWhatIsNoHostOrPort) {
  EXPECT_EQ(read("10.0.0.1/x").error().message(),
            "KUBERNETES_SERVICE_HOST is neither an address nor a name");
  EXPECT_FALSE(read(""));
  EXPECT_EQ(read("10.0.0.1", "https").error().message(), "KUBERNETES_SERVICE_PORT is not a port");
}

TEST_F(InClusterConfigTest, NamesTheFileThatIsMissing) {
  const auto config = in_cluster_config({"10.0.0.1", "443", "/nonexistent"});
  EXPECT_EQ(config.error().message(),
            "in-cluster configuration: open /nonexistent/ca.crt: No such file or directory");
}

TEST_F(InClusterConfigTest, DoesNotShowATokenThatIsNone) {
  directory_.write("token", "se cret");
  const std::string message = read("10.0.0.1").error().message();
  EXPECT_NE(message.find("/token: the token has characters"), std::string::npos) << message;
  EXPECT_EQ(message.find("cret"), std::string::npos);
}

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: admin@here\n"
         "contexts:\n- {name: other, context: {cluster: nowhere, user: nobody}}\n"
         "- name: admin@here\n  context: {cluster: here, user: admin, namespace: net}\n"
         "clusters:\n- name: here\n  cluster: {" +
         cluster + "}\nusers:\n- name: admin\n  user: {" + user + "}\n";
}

class KubeconfigTest : public testing::Test {
 protected:
  Result<Config> parse(const std::string& cluster, const std::string& user) {
    return parse_kubeconfig(kubeconfig(cluster, user), directory_.path(), options_);
  }
  std::string error_of(const std::string& cluster, const std::string& user) {
    const auto config = parse(cluster, user);
    EXPECT_FALSE(config);
    return config ? "" : config.error().message();
  }

  TemporaryDirectory directory_;
  ConfigOptions options_;
};

constexpr auto kServer = "server: 'https://10.0.0.1:6443'";

TEST_F(KubeconfigTest, TakesTheCurrentContext) {
  const auto config =
      parse("server: 'https://10.0.0.1:6443/', certificate-authority-data: aGVsbG8=",
            "token: abc, client-certificate-data: Y2VydA==, client-key-data: a2V5");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->ca_data, "hello");
  EXPECT_EQ(config->client_certificate_data, "cert");
  EXPECT_EQ(config->client_key_data, "key");
  EXPECT_EQ(config->token, "abc");
  EXPECT_EQ(config->default_namespace, "net");
}

TEST_F(KubeconfigTest, ResolvesRelativePathsFromItsOwnDirectory) {
  directory_.write("ca.pem", "x");
  directory_.write("token", "t\n");
  const auto config =
      parse(std::string(kServer) + ", certificate-authority: ca.pem", "tokenFile: token");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->ca_file, directory_.path() + "/ca.pem");
  EXPECT_EQ(config->token_file, directory_.path() + "/token");
}

TEST_F(KubeconfigTest, NamesTheKeyThatIsWrong) {
  EXPECT_EQ(error_of("server: 'http://10.0.0.1'", ""),
            "clusters[here].cluster.server: a URL with https is expected; http is for 127.0.0.1 "
            "only");
  EXPECT_EQ(error_of(std::string(kServer) + ", certificate-authority-data: '%%'", ""),
            "clusters[here].cluster.certificate-authority-data: is not base64");
  EXPECT_EQ(error_of(kServer, "token: [a]"), "users[admin].user.token: a text is expected");
  EXPECT_EQ(error_of(kServer, "client-key-data: a2V5"),
            "users[admin].user.client-certificate: certificate and key come together");
  EXPECT_NE(error_of(kServer, "tokenFile: /nonexistent").find("users[admin].user.tokenFile: open"),
            std::string::npos);
}

TEST_F(KubeconfigTest, RefusesWhatWouldMakeUsSomebodyElse) {
  EXPECT_EQ(error_of(kServer, "exec: {command: aws}"),
            "users[admin].user.exec: credential plugins are not supported");
  EXPECT_EQ(error_of(kServer, "auth-provider: {name: gcp}"),
            "users[admin].user.auth-provider: credential plugins are not supported");
  EXPECT_EQ(error_of(kServer, "username: me"),
            "users[admin].user.username: basic authentication is not supported");
  EXPECT_EQ(error_of(kServer, "as: root"), "users[admin].user.as: impersonation is not supported");
  EXPECT_EQ(error_of(std::string(kServer) + ", proxy-url: 'http://x'", ""),
            "clusters[here].cluster.proxy-url: is not supported");
}

TEST_F(KubeconfigTest, TrustsNobodyUnlessAskedTo) {
  const std::string cluster = std::string(kServer) + ", insecure-skip-tls-verify: true";
  EXPECT_NE(error_of(cluster, "").find("insecure-skip-tls-verify: refused"), std::string::npos);
  options_.insecure_allowed = true;
  EXPECT_FALSE(parse(cluster, "")->verify);
}

TEST_F(KubeconfigTest, SaysWhichContextIsMissing) {
  options_.context = "third";
  EXPECT_EQ(error_of(kServer, ""), "contexts: there is no `third`");
  options_.context = "other";
  EXPECT_EQ(error_of(kServer, ""), "clusters: there is no `nowhere`");
  EXPECT_EQ(parse_kubeconfig("{}", ".", {}).error().message(), "current-context: is missing");
}

TEST_F(KubeconfigTest, SurvivesWhatIsNoYaml) {
  for (const auto* text : {"", "a: [", "\t", "- x", "clusters: 5\ncurrent-context: [x]"}) {
    EXPECT_FALSE(parse_kubeconfig(text, ".", {})) << text;
  }
}

TEST_F(KubeconfigTest, IsFoundByItsPath) {
  const std::string path = directory_.write("config", kubeconfig(kServer, "exec: {}"));
  options_.kubeconfig = path;
  EXPECT_EQ(
      find_config(options_).error().message(),
      "kubeconfig " + path + ": users[admin].user.exec: credential plugins are not supported");
}

TEST(Base64Test, ReadsBothAlphabetsWithAndWithoutPadding) {
  EXPECT_EQ(decode_base64("_-8="), "\xff\xef");
  EXPECT_EQ(decode_base64("/+8"), "\xff\xef");
  EXPECT_EQ(decode_base64("aGVs\nbG8="), "hello");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_FALSE(decode_base64("a"));
  EXPECT_FALSE(decode_base64("aGVsbG9="));
  EXPECT_FALSE(decode_base64("aG=V"));
  EXPECT_FALSE(decode_base64("a*=="));
}

TEST(TokenSourceTest, ReadsTheFileAgainWhenItsTokenIsAMinuteOld) {
  const TemporaryDirectory directory;
  Config config;
  config.token_file = directory.write("token", "first\n");
  TokenSource source(config);
  const Clock::time_point start{};
  EXPECT_EQ(*source.token(start), "first");
  directory.write("token", "second");
  EXPECT_EQ(*source.token(start + seconds(59)), "first");
  EXPECT_EQ(*source.token(start + seconds(60)), "second");
}

TEST(TokenSourceTest, ReadsTheFileSoonerWhenTheTokenIsRefused) {
  const TemporaryDirectory directory;
  Config config;
  config.token_file = directory.write("token", "first");
  TokenSource source(config);
  const Clock::time_point start{};
  EXPECT_EQ(*source.token(start), "first");
  directory.write("token", "second");
  source.refused(start + seconds(5));
  EXPECT_EQ(*source.token(start + seconds(6)), "second");
}

TEST(TokenSourceTest, KeepsTheOldTokenWhileTheFileIsBroken) {
  const TemporaryDirectory directory;
  Config config;
  config.token_file = directory.path() + "/token";
  TokenSource source(config);
  EXPECT_FALSE(source.token({}));
  directory.write("token", "first");
  EXPECT_EQ(*source.token({}), "first");
  directory.write("token", std::string(kTokenSizeMax + 1, 'x'));
  EXPECT_EQ(*source.token(Clock::time_point() + seconds(100)), "first");
}

TEST(TokenSourceTest, HasNoneWithoutAFile) {
  TokenSource source{Config{}};
  EXPECT_EQ(*source.token({}), "");
}

}  // namespace
}  // namespace meshcheck::kube
