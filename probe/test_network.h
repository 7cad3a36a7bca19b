// A network of its own for one test. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace meshcheck::probe {

// True when `ip <command>` succeeded.
inline bool ip(const std::string& command) {
  return std::system(("ip " + command).c_str()) == 0;
}

// Runs the body of a test on a thread that alone has the network, with its loopback up; sockets
// opened there stay there. To be the last statement of a test. Skips without CAP_SYS_ADMIN.
inline void in_own_network(const std::function<void()>& body) {
  bool entered = false;
  std::thread([&] {
    entered = unshare(CLONE_NEWNET) == 0 && ip("link set lo up");
    if (entered) body();
  }).join();
  if (!entered) GTEST_SKIP() << "network namespaces are not permitted here, or there is no ip tool";
}

}  // namespace meshcheck::probe
