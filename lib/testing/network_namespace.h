// Networks of their own for one test. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>

namespace meshcheck::netlink {

// True when `ip <command>` succeeded.
inline bool ip(const std::string& command) {
  return std::system(("ip " + command).c_str()) == 0;
}

// Enters one as root, or else as the root of a new user namespace.
inline bool enter_network_namespace() {
  if (unshare(CLONE_NEWNET) == 0) return true;
  const auto user = std::to_string(geteuid());
  const auto group = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
  std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
  return true;
}

// Runs the body of a test in a child process with a namespace of its own. To be the last statement
// of a test. Skips where namespaces are not permitted.
inline void in_network_namespace(const std::function<void()>& body) {
  constexpr int kNotPermitted = 77;
  std::fflush(nullptr);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!enter_network_namespace() || !ip("link set lo up")) _exit(kNotPermitted);
    body();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  if (WEXITSTATUS(status) == kNotPermitted) {
    GTEST_SKIP() << "network namespaces are not permitted here, or there is no ip tool";
  }
  EXPECT_EQ(WEXITSTATUS(status), 0) << "see above";
}

// One more network, held by a child process as long as this object lives. To be made in the body of
// a test with a network of its own.
class OtherNamespace {
 public:
  OtherNamespace() {
    int ready[2] = {};
    EXPECT_EQ(pipe(ready) + pipe(alive_), 0);
    process_ = fork();
    if (process_ == 0) {
      close(alive_[1]);
      if (unshare(CLONE_NEWNET) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
      char end = 0;
      _exit(read(alive_[0], &end, 1) == 0 ? 0 : 1);
    }
    close(alive_[0]);
    close(ready[1]);
    char entered = 0;
    EXPECT_EQ(read(ready[0], &entered, 1), 1);
    close(ready[0]);
  }
  ~OtherNamespace() {
    close(alive_[1]);
    EXPECT_EQ(waitpid(process_, nullptr, 0), process_);
  }
  OtherNamespace(const OtherNamespace&) = delete;
  OtherNamespace& operator=(const OtherNamespace&) = delete;

  // For `ip link set ... netns`.
  pid_t process() const { return process_; }
  // True when the shell command succeeded in that network. REQUIRES: it has no single quotes.
  bool run(const std::string& command) const {
    const std::string enter = "nsenter --net=/proc/" + std::to_string(process_) + "/ns/net ";
    return std::system((enter + "sh -c '" + command + "'").c_str()) == 0;
  }

 private:
  int alive_[2] = {};
  pid_t process_ = -1;
};

}  // namespace meshcheck::netlink
