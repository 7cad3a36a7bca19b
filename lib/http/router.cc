#include "lib/http/router.h"

#include <algorithm>
#include <cassert>

#include "lib/base/text.h"
#include "lib/http/url.h"

namespace meshcheck::http {
namespace {

bool starts_with(std::string_view text, std::string_view prefix, bool ignore_case) {
  if (text.size() < prefix.size()) return false;
  const std::string_view front = text.substr(0, prefix.size());
  return ignore_case ? equals_ignoring_case(front, prefix) : front == prefix;
}

std::string without_doubled_slashes(std::string_view path) {
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  return clean;
}

std::string escape_path(std::string_view path) {
  std::string escaped;
  for (;;) {
    const std::string_view segment = path.substr(0, path.find('/'));
    escaped += escape_path_segment(segment);
    if (segment.size() == path.size()) return escaped;
    escaped += '/';
    path.remove_prefix(segment.size() + 1);
  }
}

std::string with_final_slash_toggled(std::string path) {
  if (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  } else {
    path += '/';
  }
  return path;
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Handler handler) {
  Route route{.method = method,
              .prefix = std::string(pattern.substr(0, pattern.find('{'))),
              .has_parameter = false,
              .slashes = 0,
              .suffix = {},
              .handler = std::move(handler)};
  const auto close = pattern.rfind('}');
  if (close != std::string_view::npos) {
    route.has_parameter = true;
    route.suffix = pattern.substr(close + 1);
    const std::string_view name = pattern.substr(0, close).substr(route.prefix.size());
    route.slashes = std::count(name.begin(), name.end(), '/');
  }
  routes_.push_back(std::move(route));
}

std::optional<std::string_view> Router::match(const Route& route, std::string_view path,
                                              bool ignore_case) {
  if (!starts_with(path, route.prefix, ignore_case)) return std::nullopt;
  std::string_view rest = path.substr(route.prefix.size());
  if (!route.has_parameter) return rest.empty() ? std::optional(rest) : std::nullopt;
  if (rest.size() <= route.suffix.size()) return std::nullopt;
  const std::string_view parameter = rest.substr(0, rest.size() - route.suffix.size());
  const bool same_end = starts_with(rest.substr(parameter.size()), route.suffix, ignore_case);
  const bool has_empty = parameter.front() == '/' || parameter.back() == '/' ||
                         parameter.find("//") != std::string_view::npos;
  const auto slashes = std::count(parameter.begin(), parameter.end(), '/');
  if (!same_end || has_empty || slashes != route.slashes) return std::nullopt;
  return parameter;
}

std::string Router::allowed_methods(std::string_view path) const {
  std::string methods;
  for (const Route& route : routes_) {
    if (!match(route, path, false)) continue;
    methods += std::string(to_string(route.method)) + ", ";
    if (route.method == Method::kGet) methods += "HEAD, ";
  }
  return methods.empty() ? methods : methods + "OPTIONS";
}

std::optional<std::string> Router::corrected_path(std::string_view path) const {
  const std::string clean = without_doubled_slashes(path);
  for (const std::string& candidate : {clean, with_final_slash_toggled(clean)}) {
    for (const Route& route : routes_) {
      const auto parameter = match(route, candidate, true);
      if (!parameter) continue;
      if (route.prefix + std::string(*parameter) + route.suffix == path) continue;
      return route.prefix + escape_path(*parameter) + route.suffix;
    }
  }
  return std::nullopt;
}

// From the client's path, as a proxy may have cut a prefix off in front of ours.
std::string Router::location(const Request& request, const std::string& path) {
  std::string_view sent = request.target;
  sent = sent.substr(0, sent.find('?'));
  const auto scheme = sent.find("://");
  if (!sent.starts_with('/') && scheme != std::string_view::npos) {
    sent.remove_prefix(std::min(sent.find('/', scheme + 3), sent.size()));
  }
  std::string text;
  for (auto slashes = std::count(sent.begin(), sent.end(), '/'); slashes > 1; --slashes) {
    text += "../";
  }
  if (text.empty()) text = "./";
  text.append(path, 1);
  return request.query.empty() ? text : text + "?" + request.query;
}

Response Router::redirect_or_not_found(const Request& request) const {
  const auto corrected = corrected_path(request.path);
  if (!corrected) return Response::error(404, "404 page not found");
  const bool safe = request.method == Method::kGet || request.method == Method::kHead;
  Response response = Response::error(safe ? 301 : 307, "Moved to " + *corrected);
  response.headers.emplace_back("Location", location(request, *corrected));
  return response;
}

Response Router::answer(Request& request) const {
  const Method wanted = request.method == Method::kHead ? Method::kGet : request.method;
  for (const Route& route : routes_) {
    if (route.method != wanted) continue;
    const auto parameter = match(route, request.path, false);
    if (!parameter) continue;
    request.parameter = *parameter;
    return route.handler(request);
  }
  const std::string allowed = allowed_methods(request.path);
  if (allowed.empty()) return redirect_or_not_found(request);
  Response response =
      request.method == Method::kOptions ? Response() : Response::error(405, "Method Not Allowed");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace meshcheck::http
