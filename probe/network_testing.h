// Networks of its own for one test. For tests only.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include "probe/descriptor.h"

namespace meshcheck::probe {

// True when `ip <command>` succeeded.
inline bool ip(const std::string& command) {
  return std::system(("ip " + command).c_str()) == 0;
}

// Runs the body of a test on a thread with a network of its own, with its loopback up; sockets
// opened there stay in that network. To be the last statement of a test. Skips without
// CAP_SYS_ADMIN.
inline void in_own_network(const std::function<void()>& body) {
  bool entered = false;
  std::thread([&] {
    entered = unshare(CLONE_NEWNET) == 0 && ip("link set lo up");
    if (entered) body();
  }).join();
  if (!entered) GTEST_SKIP() << "network namespaces are not permitted here, or there is no ip tool";
}

// One more network within in_own_network(), which the thread enters. Sockets that a thread opens,
// and its `ip` commands, are in the network that it has entered last.
class TestNetwork {
 public:
  TestNetwork() {
    EXPECT_EQ(unshare(CLONE_NEWNET), 0);
    network_ = Descriptor(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(ip("link set lo up"));
    // IPv6 addresses are usable at once, since there can be no duplicates.
    std::ofstream("/proc/sys/net/ipv6/conf/default/accept_dad") << "0";
  }
  void enter() const { EXPECT_EQ(setns(network_.get(), CLONE_NEWNET), 0); }
  // The network's name for `ip`.
  std::string path() const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(network_.get());
  }

 private:
  Descriptor network_;
};

}  // namespace meshcheck::probe
