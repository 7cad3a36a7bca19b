#include "lib/store/connection.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <optional>

#include "lib/store/transaction.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::store {
namespace {

Connection open_or_die(const std::string& path) {
  auto database = Connection::open(path);
  EXPECT_TRUE(database) << database.error().message();
  return *std::move(database);
}

std::string open_error(const std::string& path) {
  const auto database = Connection::open(path);
  return database ? "opened" : database.error().message();
}

std::int64_t number_from(Connection& database, std::string_view sql) {
  auto statement = database.prepare(sql);
  EXPECT_TRUE(statement) << statement.error().message();
  const auto row = statement->step();
  EXPECT_TRUE(row && *row);
  return statement->int64(0);
}

class ConnectionTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
  std::string path_ = directory_.file("mesh.db");
};

TEST_F(ConnectionTest, KeepsWhatWasWrittenWhenReopened) {
  {
    Connection database = open_or_die(path_);
    EXPECT_TRUE(database.exec("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (7)"));
  }
  Connection database = open_or_die(path_);
  EXPECT_EQ(number_from(database, "SELECT n FROM t"), 7);
}

TEST_F(ConnectionTest, SyncsEveryCommitAndChecksForeignKeys) {
  Connection database = open_or_die(path_);
  auto mode = database.prepare("PRAGMA journal_mode");
  ASSERT_TRUE(*mode->step());
  EXPECT_EQ(mode->text(0), "wal");
  constexpr int kFull = 2;
  EXPECT_EQ(number_from(database, "PRAGMA synchronous"), kFull);
  EXPECT_EQ(number_from(database, "PRAGMA foreign_keys"), 1);
}

TEST_F(ConnectionTest, CarriesEveryTypeThroughAStatement) {
  Connection database = open_or_die(":memory:");
  EXPECT_EQ(database.path(), ":memory:");
  ASSERT_TRUE(database.exec("CREATE TABLE t (a, b, c, d, e, f)"));
  const std::vector<std::uint8_t> bytes = {0, 1, 255};
  const std::string text("nul \0 inside", 12);
  auto insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
  ASSERT_TRUE(insert);
  insert->bind_all(INT64_MIN, 2.5, text, std::span<const std::uint8_t>(bytes), nullptr,
                   std::optional<int>());
  EXPECT_TRUE(insert->run());
  EXPECT_EQ(database.changed(), 1);
  EXPECT_EQ(database.last_row_id(), 1);
  auto select = database.prepare("SELECT * FROM t");
  ASSERT_TRUE(*select->step());
  EXPECT_EQ(select->int64(0), INT64_MIN);
  EXPECT_EQ(select->real(1), 2.5);
  EXPECT_EQ(select->text(2), text);
  const auto blob = select->blob(3);
  EXPECT_EQ(std::vector(blob.begin(), blob.end()), bytes);
  EXPECT_TRUE(select->is_null(4));
  EXPECT_TRUE(select->is_null(5));
  EXPECT_EQ(select->text(4), "");
  EXPECT_FALSE(*select->step());
}

TEST_F(ConnectionTest, RunsAStatementAgainAfterItsEnd) {
  Connection database = open_or_die(":memory:");
  ASSERT_TRUE(database.exec("CREATE TABLE t (n INTEGER UNIQUE)"));
  auto insert = database.prepare("INSERT INTO t VALUES (?)");
  for (int n = 0; n < 3; ++n) EXPECT_TRUE(insert->bind_all(n).run());
  const auto twice = insert->bind_all(1).run();
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().message(), ":memory:: UNIQUE constraint failed: t.n");
  EXPECT_TRUE(insert->bind_all(3).run());
  EXPECT_EQ(number_from(database, "SELECT count(*) FROM t"), 4);
}

TEST_F(ConnectionTest, PreparesACachedStatementOnceAndClearsItsBindings) {
  Connection database = open_or_die(":memory:");
  const auto first = database.cached("SELECT ?");
  ASSERT_TRUE(first);
  (*first)->bind(1, "left over");
  ASSERT_TRUE(*(*first)->step());
  const auto second = database.cached("SELECT ?");
  EXPECT_EQ(*first, *second);
  ASSERT_TRUE(*(*second)->step());
  EXPECT_TRUE((*second)->is_null(0));
  EXPECT_FALSE(database.cached("SELEKT"));
}

TEST_F(ConnectionTest, RefusesAValueThatIsTooLargeAtTheNextStep) {
  Connection database = open_or_die(":memory:");
  auto statement = database.prepare("SELECT ?");
  // Never read: SQLite looks at the length first.
  statement->bind(1, std::string_view("", std::size_t{1} << 31U));
  const auto refused = statement->step();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "string or blob too big");
  statement->bind(1, "small");
  EXPECT_TRUE(statement->step());
}

TEST_F(ConnectionTest, RefusesASecondUserOfTheSameFile) {
  std::optional<Connection> first(open_or_die(path_));
  EXPECT_EQ(open_error(path_), path_ + ": in use by another process, which holds " + path_ +
                                   ".lock; stop it, or give this one a file of its own");
  first.reset();
  EXPECT_EQ(open_error(path_), "opened");
}

TEST_F(ConnectionTest, CanBeReadByAShellWhileItIsOpen) {
  Connection database = open_or_die(path_);
  ASSERT_TRUE(database.exec("CREATE TABLE t (n); INSERT INTO t VALUES (1)"));
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path_.c_str(), &shell, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(shell, "SELECT * FROM t", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(shell);
}

TEST_F(ConnectionTest, SaysWhenTheDirectoryIsMissing) {
  EXPECT_EQ(open_error(directory_.file("no/mesh.db")),
            directory_.file("no/mesh.db") + ": the directory " + directory_.file("no") +
                " does not exist; create it, or mount a volume there");
}

TEST_F(ConnectionTest, SaysWhenThePathIsADirectoryOrEmpty) {
  EXPECT_EQ(open_error(directory_.path()),
            directory_.path() + ": is a directory; give the name of a file in it");
  EXPECT_EQ(open_error(""), "the path of the database is empty; give the name of a file");
}

TEST_F(ConnectionTest, SaysWhenTheFileIsNotADatabase) {
  std::ofstream(path_) << std::string(4096, 'x');
  EXPECT_EQ(open_error(path_),
            path_ + ": not a SQLite database; move the file away or give another path");
}

TEST_F(ConnectionTest, SaysWhenTheFileIsDamaged) {
  { EXPECT_TRUE(open_or_die(path_).exec("CREATE TABLE t (n)")); }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  constexpr int kFirstPageHeader = 100;
  file.seekp(kFirstPageHeader) << std::string(3000, '\xff');
  file.close();
  auto database = Connection::open(path_);
  const auto result = database ? database->exec("SELECT * FROM t") : database.error();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), path_ +
                                          ": database disk image is malformed; restore a backup, "
                                          "or move the file away to start empty");
}

TEST_F(ConnectionTest, SaysWhenTheDirectoryIsReadOnly) {
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

TEST_F(ConnectionTest, SaysWhenAForeignProcessHoldsTheFile) {
  { EXPECT_TRUE(open_or_die(path_).exec("CREATE TABLE t (n)")); }
  sqlite3* shell = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &shell), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(shell, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  Connection::Options options;
  options.busy_timeout = std::chrono::milliseconds(1);
  const auto database = Connection::open(path_, options);
  sqlite3_close(shell);
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().message(),
            path_ + ": locked by another process; close it (a sqlite3 shell in a transaction?)");
}

TEST_F(ConnectionTest, SaysWhenTheDatabaseIsFull) {
  Connection database = open_or_die(path_);
  ASSERT_TRUE(database.exec("CREATE TABLE t (b); PRAGMA max_page_count = 4"));
  const auto result = database.exec("INSERT INTO t VALUES (zeroblob(100000))");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(),
            path_ + ": the disk is full; free space or enlarge the volume");
}

TEST_F(ConnectionTest, ReadsBesideTheOneThatWritesAndWritesNothing) {
  auto writer = Connection::open(path_);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->exec("CREATE TABLE t (x); INSERT INTO t VALUES (7)"));
  auto reader = Connection::open(path_, {.read_only = true});
  ASSERT_TRUE(reader) << reader.error().message();
  auto transaction = Transaction::begin(*reader);
  ASSERT_TRUE(transaction) << transaction.error().message();
  auto rows = reader->prepare("SELECT x FROM t");
  ASSERT_TRUE(rows);
  EXPECT_TRUE(*rows->step());
  EXPECT_EQ(rows->int64(0), 7);
  rows->reset();
  EXPECT_TRUE(transaction->commit());
  EXPECT_FALSE(reader->exec("INSERT INTO t VALUES (8)"));
  EXPECT_FALSE(Connection::open(path_ + ".none", {.read_only = true}));
}

class TransactionTest : public testing::Test {
 protected:
  TransactionTest() { EXPECT_TRUE(database_.exec("CREATE TABLE t (n)")); }
  std::int64_t rows() { return number_from(database_, "SELECT count(*) FROM t"); }
  void insert() { EXPECT_TRUE(database_.exec("INSERT INTO t VALUES (1)")); }

  Connection database_ = open_or_die(":memory:");
};

TEST_F(TransactionTest, RollsBackUnlessCommitted) {
  {
    const auto transaction = Transaction::begin(database_);
    insert();
    EXPECT_TRUE(database_.in_transaction());
  }
  EXPECT_FALSE(database_.in_transaction());
  EXPECT_EQ(rows(), 0);
  auto transaction = Transaction::begin(database_);
  insert();
  EXPECT_TRUE(transaction->commit());
  EXPECT_EQ(rows(), 1);
}

TEST_F(TransactionTest, NestsAsASavepoint) {
  auto outer = Transaction::begin(database_);
  insert();
  {
    auto lost = Transaction::begin(database_);
    insert();
    auto committed_in_lost = Transaction::begin(database_);
    insert();
    EXPECT_TRUE(committed_in_lost->commit());
  }
  {
    auto kept = Transaction::begin(database_);
    insert();
    EXPECT_TRUE(kept->commit());
  }
  EXPECT_TRUE(outer->commit());
  EXPECT_EQ(rows(), 2);
}

}  // namespace
}  // namespace meshcheck::store
