#include "meshctl/replace_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "lib/base/file.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::meshctl {
namespace {

namespace fs = std::filesystem;

class ReplaceFileTest : public testing::Test {
 protected:
  std::string text() const { return *read_file(path_, 1000); }
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }

  const TemporaryDirectory folder_;
  const std::string path_ = folder_.write("config.yaml", "old\n");
};

TEST_F(ReplaceFileTest, KeepsTheMode) {
  fs::permissions(path_, fs::perms::owner_read | fs::perms::group_read);
  ASSERT_TRUE(replace_file(path_, "new\n"));
  EXPECT_EQ(text(), "new\n");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::group_read);
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReplaceFileTest, KeepsALink) {
  const TemporaryDirectory other;
  fs::create_symlink(path_, other.file("link"));
  ASSERT_TRUE(replace_file(other.file("link"), "new\n"));
  EXPECT_TRUE(fs::is_symlink(other.file("link")));
  EXPECT_EQ(text(), "new\n");
}

TEST_F(ReplaceFileTest, KeepsTheOldTextWhenTheDiskIsFull) {
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit tight{.rlim_cur = 5, .rlim_max = limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto replaced = replace_file(path_, "a text that has no room\n");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, before);
  EXPECT_FALSE(replaced);
  EXPECT_EQ(text(), "old\n");
  EXPECT_EQ(files(), 1U);
}

TEST_F(ReplaceFileTest, MakesNoFile) {
  EXPECT_FALSE(replace_file(folder_.file("none"), "new\n"));
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace meshcheck::meshctl
