#include "lib/kube/reflector.h"

#include <gtest/gtest.h>

namespace meshcheck::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Metadata object(const std::string& name, const std::string& version,
                const std::string& uid = "uid") {
  return {{"net", name, uid}, version};
}

Failure failure(Failure::Kind kind) {
  return {kind, "the reason"};
}

class ReflectorTest : public testing::Test {
 protected:
  std::optional<Reflector::Request> take() { return reflector_.take(now_); }
  // The request that it asks for now, or an empty one and a failed test.
  Reflector::List take_list() {
    const auto request = take();
    const bool right = request && std::holds_alternative<Reflector::List>(*request);
    EXPECT_TRUE(right);
    return right ? std::get<Reflector::List>(*request) : Reflector::List();
  }
  Reflector::Watch take_watch() {
    const auto request = take();
    const bool right = request && std::holds_alternative<Reflector::Watch>(*request);
    EXPECT_TRUE(right);
    return right ? std::get<Reflector::Watch>(*request) : Reflector::Watch();
  }
  // Asks whether the API is there before it watches again, and is answered.
  Reflector::Watch take_probe_and_watch() {
    const auto request = take();
    EXPECT_TRUE(request && std::holds_alternative<Reflector::Probe>(*request));
    reflector_.probe_ended(now_);
    return take_watch();
  }
  // Lists `names` in version "10" and opens the watch.
  void sync(const std::vector<std::string>& names) {
    take_list();
    for (const std::string& name : names) reflector_.seen(object(name, "1"));
    reflector_.page_ended(now_, "10", "");
    EXPECT_EQ(take_watch().resource_version, "10");
    reflector_.watch_opened(now_);
  }
  void wake() { now_ = std::max(now_, reflector_.wake_at().value()); }

  Clock::time_point now_{};
  Reflector reflector_{{.objects_max = 4}, now_};
};

TEST_F(ReflectorTest, ListsPageByPageAndThenWatches) {
  EXPECT_EQ(take_list().continue_token, "");
  EXPECT_FALSE(take()) << "one request at a time";
  EXPECT_FALSE(reflector_.wake_at());
  EXPECT_EQ(reflector_.seen(object("a", "1")).outcome, ObjectIndex::Outcome::kChanged);
  EXPECT_TRUE(reflector_.page_ended(now_, "9", "more").empty());
  EXPECT_FALSE(reflector_.status().synced);
  EXPECT_EQ(take_list().continue_token, "more");
  reflector_.page_ended(now_, "9", "");
  EXPECT_TRUE(reflector_.status().synced);
  EXPECT_EQ(reflector_.status().objects, 1U);
  EXPECT_EQ(reflector_.status().lists, 1U);
  EXPECT_EQ(take_watch().resource_version, "9");
}

TEST_F(ReflectorTest, GoesOnFromTheLastEvent) {
  sync({"a"});
  reflector_.seen(object("b", "11"));
  reflector_.event_ended(now_, "11");
  reflector_.event_ended(now_, "20");  // A bookmark.
  now_ += seconds(90);
  reflector_.watch_ended(now_);
  EXPECT_EQ(take_watch().resource_version, "20");
  EXPECT_FALSE(reflector_.status().cut_off_since);
}

TEST_F(ReflectorTest, SaysWhoIsGoneSinceTheListBefore) {
  sync({"a", "b", "c"});
  reflector_.failed(now_ += seconds(60), failure(Failure::Kind::kGone));
  EXPECT_EQ(take_list().continue_token, "") << "at once: the list before is old";
  EXPECT_EQ(reflector_.seen(object("a", "1")).outcome, ObjectIndex::Outcome::kUnchanged);
  EXPECT_EQ(reflector_.seen(object("b", "12")).outcome, ObjectIndex::Outcome::kChanged);
  const auto gone = reflector_.page_ended(now_, "30", "");
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0], (Identity{"net", "c", "uid"}));
  EXPECT_EQ(reflector_.status().objects, 2U);
}

TEST_F(ReflectorTest, IsNotCutOffByAVersionThatIsTooOld) {
  sync({"a"});
  reflector_.failed(now_ += seconds(60), failure(Failure::Kind::kGone));
  EXPECT_FALSE(reflector_.status().cut_off_since);
  EXPECT_TRUE(reflector_.status().synced);
}

TEST_F(ReflectorTest, DoesNotListInACircle) {
  sync({"a"});
  reflector_.failed(now_, failure(Failure::Kind::kGone));
  EXPECT_FALSE(take());
  EXPECT_GE(*reflector_.wake_at() - now_, milliseconds(800));
}

TEST_F(ReflectorTest, StartsAListOverWhenItsPagesAreForgotten) {
  take_list();
  reflector_.seen(object("a", "1"));
  reflector_.page_ended(now_, "9", "more");
  now_ += seconds(400);
  take_list();
  reflector_.failed(now_, failure(Failure::Kind::kGone));
  EXPECT_EQ(take_list().continue_token, "");
}

TEST_F(ReflectorTest, TellsThatAnObjectWasReplaced) {
  sync({"a"});
  const auto upsert = reflector_.seen(object("a", "11", "another"));
  EXPECT_EQ(upsert.outcome, ObjectIndex::Outcome::kChanged);
  ASSERT_TRUE(upsert.replaced);
  EXPECT_EQ(upsert.replaced->uid, "uid");
}

TEST_F(ReflectorTest, DeletesOnce) {
  sync({"a"});
  EXPECT_TRUE(reflector_.deleted(object("a", "11")));
  EXPECT_FALSE(reflector_.deleted(object("a", "11")));
  EXPECT_EQ(reflector_.status().objects, 0U);
}

TEST_F(ReflectorTest, WaitsLongerAfterEachFailure) {
  sync({"a"});
  auto delay_min = milliseconds(800);
  for (int failures = 0; failures < 10; ++failures) {
    reflector_.failed(now_, failure(Failure::Kind::kUnreachable));
    const auto delay = *reflector_.wake_at() - now_;
    EXPECT_GE(delay, delay_min);
    EXPECT_LE(delay, 2 * delay_min);
    delay_min = std::min(2 * delay_min, milliseconds(15'000));
    EXPECT_FALSE(take());
    wake();
    EXPECT_EQ(take_probe_and_watch().resource_version, "10") << "nobody said that it is too old";
  }
}

TEST_F(ReflectorTest, SaysSinceWhenItIsCutOffAndWhy) {
  sync({"a"});
  now_ += seconds(30);
  const auto cut_off = now_;
  for (int failures = 0; failures < 3; ++failures) {
    reflector_.failed(now_, failure(Failure::Kind::kUnreachable));
    EXPECT_EQ(reflector_.status().cut_off_since, cut_off);
    EXPECT_EQ(reflector_.status().why, "the reason");
    EXPECT_EQ(reflector_.status().objects, 1U) << "what was known is kept";
    wake();
    take_probe_and_watch();
  }
  reflector_.watch_opened(now_);
  EXPECT_FALSE(reflector_.status().cut_off_since);
  EXPECT_EQ(reflector_.status().why, "");
}

TEST_F(ReflectorTest, CountsASilenceFromTheLastSignOfLife) {
  sync({"a"});
  reflector_.event_ended(now_ += seconds(5), "11");
  const auto last = now_;
  Failure silence = failure(Failure::Kind::kUnreachable);
  silence.by_silence = true;
  reflector_.failed(now_ += seconds(100), silence);
  EXPECT_EQ(reflector_.status().cut_off_since, last);
}

TEST_F(ReflectorTest, ForgetsFailuresAfterAHealthyWhile) {
  sync({"a"});
  for (int failures = 0; failures < 8; ++failures) {
    reflector_.failed(now_, failure(Failure::Kind::kUnreachable));
    wake();
    take_probe_and_watch();
  }
  reflector_.watch_opened(now_);
  reflector_.failed(now_ += seconds(1), failure(Failure::Kind::kUnreachable));
  EXPECT_GE(*reflector_.wake_at() - now_, seconds(15)) << "a second is not healthy";
  wake();
  take_probe_and_watch();
  reflector_.watch_opened(now_);
  reflector_.failed(now_ += seconds(11), failure(Failure::Kind::kUnreachable));
  EXPECT_LE(*reflector_.wake_at() - now_, milliseconds(1600));
}

TEST_F(ReflectorTest, ListsWhenTheApiFailsAgainAndAgain) {
  sync({"a"});
  for (int failures = 0; failures < 2; ++failures) {
    reflector_.failed(now_, failure(Failure::Kind::kServer));
    wake();
    take_probe_and_watch();
  }
  reflector_.failed(now_, failure(Failure::Kind::kServer));
  wake();
  take_list();
}

TEST_F(ReflectorTest, ListsAfterGarbage) {
  sync({"a"});
  reflector_.failed(now_, failure(Failure::Kind::kGarbage));
  wake();
  take_list();
}

TEST_F(ReflectorTest, KeepsItsPlaceWhenItIsForbidden) {
  sync({"a"});
  for (int failures = 0; failures < 6; ++failures) {
    reflector_.failed(now_, failure(Failure::Kind::kForbidden));
    wake();
    take_probe_and_watch();
  }
}

TEST_F(ReflectorTest, IsCutOffUntilThereIsAWatchAgain) {
  sync({"a"});
  reflector_.failed(now_, failure(Failure::Kind::kForbidden));
  wake();
  take_probe_and_watch();
  EXPECT_TRUE(reflector_.status().cut_off_since) << "it may list and not watch";
  reflector_.failed(now_, failure(Failure::Kind::kForbidden));
  EXPECT_EQ(reflector_.status().cut_off_since, Clock::time_point{});
}

TEST_F(ReflectorTest, TakesASilentWatchForOpenAfterASecond) {
  sync({"a"});
  reflector_.failed(now_, failure(Failure::Kind::kUnreachable));
  wake();
  take_probe_and_watch();
  EXPECT_EQ(reflector_.wake_at(), now_ + seconds(1));
  now_ += seconds(1);
  EXPECT_FALSE(take());
  EXPECT_FALSE(reflector_.status().cut_off_since);
  EXPECT_FALSE(reflector_.wake_at());
}

TEST_F(ReflectorTest, DoesNotHurryWhenWatchesEndAtOnce) {
  sync({"a"});
  reflector_.watch_ended(now_);
  EXPECT_FALSE(take());
  EXPECT_EQ(reflector_.status().why, "the Kubernetes API ends a watch as soon as it has begun");
  wake();
  take_probe_and_watch();
}

TEST_F(ReflectorTest, AsksForWatchesOfDifferentLengths) {
  sync({"a"});
  std::vector<std::chrono::seconds> timeouts;
  for (int watches = 0; watches < 20; ++watches) {
    now_ += seconds(100);
    reflector_.watch_ended(now_);
    timeouts.push_back(take_watch().timeout);
    reflector_.watch_opened(now_);
  }
  const auto [least, most] = std::minmax_element(timeouts.begin(), timeouts.end());
  EXPECT_GE(*least, seconds(90));
  EXPECT_LE(*most, seconds(135));
  EXPECT_LT(*least, *most);
}

TEST_F(ReflectorTest, BoundsWhatItHoldsAndSaysSo) {
  take_list();
  for (const auto* name : {"a", "b", "c", "d"}) reflector_.seen(object(name, "1"));
  EXPECT_EQ(reflector_.seen(object("e", "1")).outcome, ObjectIndex::Outcome::kNoRoom);
  EXPECT_EQ(reflector_.seen(object("a", "2")).outcome, ObjectIndex::Outcome::kChanged);
  reflector_.page_ended(now_, "9", "");
  EXPECT_EQ(reflector_.status().objects, 4U);
  EXPECT_EQ(reflector_.status().objects_refused, 1U);
  EXPECT_EQ(reflector_.status().why, "there are more than 4 objects; the rest is not looked at");
  EXPECT_FALSE(reflector_.status().cut_off_since);
}

TEST_F(ReflectorTest, SaysWhichObjectCannotBeRead) {
  take_list();
  reflector_.seen(object("a", "1"));
  reflector_.unreadable({"net", "a", "uid"}, Error("spec: an object is expected"));
  reflector_.page_ended(now_, "9", "");
  EXPECT_EQ(reflector_.status().why, "an object cannot be read: a: spec: an object is expected");
}

}  // namespace
}  // namespace meshcheck::kube
