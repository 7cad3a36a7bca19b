// Which handler answers which method and path.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/http/message.h"

namespace meshcheck::http {

// May change the request, which is not read afterwards.
using Handler = std::function<Response(Request&)>;

// Routes as netchecker's router has them: a path that is right but for letter case, doubled slashes
// or the final slash is redirected (301 for GET, 307 else), a known path with another method is a
// 405 that names the methods, OPTIONS lists them, and the rest is 404. HEAD is answered as GET.
// Routes are added before the first request; afterwards any thread may call answer().
class Router {
 public:
  // A pattern is literal segments and at most one `{name}`, which matches one non-empty segment.
  // `{one}/{other}` match two of them, which the handler gets as one parameter with their slash.
  void add(Method method, std::string_view pattern, Handler handler);

  Response answer(Request& request) const;

 private:
  struct Route {
    Method method;
    std::string prefix;  // Up to the parameter, or all of it.
    bool has_parameter = false;
    std::ptrdiff_t slashes = 0;  // In the parameter.
    std::string suffix;          // Behind the parameter.
    Handler handler;
  };
  // The parameter (empty if the route has none), or nothing if the path is not the route's.
  static std::optional<std::string_view> match(const Route& route, std::string_view path,
                                               bool ignore_case);
  std::string allowed_methods(std::string_view path) const;
  // Percent-encoded, for a Location header.
  std::optional<std::string> corrected_path(std::string_view path) const;
  // `path` with the query, relative to the request's own path: up to the root and down again.
  static std::string location(const Request& request, const std::string& path);
  Response redirect_or_not_found(const Request& request) const;

  std::vector<Route> routes_;
};

}  // namespace meshcheck::http
