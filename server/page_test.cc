#include "server/page.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "lib/http/content_coding.h"
#include "server/auth/access_rules.h"

namespace meshcheck::server {
namespace {

http::Request get(std::string_view path) {
  http::Request request;
  request.method = http::Method::kGet;
  request.path = path;
  return request;
}

std::string body(http::Response response) {
  std::string body = std::move(response.body);
  while (response.source && response.source(body) == http::BodyStep::kMore) {
  }
  return body;
}

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

const PageFile& file_at(std::string_view path) {
  for (const PageFile& file : page_files()) {
    if (file.path == path) return file;
  }
  throw std::out_of_range(std::string(path));
}

TEST(PageTest, HasTheFilesThatItsHtmlNames) {
  for (const std::string_view page : {"/", "/status"}) {
    const std::string_view html = file_at(page).bytes;
    EXPECT_EQ(html.substr(0, 15), "<!DOCTYPE html>");
    std::size_t files = 0;
    for (std::size_t at = html.find("\"./"); at != std::string_view::npos;
         at = html.find("\"./", at + 1)) {
      const std::string_view name = html.substr(at + 2, html.find('"', at + 1) - at - 2);
      EXPECT_FALSE(file_at(name).bytes.empty()) << name;
      ++files;
    }
    EXPECT_GE(files, 2U);
  }
}

TEST(PageTest, LoadsNothingFromElsewhereAndHasNothingInline) {
  for (const PageFile& file : page_files()) {
    if (!file.content_type.starts_with("text/html")) continue;
    EXPECT_EQ(file.bytes.find("://"), std::string_view::npos) << file.path;
    EXPECT_EQ(file.bytes.find("<style"), std::string_view::npos) << file.path;
    EXPECT_EQ(file.bytes.find(" style="), std::string_view::npos) << file.path;
  }
  const auto response = get_page_file(file_at("/"), get("/"));
  const std::string policy = header(response, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; ")) << policy;
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
}

TEST(PageTest, SendsNothingToAReaderThatHasIt) {
  std::set<std::string> etags;
  for (const PageFile& file : page_files()) {
    etags.insert(file.etag);
    http::Request request = get(file.path);
    EXPECT_EQ(body(get_page_file(file, request)), file.bytes);
    request.headers = {{"If-None-Match", file.etag}};
    const auto response = get_page_file(file, request);
    EXPECT_EQ(response.status, 304);
    EXPECT_EQ(response.body, "");
    const bool varies = file.bytes.size() >= http::kGzipMin;
    EXPECT_EQ(header(response, "Vary"), varies ? "Accept-Encoding" : "") << file.path;
  }
  EXPECT_EQ(etags.size(), page_files().size());
}

TEST(PageTest, IsCompressedOnceAndSentWithoutACopy) {
  for (const PageFile& file : page_files()) {
    http::Request request = get(file.path);
    const auto plain = get_page_file(file, request);
    EXPECT_EQ(header(plain, "Content-Encoding"), "");
    request.headers = {{"Accept-Encoding", "gzip"}};
    const auto coded = get_page_file(file, request);
    if (file.bytes.size() < http::kGzipMin) {
      EXPECT_EQ(coded.body, file.bytes) << file.path;
      continue;
    }
    EXPECT_EQ(plain.body, "") << file.path;
    EXPECT_EQ(plain.source_size, file.bytes.size()) << file.path;
    EXPECT_EQ(header(coded, "Content-Encoding"), "gzip") << file.path;
    EXPECT_EQ(coded.body, "") << file.path;
    EXPECT_EQ(coded.source_size, file.gzip.size()) << file.path;
    EXPECT_EQ(body(coded), http::gzip(file.bytes)) << file.path;
  }
}

TEST(PageTest, IsOpenToThoseWhoHaveNoTokenYet) {
  for (const PageFile& file : page_files()) {
    EXPECT_EQ(access_of(get(file.path)).kind, Access::Kind::kOpen) << file.path;
  }
  EXPECT_NE(access_of(get("/index.json")).kind, Access::Kind::kOpen);
}

}  // namespace
}  // namespace meshcheck::server
