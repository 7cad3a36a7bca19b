// Answers that are read as they come.
#include <sstream>
#include <string>
#include <vector>

#include "lib/testing/http_stub_server.h"
#include "lib/testing/loop.h"

namespace meshcheck::http {
namespace {

using namespace std::chrono_literals;

class ClientStreamTest : public ClientFixture {
 protected:
  ClientStreamTest() { server_.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"; }
  // Without text it is the last.
  static std::string chunk(const std::string& text) {
    std::ostringstream framed;
    framed << std::hex << text.size() << "\r\n" << text << "\r\n";
    return framed.str();
  }

  ClientRequest watch(std::function<void(std::string_view)> on_body) const {
    ClientRequest request;
    request.url = server_.url();
    request.timeout = 0ms;
    request.body_max = 4;
    request.on_body = std::move(on_body);
    return request;
  }
  void start(ClientRequest request) {
    call_ = client_.start(std::move(request), [this](Outcome outcome) { outcome_ = outcome; });
  }
  template <typename Done>
  void run_until(Done&& done) {
    EXPECT_TRUE(uv::run_until(loop_, done));
  }

  std::string seen_;
  std::optional<Outcome> outcome_;
  Call call_;
};

TEST_F(ClientStreamTest, HandsBytesOutAsTheyComeAndKeepsNone) {
  start(watch([this](std::string_view bytes) {
    EXPECT_FALSE(outcome_);
    seen_ += bytes;
  }));
  run_until([&] { return !server_.requests.empty(); });
  server_.say(chunk("one"));
  run_until([&] { return seen_ == "one"; });
  server_.say(chunk("more than body_max"));
  run_until([&] { return seen_ == "onemore than body_max"; });
  EXPECT_FALSE(outcome_);
  server_.say(chunk("last") + chunk(""));
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(seen_.ends_with("last"));
  EXPECT_FALSE(outcome_->error);
  EXPECT_EQ(outcome_->status, 200);
  EXPECT_EQ(outcome_->body, "");
}

TEST_F(ClientStreamTest, KeepsTheBodyOfAnyOtherStatus) {
  server_.answer = "HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone";
  start(watch([](std::string_view) { FAIL(); }));
  run_until([&] { return outcome_.has_value(); });
  EXPECT_FALSE(outcome_->error);
  EXPECT_EQ(outcome_->status, 410);
  EXPECT_EQ(outcome_->body, "gone");
  server_.answer = "HTTP/1.1 410 Gone\r\nContent-Length: 5\r\n\r\nlarge";
  outcome_.reset();
  start(watch([](std::string_view) { FAIL(); }));
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(outcome_->error);
}

TEST_F(ClientStreamTest, TellsAnEndFromACut) {
  start(watch([this](std::string_view bytes) { seen_ += bytes; }));
  run_until([&] { return !server_.requests.empty(); });
  server_.say(chunk("one"));
  server_.hang_up();
  run_until([&] { return outcome_.has_value(); });
  EXPECT_EQ(seen_, "one");
  EXPECT_TRUE(outcome_->error);
  EXPECT_FALSE(outcome_->timed_out);
}

TEST_F(ClientStreamTest, IsSilentWhenItsCallIsDestroyedInsideOnBody) {
  start(watch([this](std::string_view bytes) {
    seen_ += bytes;
    call_ = Call();
  }));
  run_until([&] { return !server_.requests.empty(); });
  server_.say(chunk("one") + chunk("two") + chunk(""));
  run_until([&] { return server_.closed_by_client == 1; });
  EXPECT_EQ(seen_, "onetwo");
  EXPECT_FALSE(outcome_);
}

TEST_F(ClientStreamTest, MayDestroyAndStartOtherCallsInsideOnBody) {
  std::vector<Call> calls(2);
  // Who hears first silences the other and starts a third.
  const auto on_body = [&](std::string_view bytes) {
    seen_ += bytes;
    calls.clear();
    start(watch([this](std::string_view more) { seen_ += more; }));
  };
  for (Call& call : calls) {
    call = client_.start(watch(on_body), [](const Outcome&) { FAIL(); });
  }
  server_.answer += chunk("x");
  run_until([&] { return seen_ == "xx"; });
  EXPECT_EQ(server_.connections, 3U);
}

TEST_F(ClientStreamTest, EndsWhatGoesQuiet) {
  ClientRequest request = watch([this](std::string_view bytes) { seen_ += bytes; });
  request.idle_timeout = 50ms;
  server_.answer += chunk("one");
  start(request);
  run_until([&] { return outcome_.has_value(); });
  EXPECT_EQ(seen_, "one");
  EXPECT_TRUE(outcome_->timed_out);
  EXPECT_EQ(outcome_->error->message(), "nothing came for 50 ms");
  EXPECT_EQ(outcome_->status, 200);
  EXPECT_GE(outcome_->phases.total, 45ms);
  run_until([&] { return server_.closed_by_client == 1; });
}

TEST_F(ClientStreamTest, EndsWhatNeverAnswers) {
  ClientRequest request = watch({});
  request.idle_timeout = 50ms;
  server_.answer.clear();
  start(request);
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(outcome_->timed_out);
  EXPECT_EQ(outcome_->status, 0);
}

TEST_F(ClientStreamTest, GoesOnWhileSomethingComes) {
  ClientRequest request = watch([this](std::string_view bytes) { seen_ += bytes; });
  request.idle_timeout = 1s;
  start(request);
  run_until([&] { return !server_.requests.empty(); });
  const auto begun = Clock::now();
  uv::Timer trickle(loop_, [&] { server_.say(chunk("x")); });
  trickle.start_repeating(100ms);
  run_until([&] { return seen_.size() >= 15 || outcome_; });
  EXPECT_FALSE(outcome_);
  EXPECT_GT(Clock::now() - begun, 1s);
}

}  // namespace
}  // namespace meshcheck::http
