// What an agent cannot ask for want of descriptors of its own is unknown.
#include <sys/resource.h>

#include "checks/check_testing.h"
#include "lib/testing/http_stub_server.h"

namespace meshcheck::checks {
namespace {

using http::TestServer;

class OwnFaultTest : public CheckFixture {
 protected:
  std::string run_without_descriptors(const std::string& checker, const nlohmann::json& with) {
    const auto check = make(checker, with);
    rlimit before{};
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    std::string found = run(*check);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(run(*check), "up") << "it can ask again";
    return found;
  }

  TestServer server_{loop_};
  const std::string port_ = server_.url("").substr(server_.url("").rfind(':') + 1);
};

TEST_F(OwnFaultTest, IsNoFaultOfWhatIsAsked) {
  server_.answer = TestServer::ok("");
  const std::string files = "too many open files: raise the agent's limit of descriptors";
  EXPECT_EQ(run_without_descriptors("tcp", {{"address", "127.0.0.1:" + port_}}),
            "unknown: 127.0.0.1:" + port_ + ": " + files);
  EXPECT_EQ(run_without_descriptors("http", {{"url", "http://127.0.0.1:" + port_ + "/"}}),
            "unknown: 127.0.0.1: open a socket: Too many open files");
  EXPECT_EQ(run_without_descriptors("dns", {{"name", "two.example"}}), "unknown: " + files);
}

}  // namespace
}  // namespace meshcheck::checks
