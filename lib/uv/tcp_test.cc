#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <optional>

#include "lib/testing/loop.h"
#include "lib/uv/tcp_listener.h"
#include "lib/uv/tcp_stream.h"

namespace meshcheck::uv {
namespace {

// A listener on loopback, one accepted stream and one that connected.
class TcpTest : public testing::Test {
 protected:
  void SetUp() override {
    auto listening =
        TcpListener::listen(loop_, *Endpoint::parse("127.0.0.1:0"), {}, [this](TcpStream stream) {
          accepted_.emplace(std::move(stream));
          loop_.stop();
        });
    ASSERT_TRUE(listening) << listening.error().message();
    listener_.emplace(*std::move(listening));
    connecting_.emplace(loop_);
    ASSERT_TRUE(connecting_->connect(listener_->local(),
                                     [](const Result<void>& result) { EXPECT_TRUE(result); }));
    loop_.run();
    ASSERT_TRUE(accepted_);
  }

  Loop loop_;
  std::optional<TcpListener> listener_;
  std::optional<TcpStream> accepted_;
  std::optional<TcpStream> connecting_;
};

TEST_F(TcpTest, CarriesMoreThanTheKernelBuffersInOrder) {
  std::string sent(8 << 20U, 'x');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i % 23);
  std::string received;
  bool drained = false;
  accepted_->start({.on_data = [&](std::string_view bytes) { received += bytes; },
                    .on_end =
                        [&](const std::optional<Error>& error) {
                          EXPECT_FALSE(error);
                          loop_.stop();
                        },
                    .on_drained = {}});
  connecting_->start({.on_data = {}, .on_end = {}, .on_drained = [&] {
                        drained = true;
                        connecting_->finish_writing();
                      }});
  connecting_->write(sent);
  EXPECT_GT(connecting_->queued_bytes(), 0U);
  loop_.run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(received, sent);
}

TEST_F(TcpTest, HoldsBackWhilePaused) {
  std::string received;
  accepted_->start({.on_data = [&](std::string_view bytes) { received += bytes; },
                    .on_end = [&](const std::optional<Error>&) { loop_.stop(); },
                    .on_drained = {}});
  accepted_->pause();
  connecting_->write("held");
  connecting_->finish_writing();
  for (int turn = 0; turn < 3; ++turn) uv_run(loop_.get(), UV_RUN_NOWAIT);
  EXPECT_EQ(received, "");
  accepted_->resume();
  loop_.run();
  EXPECT_EQ(received, "held");
}

TEST_F(TcpTest, MayBeDestroyedInsideItsOwnCallback) {
  std::string received;
  accepted_->start({.on_data =
                        [&](std::string_view bytes) {
                          received = bytes;
                          accepted_.reset();
                          loop_.stop();
                        },
                    .on_end = {},
                    .on_drained = {}});
  connecting_->write("last words");
  loop_.run();
  EXPECT_EQ(received, "last words");
}

TEST_F(TcpTest, TellsAResetFromAnEnd) {
  std::optional<Error> seen;
  accepted_->start({.on_data = {},
                    .on_end =
                        [&](std::optional<Error> error) {
                          seen = std::move(error);
                          loop_.stop();
                        },
                    .on_drained = {}});
  connecting_->reset();
  loop_.run();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->message(), "read: connection reset by peer");
}

TEST_F(TcpTest, KnowsItsPeer) {
  EXPECT_EQ(accepted_->peer().address.text(), "127.0.0.1");
  EXPECT_EQ(connecting_->peer(), listener_->local());
}

TEST(TcpListenerTest, NamesTheEndpointThatIsTaken) {
  Loop loop;
  auto first = TcpListener::listen(loop, *Endpoint::parse("127.0.0.1:0"), {}, [](auto) {});
  ASSERT_TRUE(first);
  auto second = TcpListener::listen(loop, first->local(), {}, [](auto) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(),
            "listen on " + first->local().text() + ": address already in use");
}

TEST(TcpListenerTest, TriesAgainWhenThereIsADescriptorForAConnection) {
  Loop loop;
  int failures = 0;
  std::optional<TcpStream> accepted;
  TcpListener::Options options;
  options.on_failure = [&](const Error& error) {
    EXPECT_EQ(error.message(), "accept: too many open files");
    ++failures;
  };
  auto listener =
      TcpListener::listen(loop, *Endpoint::parse("127.0.0.1:0"), options,
                          [&](TcpStream stream) { accepted.emplace(std::move(stream)); });
  ASSERT_TRUE(listener);
  TcpStream client(loop);
  ASSERT_TRUE(client.connect(listener->local(), [](const Result<void>&) {}));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int unused = dup(client.descriptor());
  close(unused);
  const rlimit low{.rlim_cur = static_cast<rlim_t>(unused), .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_TRUE(run_until(loop, [&] { return failures == 2; }));
  EXPECT_FALSE(accepted);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(run_until(loop, [&] { return accepted.has_value(); }));
}

TEST(TcpStreamTest, SaysWhenNobodyListens) {
  Loop loop;
  TcpStream stream(loop);
  std::string seen;
  ASSERT_TRUE(stream.connect(*Endpoint::parse("127.0.0.1:1"), [&](const Result<void>& result) {
    seen = result.error().message();
    loop.stop();
  }));
  loop.run();
  EXPECT_EQ(seen, "connect: connection refused");
}

}  // namespace
}  // namespace meshcheck::uv
