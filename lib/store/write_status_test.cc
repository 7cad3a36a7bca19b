#include "lib/store/write_status.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace meshcheck::store {
namespace {

using namespace std::chrono_literals;

class WriteReporterTest : public testing::Test {
 protected:
  WriteReporterTest() { EXPECT_EQ(pipe(ends_.data()), 0); }
  ~WriteReporterTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  WriteStatus status() {
    return status_.with([](const WriteStatus& status) { return status; });
  }
  // How many lines the log has that say so.
  std::size_t lines_with(const std::string& event) {
    std::array<char, 4096> buffer{};
    const Log log({.descriptor = ends_[1]});
    log.info("the end");
    while (logged_.find("the end") == std::string::npos) {
      const auto size = read(ends_[0], buffer.data(), buffer.size());
      if (size <= 0) break;
      logged_.append(buffer.data(), static_cast<std::size_t>(size));
    }
    std::size_t count = 0;
    for (auto at = logged_.find(event); at != std::string::npos; at = logged_.find(event, at + 1)) {
      ++count;
    }
    return count;
  }

  std::array<int, 2> ends_{};
  std::string logged_;
  Guarded<WriteStatus> status_;
};

TEST_F(WriteReporterTest, SaysOnceThatWritesFailAndOnceThatTheyWorkAgain) {
  EXPECT_FALSE(status().enabled);
  WriteReporter reporter(status_, Log({.descriptor = ends_[1]}), {"it fails", "it works", "lost"});
  EXPECT_TRUE(status().enabled);
  reporter.written({}, 3, 5ms);
  reporter.written(Error("no space"), 2, 5ms);
  reporter.written(Error("no luck"), 2, 5ms);
  EXPECT_EQ(status().trouble, "no luck");
  EXPECT_EQ(status().writes_failed, 2U);
  EXPECT_EQ(status().rows_written, 3U);
  reporter.written({}, 2, 7ms);
  reporter.written({}, 2, 7ms);
  EXPECT_EQ(status().trouble, "");
  EXPECT_EQ(status().rows_written, 7U);
  EXPECT_EQ(status().commit, 7ms);
  EXPECT_EQ(lines_with("it fails"), 1U) << logged_;
  EXPECT_EQ(lines_with("it works"), 1U) << logged_;
}

TEST_F(WriteReporterTest, SaysWhatIsLostAtTheEnd) {
  WriteReporter reporter(status_, Log({.descriptor = ends_[1]}), {"it fails", "it works", "lost"});
  reporter.ended({});
  EXPECT_FALSE(status().lost);
  reporter.ended(Error("no space"));
  EXPECT_TRUE(status().lost);
  EXPECT_EQ(lines_with("error=\"no space\""), 1U) << logged_;
}

}  // namespace
}  // namespace meshcheck::store
