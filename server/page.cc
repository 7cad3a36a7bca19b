#include "server/page.h"

#include <array>
#include <cstddef>

#include "lib/base/hex.h"
#include "lib/base/random.h"
#include "lib/http/content_coding.h"
#include "lib/http/shared_body.h"

// One file of web/dist as bytes of this program, from NAME_begin to NAME_end. The build compiles
// this file again when one of them changes.
#define PAGE_FILE(name, file)                                                          \
  asm(".pushsection .rodata\n" #name "_begin:\n.incbin \"" MESHCHECK_WEB_DIST "/" file \
      "\"\n" #name "_end:\n.byte 0\n.popsection\n");                                   \
  extern "C" const char name##_begin[];                                                \
  extern "C" const char name##_end[]

PAGE_FILE(page_index_html, "index.html");
PAGE_FILE(page_index_js, "index.js");
PAGE_FILE(page_libraries_js, "libraries.js");
PAGE_FILE(page_status_html, "status.html");
PAGE_FILE(page_status_js, "status.js");
PAGE_FILE(page_style_css, "style.css");
PAGE_FILE(page_licences_txt, "licences.txt");

namespace meshcheck::server {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kScript = "text/javascript; charset=utf-8";
constexpr std::string_view kStyle = "text/css; charset=utf-8";
constexpr std::string_view kText = "text/plain; charset=utf-8";

PageFile page_file(std::string_view path, std::string_view content_type, const char* begin,
                   const char* end) {
  const std::string_view bytes(begin, static_cast<std::size_t>(end - begin));
  return {.path = path,
          .content_type = content_type,
          .bytes = bytes,
          .gzip = bytes.size() < http::kGzipMin ? "" : http::gzip(bytes),
          .etag = "W/\"" + to_hex(hash(0, bytes)) + '"'};
}

}  // namespace

std::span<const PageFile> page_files() {
  static const std::array files = {
      page_file("/", kHtml, page_index_html_begin, page_index_html_end),
      page_file("/index.js", kScript, page_index_js_begin, page_index_js_end),
      page_file("/libraries.js", kScript, page_libraries_js_begin, page_libraries_js_end),
      page_file("/status", kHtml, page_status_html_begin, page_status_html_end),
      page_file("/status.js", kScript, page_status_js_begin, page_status_js_end),
      page_file("/style.css", kStyle, page_style_css_begin, page_style_css_end),
      page_file("/licences.txt", kText, page_licences_txt_begin, page_licences_txt_end)};
  return files;
}

http::Response get_page_file(const PageFile& file, const http::Request& request) {
  http::Response response;
  response.content_type = file.content_type;
  response.headers = {
      {"ETag", file.etag},
      {"Cache-Control", "no-cache"},
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src "
       "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
       "require-trusted-types-for 'script'"},
      {"Referrer-Policy", "no-referrer"},
      {"X-Content-Type-Options", "nosniff"}};
  if (request.header("If-None-Match") == file.etag) {
    response.status = 304;
    if (!file.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  } else if (file.gzip.empty()) {
    response.body = file.bytes;
  } else {
    const bool gzips = http::accepts_gzip(request);
    if (gzips) response.headers.emplace_back("Content-Encoding", "gzip");
    const std::string_view sent = gzips ? std::string_view(file.gzip) : file.bytes;
    response.source_size = sent.size();
    response.source = http::pieces_of(sent);
  }
  return response;
}

}  // namespace meshcheck::server
