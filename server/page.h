// The page for people: the files of web/dist, which the build puts into the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "lib/http/message.h"

namespace meshcheck::server {

struct PageFile {
  std::string_view path;          // Of the URL.
  std::string_view content_type;  // A constant.
  std::string_view bytes;
  std::string gzip;  // The bytes, compressed once; empty for a file too small to be compressed.
  std::string etag;  // Another one for other bytes; weak, since they may be sent in gzip.
};

// They hold no data of the mesh, so every client may read them.
std::span<const PageFile> page_files();

// 304 for a reader that has these bytes. The answer sends them from where they are, without a copy
// or compression of its own: everybody may ask, and as often as they like. The answer's headers let
// a page load from this server alone, and run only its own script.
http::Response get_page_file(const PageFile& file, const http::Request& request);

}  // namespace meshcheck::server
