#include "lib/store/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

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
  EXPECT_EQ(database.name(), ":memory:");
  ASSERT_TRUE(database.exec("CREATE TABLE t (a, b, c, d, e, f)"));
  const std::vector<std::uint8_t> bytes = {0, 1, 255};
  const std::string text("nul \0 inside", 12);
  auto insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
  ASSERT_TRUE(insert);
  insert->bind_all(INT64_MIN, 2.5, text, std::span<const std::uint8_t>(bytes), nullptr,
                   std::optional<int>());
  EXPECT_TRUE(insert->run());
  EXPECT_EQ(database.changed(), 1);
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

// A folder in the place of its log keeps SQLite from opening the copy.
TEST_F(ConnectionTest, LosesNothingWhenADeletedFileCannotBeOpenedAnewAtOnce) {
  Connection database = open_or_die(path_);
  ASSERT_TRUE(database.exec("CREATE TABLE t (n INTEGER)"));
  const auto add = [&](int n) {
    const auto insert = database.cached("INSERT INTO t VALUES (?)");
    return insert && (*insert)->bind_all(n).run();
  };
  ASSERT_TRUE(add(1));
  const std::string log = path_ + "-wal";
  for (const std::string& file : {path_, log, path_ + "-shm"}) unlink(file.c_str());
  ASSERT_EQ(mkdir(log.c_str(), 0700), 0);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto kept = database.keep_in_place();
    ASSERT_FALSE(kept) << "attempt " << attempt;
    EXPECT_EQ(kept.error().message().find("another file"), std::string::npos)
        << kept.error().message();
  }
  ASSERT_EQ(rmdir(log.c_str()), 0);
  const auto kept = database.keep_in_place();
  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_TRUE(*kept);
  ASSERT_TRUE(add(20));
  auto reader = Connection::open(path_, {.read_only = true});
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(number_from(*reader, "SELECT sum(n) FROM t"), 21);
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

}  // namespace
}  // namespace meshcheck::store
