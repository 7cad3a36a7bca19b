#include "lib/store/migrations.h"

#include <gtest/gtest.h>

#include <array>

namespace meshcheck::store {
namespace {

constexpr std::array kMigrations = {
    Migration{1, "CREATE TABLE agents (name TEXT NOT NULL)"},
    Migration{2, "ALTER TABLE agents ADD zone TEXT; INSERT INTO agents VALUES ('a', 'z')"},
    Migration{3, "CREATE INDEX agents_zone ON agents (zone)"},
};

class MigrationsTest : public testing::Test {
 protected:
  std::int64_t number_from(std::string_view sql) {
    auto statement = database_.prepare(sql);
    EXPECT_TRUE(statement) << statement.error().message();
    EXPECT_TRUE(*statement->step());
    return statement->int64(0);
  }
  std::string error_of(std::span<const Migration> migrations) {
    const auto result = migrate(database_, migrations);
    return result ? "migrated" : result.error().message();
  }

  Connection database_ = *Connection::open(":memory:");
};

TEST_F(MigrationsTest, ApplyOnceEachInOrder) {
  EXPECT_EQ(error_of(std::span(kMigrations).first(1)), "migrated");
  EXPECT_EQ(number_from("PRAGMA user_version"), 1);
  EXPECT_EQ(error_of(kMigrations), "migrated");
  EXPECT_EQ(error_of(kMigrations), "migrated");
  EXPECT_EQ(number_from("PRAGMA user_version"), 3);
  EXPECT_EQ(number_from("SELECT count(*) FROM agents"), 1);
}

TEST_F(MigrationsTest, LeaveNothingOfAStepThatFails) {
  const std::array migrations = {
      kMigrations[0], Migration{2, "DROP TABLE agents; CREATE TABLE oops (n); SELECT absent"}};
  EXPECT_EQ(error_of(migrations), "migration 2: :memory:: no such column: absent");
  EXPECT_EQ(number_from("PRAGMA user_version"), 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM sqlite_schema"), 1);
  EXPECT_EQ(error_of(kMigrations), "migrated");
}

TEST_F(MigrationsTest, RefuseADatabaseOfANewerProgram) {
  ASSERT_EQ(error_of(kMigrations), "migrated");
  EXPECT_EQ(error_of(std::span(kMigrations).first(2)),
            ":memory:: written by a newer version of this program (schema 3, this one knows 2); "
            "run that version again, or give another file");
}

TEST_F(MigrationsTest, RefuseADatabaseOfAnotherProgram) {
  ASSERT_TRUE(database_.exec("CREATE TABLE recipes (name)"));
  EXPECT_EQ(error_of(kMigrations), ":memory:: a database of another program; give another file");
}

TEST(MigrationsDeathTest, MustBeNumberedFromOneWithoutGaps) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Connection database = *Connection::open(":memory:");
  const std::array gap = {kMigrations[0], kMigrations[2]};
  EXPECT_DEATH(static_cast<void>(migrate(database, gap)), "numbered 1 to n");
}

}  // namespace
}  // namespace meshcheck::store
