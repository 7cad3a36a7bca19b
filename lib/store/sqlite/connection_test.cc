#include "lib/store/sqlite/connection.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>

#include "lib/testing/temporary_directory.h"

namespace meshcheck::store::sqlite {
namespace {

std::unique_ptr<driver::Connection> open_or_die(const std::string& path) {
  auto database = open(path, {});
  EXPECT_TRUE(database) << database.error().message();
  return *std::move(database);
}

std::string open_error(const std::string& path) {
  const auto database = open(path, {});
  return database ? "opened" : database.error().message();
}

class SqliteConnectionTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.file("mesh.db");
};

TEST_F(SqliteConnectionTest, RefusesASecondUserOfTheSameFile) {
  auto first = open_or_die(path_);
  EXPECT_EQ(open_error(path_), path_ + ": in use by another process, which holds " + path_ +
                                   ".lock; stop it, or give this one a file of its own");
  first.reset();
  EXPECT_EQ(open_error(path_), "opened");
}

TEST_F(SqliteConnectionTest, CanBeReadByAShellWhileItIsOpen) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(database->exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)"));
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &shell, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(shell, "SELECT * FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(shell);
}

// What `n` of `t` has, through a connection of its own.
std::int64_t sum_in(const std::string& path) {
  auto reader = open(path, {.read_only = true});
  EXPECT_TRUE(reader) << reader.error().message();
  auto statement = (*reader)->prepare("SELECT sum(n) FROM t");
  EXPECT_TRUE((*statement)->step());
  return (*statement)->int64(0);
}

TEST_F(SqliteConnectionTest, WritesAFileAnewThatWasDeletedUnderIt) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(
      database->exec("CREATE TABLE t (n); INSERT INTO t VALUES (1); PRAGMA user_version = 7"));
  auto reader = open(path_, {.read_only = true});
  ASSERT_TRUE(reader);
  EXPECT_FALSE(*database->keep_in_place());
  for (const char* end : {"", "-wal", "-shm", ".lock"}) unlink((path_ + end).c_str());
  ASSERT_TRUE(database->exec("INSERT INTO t VALUES (20)"));
  EXPECT_FALSE(*(*reader)->keep_in_place()) << "there is none to read yet";
  const auto is_new = database->keep_in_place();
  ASSERT_TRUE(is_new) << is_new.error().message();
  EXPECT_TRUE(*is_new);
  EXPECT_EQ(sum_in(path_), 21);
  ASSERT_TRUE(database->exec("INSERT INTO t VALUES (300)"));
  EXPECT_EQ(sum_in(path_), 321);
  EXPECT_EQ(*database->schema_number(), 7);
  EXPECT_FALSE(*database->keep_in_place());
  EXPECT_TRUE(*(*reader)->keep_in_place());
  auto statement = (*reader)->prepare("SELECT sum(n) FROM t");
  ASSERT_TRUE((*statement)->step());
  EXPECT_EQ((*statement)->int64(0), 321);
  EXPECT_NE(open_error(path_).find("in use by another process"), std::string::npos);
}

TEST_F(SqliteConnectionTest, LeavesTheLogOfADeletedFileBehind) {
  {
    const auto database = open_or_die(path_);
    ASSERT_TRUE(database->exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)"));
    unlink(path_.c_str());  // And not its log.
    ASSERT_TRUE(*database->keep_in_place());
    ASSERT_TRUE(database->exec("INSERT INTO t VALUES (2)"));
  }
  EXPECT_EQ(sum_in(path_), 3);
}

TEST_F(SqliteConnectionTest, WritesNotOverAFileThatIsNotItsOwn) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(database->exec("CREATE TABLE t (n)"));
  unlink(path_.c_str());
  std::ofstream(path_) << "a backup";
  const auto kept = database->keep_in_place();
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().message(),
            path_ + ": another file was put in its place; start the server anew to use that");
}

TEST_F(SqliteConnectionTest, SaysWhyItCannotWriteADeletedFileAnew) {
  const std::string folder = directory_.file("data");
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  const std::string path = folder + "/mesh.db";
  const auto database = open_or_die(path);
  ASSERT_TRUE(database->exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)"));
  for (const char* end : {"", "-wal", "-shm", ".lock"}) unlink((path + end).c_str());
  ASSERT_EQ(rmdir(folder.c_str()), 0);
  const auto kept = database->keep_in_place();
  ASSERT_FALSE(kept);
  EXPECT_TRUE(kept.error().message().starts_with("it was deleted: ")) << kept.error().message();
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  EXPECT_TRUE(*database->keep_in_place());
  EXPECT_EQ(sum_in(path), 1);
}

TEST_F(SqliteConnectionTest, GivesTheCopyTheModeOfTheDeletedFile) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(database->exec("CREATE TABLE t (n)"));
  for (const mode_t mode : {0600U, 0664U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_FALSE(*database->keep_in_place());
    unlink(path_.c_str());
    ASSERT_TRUE(*database->keep_in_place());
    struct stat status {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, mode);
  }
}

TEST_F(SqliteConnectionTest, TakesNoFileForDeletedThatItCannotSee) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(database->exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)"));
  unlink(path_.c_str());
  ASSERT_EQ(symlink(path_.c_str(), path_.c_str()), 0);
  const auto kept = database->keep_in_place();
  ASSERT_FALSE(kept);
  EXPECT_TRUE(kept.error().message().starts_with("stat " + path_)) << kept.error().message();
  unlink(path_.c_str());
  EXPECT_TRUE(*database->keep_in_place());
  EXPECT_EQ(sum_in(path_), 1);
}

TEST_F(SqliteConnectionTest, SaysWhenTheDirectoryIsMissing) {
  EXPECT_EQ(open_error(directory_.file("no/mesh.db")),
            directory_.file("no/mesh.db") + ": the directory " + directory_.file("no") +
                " does not exist; create it, or mount a volume there");
}

TEST_F(SqliteConnectionTest, SaysWhenThePathIsADirectoryOrEmpty) {
  EXPECT_EQ(open_error(directory_.path()),
            directory_.path() + ": is a directory; give the name of a file in it");
  EXPECT_EQ(open_error(""), "the path of the database is empty; give the name of a file");
}

TEST_F(SqliteConnectionTest, SaysWhenTheFileIsNotADatabase) {
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_EQ(open_error(path_),
            path_ + ": not a SQLite database; move the file away or give another path");
}

TEST_F(SqliteConnectionTest, SaysWhenTheFileIsDamaged) {
  { EXPECT_TRUE(open_or_die(path_)->exec("CREATE TABLE t (n)")); }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  constexpr int kFirstPageHeader = 100;
  file.seekp(kFirstPageHeader) << std::string(3000, '\xff');
  file.close();
  auto database = open(path_, {});
  const auto result = database ? (*database)->exec("SELECT * FROM t") : database.error();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), path_ +
                                          ": database disk image is malformed; restore a backup, "
                                          "or move the file away to start empty");
}

TEST_F(SqliteConnectionTest, SaysWhenTheDirectoryIsReadOnly) {
  ASSERT_EQ(chmod(directory_.path().c_str(), 0555), 0);
  if (access(directory_.path().c_str(), W_OK) == 0) {
    std::cout << "root writes everywhere; taking another user's place\n";
    if (seteuid(65534) != 0) GTEST_SKIP() << "root writes everywhere and cannot become another";
  }
  const std::string error = open_error(path_);
  ASSERT_EQ(seteuid(getuid()), 0);
  chmod(directory_.path().c_str(), 0755);
  EXPECT_NE(error.find("may not write in " + directory_.path()), std::string::npos) << error;
}

TEST_F(SqliteConnectionTest, SaysWhenAForeignProcessHoldsTheFile) {
  { EXPECT_TRUE(open_or_die(path_)->exec("CREATE TABLE t (n)")); }
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  const auto database = open(path_, {.busy_timeout = std::chrono::milliseconds(1)});
  sqlite3_close(shell);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().message(),
            path_ + ": locked by another process; close it (a sqlite3 shell in a transaction?)");
}

TEST_F(SqliteConnectionTest, SaysWhenTheDatabaseIsFull) {
  const auto database = open_or_die(path_);
  ASSERT_TRUE(database->exec("CREATE TABLE t (b); PRAGMA max_page_count = 4"));
  const auto result = database->exec("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(),
            path_ + ": the disk is full; free space or enlarge the volume");
}

}  // namespace
}  // namespace meshcheck::store::sqlite
