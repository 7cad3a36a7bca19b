#include "lib/store/transaction.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshcheck::store {
namespace {

class TransactionTest : public testing::Test {
 protected:
  TransactionTest() { EXPECT_TRUE(database_.exec("CREATE TABLE t (n)")); }
  std::int64_t rows() {
    auto statement = database_.prepare("SELECT count(*) FROM t");
    EXPECT_TRUE(statement && *statement->step());
    return statement->int64(0);
  }
  void insert() { EXPECT_TRUE(database_.exec("INSERT INTO t VALUES (1)")); }

  Connection database_ = *Connection::open(":memory:");
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

// A database of no kind, which notes what it is told.
class NotedDriver : public driver::Connection {
 public:
  explicit NotedDriver(std::vector<std::string>& told) : told_(told) {}

  Result<void> exec(const std::string& sql) override {
    told_.push_back(sql);
    if (sql == "COMMIT" || sql == "ROLLBACK") in_transaction_ = false;
    return {};
  }
  Result<std::unique_ptr<driver::Statement>> prepare(std::string_view) override {
    return Error("no statements");
  }
  Result<void> begin() override {
    in_transaction_ = true;
    return exec("begin");
  }
  Result<bool> keep_in_place() override { return false; }
  std::string name() const override { return "noted"; }
  std::int64_t changed() const override { return 0; }
  bool in_transaction() const override { return in_transaction_; }
  Result<std::int64_t> schema_number() override { return 0; }
  Result<void> set_schema_number(std::int64_t) override { return {}; }
  Result<bool> has_tables() override { return false; }

 private:
  std::vector<std::string>& told_;
  bool in_transaction_ = false;
};

TEST(TransactionOfAnyDatabaseTest, BeginsAsTheDriverWillAndEndsInTheWordsOfAll) {
  std::vector<std::string> told;
  Connection database(std::make_unique<NotedDriver>(told));
  {
    auto outer = Transaction::begin(database);
    auto kept = Transaction::begin(database);
    EXPECT_TRUE(kept->commit());
    const auto lost = Transaction::begin(database);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"begin", "SAVEPOINT nested", "RELEASE nested",
                                            "SAVEPOINT nested",
                                            "ROLLBACK TO nested; RELEASE nested", "ROLLBACK"}));
}

}  // namespace
}  // namespace meshcheck::store
