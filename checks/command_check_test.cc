#include <csignal>
#include <fstream>

#include "checks/check_testing.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::checks {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class CommandCheckTest : public CheckFixture {
 protected:
  static json shell(const std::string& script, const std::string& kill_after = "100ms") {
    return {{"argv", {"/bin/sh", "-c", script}}, {"kill_after", kill_after}};
  }
  // Of the numbers that a script has written; a zombie is gone.
  static bool alive(int process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string word;
    for (int i = 0; i < 3 && stat >> word; ++i) {
    }
    return stat && word != "Z";
  }
  std::vector<int> processes() const {
    std::ifstream file(directory_.path() + "/pids");
    std::vector<int> numbers;
    for (int number = 0; file >> number;) numbers.push_back(number);
    return numbers;
  }
  bool all_gone() const {
    return std::ranges::none_of(processes(), [](int number) { return alive(number); });
  }

  TemporaryDirectory directory_;
};

TEST_F(CommandCheckTest, TakesTheExitCodeAndTheOutput) {
  EXPECT_EQ(run("command", shell("echo fine")), "up");
  EXPECT_EQ(run("command", shell("echo one; echo two >&2; exit 3")), "down: exit code 3: one two");
  EXPECT_EQ(run("command", shell("kill -9 $$")), "down: ended by signal 9");
  EXPECT_EQ(run("command", {{"argv", {"/no/such/program"}}}),
            "unknown: run /no/such/program: no such file or directory");
  EXPECT_EQ(refusal("command", {{"argv", json::array()}}),
            "group/probe: with.argv: a list of texts is wanted, 1 to 64");
}

TEST_F(CommandCheckTest, KeepsTheEndOfALongOutput) {
  const std::string found = run("command", shell("yes x | head -c 500000; echo the end; exit 1"));
  EXPECT_TRUE(found.starts_with("down: exit code 1: ")) << found;
  EXPECT_TRUE(found.ends_with("x the end")) << found;
}

TEST_F(CommandCheckTest, KillsAGroupThatIgnoresSigterm) {
  const std::string pids = directory_.path() + "/pids";
  const std::string script =
      "trap '' TERM; (trap '' TERM; while :; do sleep 60; done) & echo $! $$ > " + pids +
      "; while :; do sleep 60; done";
  const auto check = make("command", shell(script));
  const auto begin = Clock::now();
  EXPECT_EQ(run(*check, 500ms), "down: it took too long");
  EXPECT_LT(Clock::now() - begin, 2s);
  ASSERT_EQ(processes().size(), 2U);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return all_gone(); }));
}

TEST_F(CommandCheckTest, DoesNotRunTwiceAtOnce) {
  const auto check = make("command", shell("trap '' TERM; sleep 60 & wait; sleep 60", "1m"));
  EXPECT_EQ(run(*check, 200ms), "down: it took too long");
  EXPECT_EQ(run(*check), "unknown: the run before has not ended yet");
}

TEST_F(CommandCheckTest, LeavesNothingInTheBackground) {
  const std::string pids = directory_.path() + "/pids";
  EXPECT_EQ(run("command", shell("sleep 60 & echo $! > " + pids)), "up");
  ASSERT_EQ(processes().size(), 1U);
  EXPECT_TRUE(uv::run_until(loop_, [&] { return all_gone(); }));
}

TEST_F(CommandCheckTest, IsKilledWhenItIsDestroyed) {
  const std::string pids = directory_.path() + "/pids";
  auto check = make("command", shell("echo $$ > " + pids + "; exec sleep 60"));
  EXPECT_EQ(run(*check, 300ms), "down: it took too long");
  check = make("command", shell("trap '' TERM; echo $$ > " + pids + "; sleep 60; sleep 60", "1m"));
  EXPECT_EQ(run(*check, 300ms), "down: it took too long");
  EXPECT_FALSE(all_gone());
  check.reset();
  EXPECT_TRUE(uv::run_until(loop_, [&] { return all_gone(); }));
}

}  // namespace
}  // namespace meshcheck::checks
