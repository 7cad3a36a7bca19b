#include "lib/kube/failure.h"

#include <gtest/gtest.h>

namespace meshcheck::kube {
namespace {

using Kind = Failure::Kind;

const Operation kListPods{"list", "", "pods", ""};
const Operation kWatchDowntimes{"watch", "meshcheck.io", "downtimes", "net"};

TEST(FailureTest, NamesTheRuleThatIsMissing) {
  const Failure failure = failure_of_status(
      403, R"({"kind":"Status","message":"pods is forbidden: User \"x\" cannot list","code":403})",
      kListPods);
  EXPECT_EQ(failure.kind, Kind::kForbidden);
  EXPECT_EQ(failure.sentence,
            "the Kubernetes API forbids us to list pods (403); missing is a ClusterRole with "
            "apiGroups [\"\"], resources [\"pods\"], verbs [\"list\", \"watch\"], bound to our "
            "service account: pods is forbidden: User \"x\" cannot list");
}

TEST(FailureTest, NamesTheNamespaceOfARole) {
  const Failure failure = failure_of_status(403, "{}", kWatchDowntimes);
  EXPECT_NE(failure.sentence.find("watch downtimes.meshcheck.io in namespace net (403); missing is "
                                  "a Role in namespace net with apiGroups [\"meshcheck.io\"]"),
            std::string::npos)
      << failure.sentence;
}

TEST(FailureTest, HasAKindForEachStatus) {
  EXPECT_EQ(failure_of_status(401, "", kListPods).kind, Kind::kUnauthorized);
  EXPECT_EQ(failure_of_status(404, "", kListPods).kind, Kind::kNotFound);
  EXPECT_EQ(failure_of_status(410, "", kListPods).kind, Kind::kGone);
  EXPECT_EQ(failure_of_status(429, "", kListPods).kind, Kind::kBusy);
  EXPECT_EQ(failure_of_status(503, "", kListPods).kind, Kind::kServer);
  EXPECT_EQ(failure_of_status(302, "", kListPods).kind, Kind::kServer);
}

TEST(FailureTest, QuotesAnAnswerThatIsNotTheApis) {
  const Failure failure =
      failure_of_status(502, "<html>\nBad gateway" + std::string(1000, 'x'), kListPods);
  EXPECT_NE(failure.sentence.find("failed (502) to list pods: <html> Bad gateway"),
            std::string::npos);
  EXPECT_LT(failure.sentence.size(), 400U);
}

TEST(FailureTest, CutsNoCharacterInTwo) {
  std::string message(kMessageSizeMax - 1, 'x');
  message += "\xc3\xa4 and more";
  const std::string sentence = failure_of_message(500, message, kListPods).sentence;
  EXPECT_EQ(sentence.back(), 'x');
}

TEST(FailureTest, TellsCertificatesFromConnections) {
  http::Outcome outcome;
  outcome.error = Error("SSL certificate problem: self-signed certificate");
  outcome.untrusted = true;
  EXPECT_EQ(failure_of_connection(outcome, kListPods).kind, Kind::kCertificate);
  outcome.untrusted = false;
  outcome.error = Error("OpenSSL SSL_read: Connection reset by peer, errno 104");
  const Failure failure = failure_of_connection(outcome, kListPods);
  EXPECT_EQ(failure.kind, Kind::kUnreachable) << "nobody distrusts a connection that was reset";
  EXPECT_EQ(failure.sentence,
            "the Kubernetes API cannot be reached to list pods: OpenSSL SSL_read: Connection reset "
            "by peer, errno 104");
  EXPECT_FALSE(failure.is_ours());
  outcome.timed_out = true;
  EXPECT_TRUE(failure_of_connection(outcome, kListPods).by_silence);
}

TEST(FailureTest, BlamesNoApiThatWasNotAsked) {
  http::Outcome outcome;
  outcome.error = Error("open a socket: Too many open files");
  outcome.own_fault = OwnFault::kNoDescriptor;
  const Failure failure = failure_of_connection(outcome, kListPods);
  EXPECT_EQ(failure.kind, Kind::kOwnFault);
  EXPECT_TRUE(failure.is_ours());
  EXPECT_EQ(failure.sentence,
            "this program could not ask the Kubernetes API to list pods: open a socket: Too many "
            "open files");
}

}  // namespace
}  // namespace meshcheck::kube
