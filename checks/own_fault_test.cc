// What an agent cannot ask for want of descriptors of its own is unknown.
#include "checks/check_testing.h"
#include "lib/testing/http_stub_server.h"
#include "lib/testing/no_descriptors.h"

namespace meshcheck::checks {
namespace {

using http::TestServer;

class OwnFaultTest : public CheckFixture {
 protected:
  std::string run_without_descriptors(const std::string& checker, const nlohmann::json& with) {
    const auto check = make(checker, with);
    const std::string found = [&] {
      const NoDescriptors none;
      return run(*check);
    }();
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
