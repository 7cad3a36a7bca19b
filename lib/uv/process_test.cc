#include "lib/uv/process.h"

#include <gtest/gtest.h>

#include <csignal>

namespace meshcheck::uv {
namespace {

Process::Exit run(Loop& loop, const std::vector<std::string>& arguments, int signal = 0) {
  Process::Exit seen;
  auto process = Process::spawn(loop, arguments, [&](Process::Exit exit) { seen = exit; });
  EXPECT_TRUE(process) << process.error().message();
  if (signal != 0) {
    EXPECT_TRUE(process->kill(signal));
  }
  loop.run();
  return seen;
}

TEST(ProcessTest, ReportsHowItsChildEnded) {
  Loop loop;
  EXPECT_EQ(run(loop, {"sh", "-c", "exit 3"}).code, 3);
  EXPECT_EQ(run(loop, {"sleep", "60"}, SIGKILL).signal, SIGKILL);
}

TEST(ProcessTest, NamesAProgramThatIsNotThere) {
  Loop loop;
  const auto process = Process::spawn(loop, {"/no/such/program"}, [](Process::Exit) {});
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().message(), "run /no/such/program: no such file or directory");
}

}  // namespace
}  // namespace meshcheck::uv
