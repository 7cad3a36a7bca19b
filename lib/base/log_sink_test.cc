#include "lib/base/log_sink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
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

}  // namespace
}  // namespace meshcheck
