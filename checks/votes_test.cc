#include "checks/votes.h"

#include <gtest/gtest.h>

namespace meshcheck::checks {
namespace {

using probe::Trouble;

const Trouble kRefused{.text = "refused"};
const Trouble kNoDescriptor{.text = "no descriptor", .own = OwnFault::kNoDescriptor};
const Trouble kNoBuffer{.text = "no buffer", .own = OwnFault::kNoBuffer};

std::string said(const std::optional<CheckResult>& result) {
  if (!result) return "nothing yet";
  if (result->status == sla::Status::kUp) return "up";
  return (result->status == sla::Status::kDown ? "down: " : "unknown: ") + result->reason;
}

TEST(VotesTest, FollowsAnyOrAll) {
  Votes any(Follow::kAny, 2);
  EXPECT_EQ(said(any.failed(kRefused)), "nothing yet");
  EXPECT_EQ(said(any.passed()), "up");
  Votes none(Follow::kAny, 2);
  EXPECT_EQ(said(none.failed(kRefused)), "nothing yet");
  EXPECT_EQ(said(none.failed({.text = "reset"})), "down: refused") << "the first";
  Votes all(Follow::kAll, 2);
  EXPECT_EQ(said(all.passed()), "nothing yet");
  EXPECT_EQ(said(all.failed(kRefused)), "down: refused");
  Votes both(Follow::kAll, 2);
  EXPECT_EQ(said(both.passed()), "nothing yet");
  EXPECT_EQ(said(both.passed()), "up");
}

TEST(VotesTest, DoesNotCountWhomItCouldNotAsk) {
  Votes any(Follow::kAny, 2);
  EXPECT_EQ(said(any.failed(kNoDescriptor)), "nothing yet");
  EXPECT_EQ(said(any.passed()), "up");
  Votes half(Follow::kAny, 2);
  EXPECT_EQ(said(half.failed(kNoDescriptor)), "nothing yet");
  EXPECT_EQ(said(half.failed(kRefused)), "unknown: no descriptor") << "it might have answered";
  Votes all(Follow::kAll, 3);
  EXPECT_EQ(said(all.passed()), "nothing yet");
  EXPECT_EQ(said(all.failed(kNoBuffer)), "nothing yet");
  EXPECT_EQ(said(all.passed()), "unknown: no buffer");
  Votes one(Follow::kAll, 2);
  EXPECT_EQ(said(one.failed(kNoBuffer)), "nothing yet");
  EXPECT_EQ(said(one.failed(kRefused)), "down: refused") << "whatever the other would have said";
}

TEST(VotesTest, TellsWhatSilenceMeans) {
  EXPECT_EQ(said(Votes(Follow::kAny, 1).timed_out("silent")), "down: silent");
  Votes any(Follow::kAny, 2);
  EXPECT_FALSE(any.failed(kRefused));
  EXPECT_EQ(said(any.timed_out("silent")), "down: refused");
  Votes half(Follow::kAny, 2);
  EXPECT_FALSE(half.failed(kNoDescriptor));
  EXPECT_EQ(said(half.timed_out("silent")), "unknown: no descriptor");
  Votes all(Follow::kAll, 2);
  EXPECT_FALSE(all.failed(kNoDescriptor));
  EXPECT_EQ(said(all.timed_out("silent")), "down: silent");
}

}  // namespace
}  // namespace meshcheck::checks
