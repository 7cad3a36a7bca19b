#include "server/store/schema.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

std::int64_t number_from(store::Connection& database, const std::string& sql) {
  auto statement = database.prepare(sql);
  EXPECT_TRUE(statement) << statement.error().message();
  const auto row = statement->step();
  EXPECT_TRUE(row && *row);
  return statement->int64(0);
}

TEST(SchemaTest, MakesTheTablesOfAnEmptyDatabase) {
  store::Connection database = *store::Connection::open(":memory:");
  ASSERT_TRUE(update_schema(database));
  EXPECT_EQ(number_from(database, "PRAGMA user_version"), 6);
  for (const char* table :
       {"agent", "series", "setting", "verdict", "sla_probe", "sla_episode", "sla_day", "downtime",
        "history_tick", "history_chunk", "history_block", "verdict_trail"}) {
    EXPECT_EQ(number_from(database, "SELECT count(*) FROM " + std::string(table)), 0) << table;
  }
}

TEST(SchemaTest, KeepsWhatAnOlderFileHolds) {
  for (std::size_t steps = 1; steps < schema_migrations().size(); ++steps) {
    store::Connection database = *store::Connection::open(":memory:");
    ASSERT_TRUE(store::migrate(database, schema_migrations().first(steps)));
    ASSERT_TRUE(database.exec("INSERT INTO agent VALUES ('a', '{}', 3)"));
    ASSERT_TRUE(update_schema(database)) << steps;
    EXPECT_EQ(number_from(database, "SELECT errors_since_report FROM agent WHERE name = 'a'"), 3);
    EXPECT_EQ(number_from(database, "SELECT count(*) FROM downtime"), 0);
  }
}

}  // namespace
}  // namespace meshcheck::server
