// For tests: certificates of their own making.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

namespace meshcheck::http {

// A certificate and its key, PEM.
struct TestIdentity {
  std::string certificate;
  std::string key;
};

// Issues certificates that are valid for a day from now: for 127.0.0.1 as a server, for its name as
// a client.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    fill(certificate_.get(), name, key_.get());
    extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    sign(certificate_.get());
  }

  std::string certificate() const {
    return pem([&](BIO* out) { PEM_write_bio_X509(out, certificate_.get()); });
  }

  TestIdentity issue(const std::string& common_name,
                     std::chrono::seconds lifetime = std::chrono::hours(24)) const {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate certificate(X509_new(), X509_free);
    fill(certificate.get(), common_name, key.get());
    extend(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1");
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), lifetime.count());
    sign(certificate.get());
    return {pem([&](BIO* out) { PEM_write_bio_X509(out, certificate.get()); }), pem([&](BIO* out) {
              PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
            })};
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  template <typename Write>
  static std::string pem(Write&& write) {
    BIO* const out = BIO_new(BIO_s_mem());
    write(out);
    const char* text = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(out, &text));
    std::string copy(text, size);
    BIO_free(out);
    return copy;
  }

  void fill(X509* certificate, const std::string& common_name, EVP_PKEY* key) const {
    static long serial = 0;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 60 * 60);
    X509_NAME* const subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate_.get()));
    X509_set_pubkey(certificate, key);
  }

  void extend(X509* certificate, int kind, const char* value) const {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate_.get(), certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    ASSERT_NE(extension, nullptr);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void sign(X509* certificate) const {
    EXPECT_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
  }

  Key key_;
  Certificate certificate_;
};

}  // namespace meshcheck::http
