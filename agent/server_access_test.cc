#include "agent/server_access.h"

#include <gtest/gtest.h>

#include "lib/testing/temporary_directory.h"

namespace meshcheck::agent {
namespace {

ServerOptions endpoint(const std::string& text) {
  ServerOptions options;
  options.endpoint = text;
  return options;
}

TEST(ServerOptionsTest, KnowTlsByTheScheme) {
  EXPECT_EQ(check_server_options(endpoint("a:1"))->url(), "http://a:1");
  EXPECT_EQ(check_server_options(endpoint("http://a:1"))->url(), "http://a:1");
  EXPECT_EQ(check_server_options(endpoint("https://[::1]:1"))->url(), "https://[::1]:1");
  EXPECT_EQ(check_server_options(endpoint("https://a:1"))->endpoint, "a:1");
  for (const auto* text : {"https://", "https://a:1/", "https://u@a:1", "ftp://a:1", "", "a b"}) {
    EXPECT_FALSE(check_server_options(endpoint(text))) << text;
  }
}

TEST(ServerOptionsTest, NameTheFlagThatIsWrong) {
  const TemporaryDirectory folder;
  const std::string file = folder.write("file", "x");
  ServerOptions options = endpoint("https://a:1");
  options.certificate_file = file;
  EXPECT_EQ(check_server_options(options).error().message(),
            "-servercert and -serverkey: both or none of them");
  options.key_file = file;
  EXPECT_TRUE(check_server_options(options));
  options.endpoint = "a:1";
  EXPECT_EQ(check_server_options(options).error().message(),
            "-servercert: of no use without https:// in -serverendpoint");
  options = endpoint("a:1");
  options.ca_file = file;
  EXPECT_FALSE(check_server_options(options)) << "who names authorities expects TLS";
  options = endpoint("a:1");
  options.token_file = folder.file("none");
  EXPECT_EQ(check_server_options(options).error().message(),
            "-servertokenfile: " + folder.file("none") + ": No such file or directory");
}

class ServerAccessTest : public testing::Test {
 protected:
  using Headers = decltype(http::ClientRequest::headers);

  Headers headers_of_report() {
    ServerOptions options;
    options.token_file = folder_.file("token");
    ServerAccess access(loop_, options, quiet_);
    http::ClientRequest request;
    access.authorize(request);
    return request.headers;
  }

  uv::Loop loop_;
  Log quiet_{{.level = Log::Level::kError}};
  TemporaryDirectory folder_;
};

TEST_F(ServerAccessTest, SendsTheTokenWithoutTheBlanksAroundIt) {
  folder_.write("token", " a.b-c\r\n");
  EXPECT_EQ(headers_of_report(), (Headers{{"Authorization", "Bearer a.b-c"}}));
}

TEST_F(ServerAccessTest, SendsNothingThatIsNoToken) {
  for (const auto& text : {std::string(), std::string("\n"), std::string("a b"),
                           std::string("a\r\nX: y"), std::string(kTokenSizeMax + 1, 'a')}) {
    folder_.write("token", text);
    EXPECT_EQ(headers_of_report(), Headers()) << text.substr(0, 10);
  }
  folder_.write("token", std::string(kTokenSizeMax, 'a'));
  EXPECT_EQ(headers_of_report().size(), 1U);
}

TEST_F(ServerAccessTest, ShowsWhoItIsInEachRequestButTheTokenInReportsOnly) {
  ServerOptions options;
  options.tls = true;
  options.ca_file = folder_.write("ca", "-----BEGIN CA");
  options.certificate_file = folder_.write("certificate", "-----BEGIN C");
  options.key_file = folder_.write("key", "-----BEGIN K");
  options.token_file = folder_.write("token", "t");
  ServerAccess access(loop_, options, quiet_);
  http::ClientRequest request;
  access.identify(request);
  EXPECT_EQ(request.ca, "-----BEGIN CA");
  EXPECT_EQ(request.certificate, "-----BEGIN C");
  EXPECT_EQ(request.key, "-----BEGIN K");
  EXPECT_EQ(request.headers, Headers());
}

TEST_F(ServerAccessTest, TrustsNobodyInsteadOfAuthoritiesThatCannotBeRead) {
  ServerOptions options;
  options.tls = true;
  options.ca_file = folder_.file("none");
  ServerAccess access(loop_, options, quiet_);
  http::ClientRequest request;
  access.identify(request);
  EXPECT_EQ(request.ca_file, options.ca_file);
}

}  // namespace
}  // namespace meshcheck::agent
