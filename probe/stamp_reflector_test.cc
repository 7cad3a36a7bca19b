#include "probe/stamp_reflector.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "lib/testing/loop.h"
#include "mesh/stamp/sender.h"
#include "probe/descriptor.h"
#include "probe/timestamped_socket.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::uint8_t, 16> kSecret = {1, 2, 3};

// A sender that is not ours: one probe at a time.
class Client {
 public:
  Client(uv::Loop& loop, const Endpoint& local, const stamp::Key* key = nullptr)
      : sender_({.ssid = 9}, key),
        socket_(*TimestampedSocket::open(loop, {.local = local},
                                         {.on_received =
                                              [this](const TimestampedSocket::Received& received) {
                                                auto answer =
                                                    sender_.receive(received.bytes, received.time);
                                                ASSERT_TRUE(answer) << answer.error().message();
                                                answers.push_back(*answer);
                                                sizes.push_back(received.bytes.size());
                                              },
                                          .on_transmitted = {},
                                          .on_failure = {}})) {}

  void send(const Endpoint& to, const stamp::Sender::Probe& probe = {}) {
    std::array<std::uint8_t, 2048> buffer;
    const auto sent = sender_.send(probe, WallClock::now(), buffer);
    socket_.send({.bytes = sent.packet, .to = to, .from = {}});
    socket_.flush();
  }
  Endpoint local() const { return socket_.local(); }

  std::vector<stamp::Sender::Answer> answers;
  std::vector<std::size_t> sizes;

 private:
  stamp::Sender sender_;
  TimestampedSocket socket_;
};

class StampReflectorTest : public testing::Test {
 protected:
  void start(const StampReflector::Options& options) {
    auto started = StampReflector::start(loop_, options);
    ASSERT_TRUE(started) << started.error().message();
    reflector_.emplace(*std::move(started));
    target_.port = reflector_->port();
  }
  bool run_until_requests(std::uint64_t count) {
    return run_until(loop_, [=, this] { return reflector_->counts().requests >= count; });
  }

  uv::Loop loop_;
  std::optional<StampReflector> reflector_;
  Endpoint target_ = *Endpoint::parse("127.0.0.1:0");
  const Endpoint any_port_ = *Endpoint::parse("127.0.0.1:0");
};

TEST_F(StampReflectorTest, AnswersNobodyBeforeItHasAKey) {
  start({.port = 0});
  Client client(loop_, any_port_);
  client.send(target_);
  ASSERT_TRUE(run_until_requests(1));
  EXPECT_EQ(reflector_->counts().refused, 1U);
  EXPECT_TRUE(reflector_->heard(Clock::now()).empty());
}

TEST_F(StampReflectorTest, AnswersUnsignedRequestsOnlyWhileItIsOpen) {
  start({.port = 0, .open = true});
  const auto key = [] { return *stamp::Key::from_bytes(kSecret); };
  reflector_->set_keys(key(), std::nullopt);
  Client unsigned_client(loop_, any_port_);
  unsigned_client.send(target_, {.size = 200});
  ASSERT_TRUE(run_until(loop_, [&] { return unsigned_client.answers.size() == 1; }));
  const auto client_key = key();
  Client client(loop_, any_port_, &client_key);
  client.send(target_);
  ASSERT_TRUE(run_until(loop_, [&] { return client.answers.size() == 1; }));
  reflector_->set_open(false);
  unsigned_client.send(target_, {.size = 200});
  client.send(target_);
  ASSERT_TRUE(run_until(loop_, [&] { return client.answers.size() == 2; }));
  ASSERT_TRUE(run_until_requests(4));
  EXPECT_EQ(reflector_->counts().refused, 1U);
  EXPECT_EQ(reflector_->counts().replies, 3U);
}

TEST_F(StampReflectorTest, NeverAnswersItsOwnPort) {
  start({.port = 0, .open = true});
  const Descriptor raw(socket(AF_INET, SOCK_RAW, IPPROTO_UDP));
  if (!raw.open()) GTEST_SKIP() << "raw sockets are not permitted here";
  // From the reflector's port to the reflector's port, without a checksum.
  std::array<std::uint8_t, 8 + stamp::kUnauthenticatedSize> packet{};
  stamp::put<std::uint16_t>(packet, 0, target_.port);
  stamp::put<std::uint16_t>(packet, 2, target_.port);
  stamp::put<std::uint16_t>(packet, 4, packet.size());
  sockaddr_storage storage{};
  ASSERT_EQ(sendto(raw.get(), packet.data(), packet.size(), 0, target_.to_sockaddr(storage),
                   sizeof(sockaddr_in)),
            static_cast<ssize_t>(packet.size()));
  ASSERT_TRUE(run_until_requests(1));
  EXPECT_EQ(reflector_->counts().refused, 1U);
}

TEST_F(StampReflectorTest, TellsWhenTheReplyBeforeReallyLeft) {
  start({.port = 0, .open = true});
  Client client(loop_, any_port_);
  client.send(target_, {.follow_up = true});
  ASSERT_TRUE(run_until(loop_, [&] { return client.answers.size() == 1; }));
  EXPECT_FALSE(client.answers[0].follow_up);
  client.send(target_, {.follow_up = true});
  ASSERT_TRUE(run_until(loop_, [&] { return client.answers.size() == 2; }));
  const auto& follow_up = client.answers[1].follow_up;
  ASSERT_TRUE(follow_up);
  EXPECT_EQ(follow_up->sequence, 0U);
  EXPECT_EQ(follow_up->method, stamp::FollowUpTelemetry::Method::kSoftware);
  const WallTime left = follow_up->timestamp.time(stamp::TimestampFormat::kNtp);
  EXPECT_GE(left, client.answers[0].reflector_sent);
  EXPECT_LE(left, client.answers[0].received);
  EXPECT_EQ(client.answers[1].ttl, 64);
}

TEST_F(StampReflectorTest, RepliesWithTheSizeItIsAskedFor) {
  start({.port = 0, .open = true});
  Client client(loop_, any_port_);
  client.send(target_, {.size = 1000, .reply_size = 100});
  ASSERT_TRUE(run_until(loop_, [&] { return client.answers.size() == 1; }));
  EXPECT_EQ(client.sizes[0], 100U);
  EXPECT_TRUE(client.answers[0].resized);
}

TEST_F(StampReflectorTest, HearsEachSenderOnceUntilItIsSilent) {
  start({.port = 0, .open = true});
  Client first(loop_, any_port_);
  Client second(loop_, any_port_);
  Client third(loop_, *Endpoint::parse("[::1]:0"));
  Endpoint ipv6_target = *Endpoint::parse("[::1]:0");
  ipv6_target.port = target_.port;
  first.send(target_);
  second.send(target_);
  third.send(ipv6_target);
  ASSERT_TRUE(run_until_requests(3));
  const auto now = Clock::now();
  const auto heard = reflector_->heard(now);
  ASSERT_EQ(heard.size(), 2U);
  for (const mesh::Heard& sender : heard) {
    EXPECT_EQ(sender.ssid, 9);
    EXPECT_LT(sender.age, 5s);
  }
  EXPECT_EQ(reflector_->heard(now + 59s).size(), 2U);
  EXPECT_TRUE(reflector_->heard(now + 61s).empty());
}

TEST_F(StampReflectorTest, GoesOnWithOneFamily) {
  auto taken = *TimestampedSocket::open(loop_, {.local = *Endpoint::parse("[::]:0")}, {});
  start({.port = taken.local().port, .open = true});
  EXPECT_EQ(reflector_->missing(), "bind " + taken.local().text() + ": Address already in use");
  Client client(loop_, any_port_);
  client.send(target_);
  EXPECT_TRUE(run_until(loop_, [&] { return client.answers.size() == 1; }));
}

TEST_F(StampReflectorTest, SaysWhyItCannotStart) {
  start({.port = 0});
  const auto second = StampReflector::start(loop_, {.port = target_.port});
  const std::string port = std::to_string(target_.port);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message(), "bind 0.0.0.0:" + port +
                                          ": Address already in use; bind [::]:" + port +
                                          ": Address already in use");
}

}  // namespace
}  // namespace meshcheck::probe
