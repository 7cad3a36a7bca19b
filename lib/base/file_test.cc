#include "lib/base/file.h"

#include <gtest/gtest.h>

#include "lib/testing/temporary_directory.h"

namespace meshcheck {
namespace {

TEST(FileTest, IsReadWholeUpToItsBound) {
  const TemporaryDirectory folder;
  const std::string bytes("a\0\r\n\xff", 5);
  const std::string path = folder.write("file", bytes);
  EXPECT_EQ(*read_file(path, 5), bytes);
  EXPECT_EQ(*read_file(path, 100), bytes);
  EXPECT_EQ(read_file(path, 4).error().message(), "larger than 4 bytes");
  const std::string large(20'000, 'x');
  EXPECT_EQ(*read_file(folder.write("large", large), 20'000), large);
  EXPECT_EQ(read_file(folder.file("large"), 19'999).error().message(), "larger than 19999 bytes");
  EXPECT_EQ(*read_file("/dev/null", 0), "");
  EXPECT_EQ(read_file("/dev/zero", 100).error().message(), "larger than 100 bytes");
}

TEST(FileTest, SaysWhyItCannotBeRead) {
  const TemporaryDirectory folder;
  EXPECT_EQ(read_file(folder.file("none"), 5).error().message(), "No such file or directory");
  EXPECT_EQ(read_file(folder.path(), 5).error().message(), "cannot be read");
}

}  // namespace
}  // namespace meshcheck
