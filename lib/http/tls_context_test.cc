#include "lib/http/tls_context.h"

#include <gtest/gtest.h>

#include "lib/testing/certificates.h"
#include "lib/testing/temporary_directory.h"

namespace meshcheck::http {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    const TestIdentity identity = authority_.issue("server");
    options_.certificate_file = files_.write("tls.crt", identity.certificate);
    options_.key_file = files_.write("tls.key", identity.key);
  }

  // What is wrong, without the folder's name.
  std::string refusal() {
    const auto context = TlsContext::load(options_);
    if (context) return "";
    std::string message = context.error().message();
    const std::string folder = files_.file("");
    if (const auto at = message.find(folder); at != std::string::npos) {
      message.erase(at, folder.size());
    }
    return message;
  }

  TemporaryDirectory files_;
  TestAuthority authority_{"root"};
  TlsContext::Options options_;
};

TEST_F(TlsContextTest, SaysWhatIsWrongWithItsFiles) {
  EXPECT_EQ(refusal(), "");
  const std::string certificate_file = options_.certificate_file;
  options_.certificate_file = files_.file("absent.crt");
  EXPECT_EQ(refusal(), "read absent.crt: No such file or directory");
  options_.certificate_file = files_.write("garbage.crt", "no certificate at all\n");
  EXPECT_EQ(refusal(), "read garbage.crt: no start line");
  options_.certificate_file = certificate_file;
  files_.write("tls.key", authority_.issue("server").key);
  EXPECT_EQ(refusal(), "read tls.key: key values mismatch");
  files_.write("tls.key", "");
  EXPECT_EQ(refusal(), "read tls.key: unsupported");
}

TEST_F(TlsContextTest, AsksNobodyForAPassphrase) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  std::FILE* const file = std::fopen(options_.key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key, EVP_aes_128_cbc(), nullptr, 0, nullptr,
                       const_cast<char*>("secret"));
  std::fclose(file);
  EVP_PKEY_free(key);
  EXPECT_EQ(refusal(), "read tls.key: it has a passphrase");
}

TEST_F(TlsContextTest, NeedsTheClientsRootsOnlyIfTheyIdentify) {
  options_.client_ca_file = files_.file("absent.crt");
  EXPECT_EQ(refusal(), "");
  options_.clients = TlsContext::Clients::kMayIdentify;
  EXPECT_EQ(refusal(), "read absent.crt: No such file or directory");
  options_.client_ca_file = files_.write("roots.crt", authority_.certificate());
  EXPECT_EQ(refusal(), "");
}

TEST_F(TlsContextTest, KnowsWhenItsCertificateExpires) {
  auto context = TlsContext::load(options_);
  ASSERT_TRUE(context);
  const auto left = (*context)->expires() - WallClock::now();
  EXPECT_GT(left, std::chrono::hours(23));
  EXPECT_LE(left, std::chrono::hours(24));
}

TEST_F(TlsContextTest, KeepsAValidCertificateInThePlaceOfOneThatHasExpired) {
  const auto write = [&](const TestIdentity& identity) {
    files_.write("tls.crt", identity.certificate);
    files_.write("tls.key", identity.key);
  };
  auto context = TlsContext::load(options_);
  ASSERT_TRUE(context);
  const auto before = (*context)->expires();
  write(authority_.issue("server", std::chrono::seconds(-30)));
  const auto refused = (*context)->reload();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("tls.crt: it has expired, at "), std::string::npos);
  EXPECT_EQ((*context)->expires(), before);
  write(authority_.issue("server", std::chrono::hours(1)));
  EXPECT_TRUE((*context)->reload());
  EXPECT_LT((*context)->expires(), before);
}

}  // namespace
}  // namespace meshcheck::http
