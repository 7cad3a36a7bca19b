#include "lib/base/log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <string>

namespace meshcheck {
namespace {

class LogSinkTest : public testing::Test {
 protected:
  LogSinkTest() {
    EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
    capacity_ = static_cast<std::size_t>(fcntl(ends_[1], F_SETPIPE_SZ, 4096));
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~LogSinkTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }

  // All that the pipe has.
  std::string read_all() const {
    std::string all;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = read(ends_[0], bytes.data(), bytes.size())) > 0;) {
      all.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  // Until nothing comes any more.
  std::string read_and_flush(LogSink& sink) const {
    std::string all;
    for (std::string more = read_all(); !more.empty(); more = read_all()) {
      all += more;
      sink.flush();
    }
    return all;
  }
  static std::string line(int number) {
    return "line " + std::to_string(number) + std::string(91, '.') + '\n';
  }

  std::array<int, 2> ends_{};
  std::size_t capacity_ = 0;
};

TEST_F(LogSinkTest, WritesLinesAtOnceWhereThereIsRoom) {
  LogSink sink({.descriptor = ends_[1]});
  const Log log({.sink = &sink});
  log.info("started", {{"port", 8081}});
  EXPECT_TRUE(read_all().ends_with(" level=info event=started port=8081\n"));
  EXPECT_EQ(sink.dropped(), 0U);
}

TEST_F(LogSinkTest, KeepsLinesForAReaderThatIsSlow) {
  LogSink sink({.descriptor = ends_[1]});
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    sink.write(line(i));
    expected += line(i);
  }
  EXPECT_EQ(read_and_flush(sink), expected);
  EXPECT_EQ(sink.dropped(), 0U);
}

TEST_F(LogSinkTest, DropsWhatIsTooMuchAndSaysHowMuch) {
  LogSink sink({.descriptor = ends_[1]});
  constexpr int kLines = 10'000;
  for (int i = 0; i < kLines; ++i) sink.write(line(i));
  ASSERT_GT(sink.dropped(), 0U);
  const std::string all = read_and_flush(sink);
  EXPECT_LE(all.size(), LogSink::kWaitingMax + capacity_ + 200);
  const std::string told = " level=warning event=\"log lines dropped: nobody read them\" lines=" +
                           std::to_string(sink.dropped()) + '\n';
  EXPECT_TRUE(all.ends_with(told)) << all.substr(all.size() - 300);
  const auto lines = static_cast<std::uint64_t>(std::count(all.begin(), all.end(), '\n'));
  EXPECT_EQ(lines - 1 + sink.dropped(), std::uint64_t{kLines});
  sink.write("and on\n");
  EXPECT_EQ(read_all(), "and on\n");
}

TEST_F(LogSinkTest, GoesOnWithoutAReader) {
  LogSink sink({.descriptor = -1});
  for (int i = 0; i < 10'000; ++i) sink.write(line(i));
  EXPECT_GT(sink.dropped(), 0U);
}

// A pseudoterminal: what is written to `terminal_`, a user would see at `screen_`.
class LogSinkTerminalTest : public testing::Test {
 protected:
  LogSinkTerminalTest() {
    EXPECT_EQ(grantpt(screen_), 0);
    EXPECT_EQ(unlockpt(screen_), 0);
    std::array<char, 64> name{};
    EXPECT_EQ(ptsname_r(screen_, name.data(), name.size()), 0);
    terminal_ = open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
    EXPECT_GE(terminal_, 0);
    EXPECT_EQ(fcntl(screen_, F_SETFL, O_NONBLOCK), 0);
  }
  ~LogSinkTerminalTest() override {
    close(terminal_);
    close(screen_);
  }

  std::string read_all() const {
    std::string all;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = read(screen_, bytes.data(), bytes.size())) > 0;) {
      all.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  // Whether the work ends while nobody looks at the screen. If it does not, it is set free.
  bool ends(const std::function<void()>& work) const {
    const auto done = std::async(std::launch::async, work);
    const bool in_time = done.wait_for(std::chrono::seconds(5)) == std::future_status::ready;
    while (done.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      tcflow(terminal_, TCOON);
      read_all();
    }
    return in_time;
  }

  const int screen_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  int terminal_ = -1;
};

TEST_F(LogSinkTerminalTest, WaitsForNobodyToReadIt) {
  LogSink sink({.descriptor = terminal_});
  const std::string line(100, '.');
  EXPECT_TRUE(ends([&] {
    for (int i = 0; i < 10'000; ++i) sink.write(line + '\n');
  }));
  EXPECT_GT(sink.dropped(), 0U);
  EXPECT_EQ(fcntl(terminal_, F_GETFL) & O_NONBLOCK, 0) << "others write to it too";
}

TEST_F(LogSinkTerminalTest, WaitsForNobodyToReadATerminalThatItMayNotOpen) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody who may not open it";
  ASSERT_EQ(seteuid(65534), 0);
  LogSink sink({.descriptor = terminal_});
  ASSERT_EQ(seteuid(0), 0);
  const std::string line(100, '.');
  EXPECT_TRUE(ends([&] {
    for (int i = 0; i < 10'000; ++i) sink.write(line + '\n');
  }));
  EXPECT_GT(sink.dropped(), 0U);
  EXPECT_EQ(fcntl(terminal_, F_GETFL) & O_NONBLOCK, 0) << "others write to it too";
}

TEST_F(LogSinkTerminalTest, WaitsForNobodyToLetItGoOn) {
  LogSink sink({.descriptor = terminal_});
  ASSERT_EQ(tcflow(terminal_, TCOOFF), 0) << "as ^S does";
  EXPECT_TRUE(ends([&] { sink.write("one\n"); }));
  EXPECT_EQ(read_all(), "");
  ASSERT_EQ(tcflow(terminal_, TCOON), 0);
  sink.flush();
  EXPECT_EQ(read_all(), "one\r\n");
}

}  // namespace
}  // namespace meshcheck
