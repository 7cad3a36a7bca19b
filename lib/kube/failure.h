// Why a request to the Kubernetes API failed, in one sentence that says what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lib/http/client.h"

namespace meshcheck::kube {

// The requested operation, in the words of RBAC.
struct Operation {
  std::string verb;        // "list", "watch", "get", "create"
  std::string group;       // "" for pods and nodes.
  std::string resource;    // "pods"
  std::string name_space;  // Empty: all, or it has none.
};

struct Failure {
  enum class Kind : std::uint8_t {
    kUnreachable,   // No answer.
    kCertificate,   // The API's does not match the configuration, or the API refuses ours.
    kUnauthorized,  // 401
    kForbidden,     // 403
    kNotFound,      // 404: the API does not serve such objects.
    kConflict,      // 409: the object is there already, or was written in between.
    kGone,          // 410: our version is too old to go on from; not shown to users.
    kBusy,          // 429
    kServer,        // 5xx and every other status.
    kGarbage,       // An answer that is not the API's.
    kTooMany,       // More objects than are taken.
    kOwnFault,      // This program lacked descriptors, memory or ports: the API was not asked.
  };
  Kind kind = Kind::kUnreachable;
  std::string sentence;
  // Noticed because nothing came for long: the fault is older.
  bool by_silence = false;

  // Whether it is of what we may and can do, and tells nothing of the API or its objects.
  bool is_ours() const {
    return kind == Kind::kUnauthorized || kind == Kind::kForbidden || kind == Kind::kOwnFault;
  }
};

inline constexpr std::size_t kMessageSizeMax = 300;  // Of the API's own words.

// `body` is a Status object or the answer of a proxy. REQUIRES: `status` is no 2xx.
Failure failure_of_status(int status, std::string_view body, const Operation& operation);
// The same for a Status that came as an event of a watch.
Failure failure_of_message(int status, std::string_view message, const Operation& operation);

// REQUIRES: outcome.error.
Failure failure_of_connection(const http::Outcome& outcome, const Operation& operation);

// "list pods" and "list datacenters.example.com in namespace x".
std::string describe(const Operation& operation);

}  // namespace meshcheck::kube
