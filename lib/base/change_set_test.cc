#include "lib/base/change_set.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meshcheck {
namespace {

using Names = std::vector<std::string>;

class ChangeSetTest : public testing::Test {
 protected:
  Names take(std::size_t max = 100) {
    Names names;
    last_ = changes_.take(max, [&](const std::string& name) { names.push_back(name); });
    return names;
  }

  ChangeSet<std::string> changes_;
  std::uint64_t last_ = 0;
};

TEST_F(ChangeSetTest, HandsOutEachKeyOnceInTheOrderOfTheirChanges) {
  EXPECT_EQ(changes_.add("b"), 1U);
  EXPECT_EQ(changes_.add("a"), 2U);
  EXPECT_EQ(changes_.add("b"), 1U) << "not taken yet: the same change";
  EXPECT_EQ(take(), (Names{"b", "a"}));
  EXPECT_EQ(last_, 2U);
  EXPECT_EQ(take(), Names());
  EXPECT_EQ(changes_.size(), 2U) << "taken, and not written";
}

TEST_F(ChangeSetTest, HandsOutNoMoreThanItIsAskedFor) {
  for (const char* name : {"a", "b", "c"}) changes_.add(name);
  EXPECT_EQ(take(2), (Names{"a", "b"}));
  EXPECT_EQ(take(2), Names{"c"});
}

TEST_F(ChangeSetTest, ForgetsWhatIsWritten) {
  changes_.add("a");
  changes_.add("b");
  take(1);
  changes_.written(last_);
  EXPECT_EQ(changes_.number_of("a"), 0U);
  EXPECT_EQ(changes_.number_of("b"), 2U);
  EXPECT_EQ(changes_.size(), 1U);
  EXPECT_EQ(take(), Names{"b"});
}

TEST_F(ChangeSetTest, HandsOutAgainWhatCouldNotBeWritten) {
  changes_.add("a");
  changes_.add("b");
  take(1);
  changes_.written(last_);
  take();
  changes_.add("c");
  changes_.put_back();
  EXPECT_EQ(take(), (Names{"b", "c"}));
}

TEST_F(ChangeSetTest, KeepsAKeyThatChangedWhileItWasWritten) {
  changes_.add("a");
  changes_.add("b");
  take();
  EXPECT_EQ(changes_.add("a"), 3U);
  changes_.written(last_);
  EXPECT_EQ(changes_.number_of("a"), 3U);
  EXPECT_EQ(take(), Names{"a"});
  EXPECT_EQ(last_, 3U);
}

TEST_F(ChangeSetTest, HandsOutAKeyOnceThatChangedWhileItCouldNotBeWritten) {
  changes_.add("a");
  changes_.add("b");
  take();
  changes_.add("a");
  changes_.put_back();
  EXPECT_EQ(take(), (Names{"b", "a"}));
}

TEST_F(ChangeSetTest, ForgetsTheOldestBeyondItsBound) {
  changes_ = ChangeSet<std::string>(2);
  for (const char* name : {"a", "b", "a", "c"}) changes_.add(name);
  EXPECT_EQ(changes_.number_of("a"), 0U);
  EXPECT_EQ(take(), (Names{"b", "c"}));
}

TEST_F(ChangeSetTest, NotesNothingWhereNobodyWrites) {
  changes_ = ChangeSet<std::string>(0);
  EXPECT_EQ(changes_.add("a"), 0U);
  EXPECT_EQ(changes_.size(), 0U);
  EXPECT_EQ(take(), Names());
}

TEST_F(ChangeSetTest, ForgetsAKeyOfWhichNothingIsLeft) {
  changes_.add("a");
  changes_.add("b");
  take(1);
  changes_.erase("a");
  changes_.erase("unknown");
  changes_.put_back();
  EXPECT_EQ(take(), Names{"b"});
  EXPECT_EQ(changes_.add("a"), 3U);
}

}  // namespace
}  // namespace meshcheck
