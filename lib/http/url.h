// The few functions on URLs that agents need; libcurl does the rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meshcheck::http {

// For one segment of a path: everything but letters, digits and -._~ becomes %XX.
std::string escape_path_segment(std::string_view text);

// "host:80/x" becomes "http://host:80/x"; a URL that has a scheme is left alone.
std::string with_scheme(std::string_view url);

// The host of "host:port" or "[address]:port", and "" for anything else, as Go's net.SplitHostPort
// does.
std::string host_of_endpoint(std::string_view endpoint);

// The parts between commas and semicolons without the blanks around them, at most `parts_max`;
// empty ones do not count.
std::vector<std::string> split_url_list(std::string_view list, std::size_t parts_max);

}  // namespace meshcheck::http
