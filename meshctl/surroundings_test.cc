#include "meshctl/surroundings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "lib/testing/temporary_directory.h"

namespace meshcheck::meshctl {
namespace {

namespace fs = std::filesystem;

class LabsTest : public testing::Test {
 protected:
  LabsTest() {
    fs::create_directories(published_);
    set_mode(labs_.path(), 0700);
    set_mode(lab_, 0755);
    set_mode(published_, 0755);
    std::ofstream(lab_ / "lab") << getpid() << " 0 0 0 4 1500 no\n";
    publish("127.0.0.1@8081");
  }
  static void set_mode(const fs::path& path, unsigned mode) {
    fs::permissions(path, static_cast<fs::perms>(mode));
  }
  void publish(const std::string& name) const { std::ofstream(published_ / name).flush(); }
  std::vector<std::string> found() const { return published_by_labs(labs_.path()); }

  const TemporaryDirectory labs_;
  const fs::path lab_ = fs::path(labs_.path()) / "demo";
  const fs::path published_ = lab_ / "published";
  const std::vector<std::string> nothing_;
};

TEST_F(LabsTest, FindsAPort) {
  EXPECT_EQ(found(), std::vector<std::string>{"http://127.0.0.1:8081"});
  publish("::1@9000");
  EXPECT_EQ(found().back(), "http://[::1]:9000");
}

TEST_F(LabsTest, TakesPortsOnLoopbackAlone) {
  fs::remove(published_ / "127.0.0.1@8081");
  for (const char* const name : {"10.0.0.1@80", "evil.example@80", "127.0.0.1@0", "127.0.0.1@x",
                                 "127.0.0.1", "127.0.0.1@80@evil.example", "@80"}) {
    publish(name);
  }
  EXPECT_EQ(found(), nothing_);
}

TEST_F(LabsTest, PassesOverWhatOthersCanWriteTo) {
  for (const fs::path& directory : {fs::path(labs_.path()), lab_, published_}) {
    for (const unsigned mode : {0777U, 0770U, 0702U}) {
      set_mode(directory, mode);
      EXPECT_EQ(found(), nothing_) << directory << mode;
    }
    set_mode(directory, 0755);
  }
  EXPECT_EQ(found().size(), 1U);
}

TEST_F(LabsTest, PassesOverWhatIsSomebodyElses) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives directories away";
  for (const fs::path& directory : {fs::path(labs_.path()), lab_, published_}) {
    ASSERT_EQ(chown(directory.c_str(), 65534, 65534), 0);
    EXPECT_EQ(found(), nothing_) << directory;
    ASSERT_EQ(chown(directory.c_str(), 0, 0), 0);
  }
}

TEST_F(LabsTest, FollowsNoLinks) {
  const TemporaryDirectory other;
  fs::create_directory_symlink(labs_.path(), other.file("labs"));
  EXPECT_EQ(published_by_labs(other.file("labs")), nothing_);
  fs::rename(published_, lab_ / "moved");
  fs::create_directory_symlink(lab_ / "moved", published_);
  EXPECT_EQ(found(), nothing_);
}

TEST_F(LabsTest, PassesOverALabThatHasEnded) {
  std::ofstream(lab_ / "lab") << "999999999 0 0 0 4 1500 no\n";
  EXPECT_EQ(found(), nothing_);
}

}  // namespace
}  // namespace meshcheck::meshctl
