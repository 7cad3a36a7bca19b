#include "lib/uv/mailbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace meshcheck::uv {
namespace {

TEST(MailboxTest, DeliversInOrderFromAnotherThread) {
  constexpr int kMessages = 10'000;
  Loop loop;
  std::vector<int> received;
  Mailbox<int> mailbox(loop, 64, [&](int message) {
    received.push_back(message);
    if (message == kMessages - 1) loop.stop();
  });
  std::thread sender([&] {
    for (int i = 0; i < kMessages; ++i) {
      while (!mailbox.send(i)) std::this_thread::yield();
    }
  });
  loop.run();
  sender.join();
  ASSERT_EQ(received.size(), static_cast<std::size_t>(kMessages));
  for (int i = 0; i < kMessages; ++i) EXPECT_EQ(received[static_cast<std::size_t>(i)], i);
}

TEST(MailboxTest, RefusesWhatExceedsItsBound) {
  Loop loop;
  Mailbox<int> mailbox(loop, 2, [&](int) {});
  EXPECT_TRUE(mailbox.send(1));
  EXPECT_TRUE(mailbox.send(2));
  EXPECT_FALSE(mailbox.send(3));
}

TEST(MailboxTest, MayBeDestroyedByWhatItDelivers) {
  Loop loop;
  int calls = 0;
  std::unique_ptr<Mailbox<int>> mailbox;
  mailbox = std::make_unique<Mailbox<int>>(loop, 8, [&](int) {
    ++calls;
    mailbox.reset();
  });
  EXPECT_TRUE(mailbox->send(1));
  EXPECT_TRUE(mailbox->send(2));
  loop.run();
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace meshcheck::uv
