#include "lib/kube/failure.h"

#include <simdjson.h>

#include <cassert>

namespace meshcheck::kube {
namespace {

// Foreign words, bounded and in one line.
std::string quote(std::string_view message) {
  std::string text(message.substr(0, kMessageSizeMax));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  // A character of several bytes that was cut is left out.
  while (message.size() > text.size() && !text.empty() &&
         (static_cast<unsigned char>(text.back()) & 0x80U) != 0) {
    text.pop_back();
  }
  return text;
}

std::string message_of(std::string_view body) {
  simdjson::dom::parser parser;
  simdjson::dom::element status;
  std::string_view message;
  if (parser.parse(body.data(), body.size()).get(status) == simdjson::SUCCESS &&
      status["message"].get(message) == simdjson::SUCCESS) {
    return std::string(message);
  }
  return std::string(body.substr(0, kMessageSizeMax));
}

// "a ClusterRole with apiGroups [""], resources ["pods"], verbs ["list", "watch"]"
std::string missing_rule(const Operation& operation) {
  const bool follows = operation.verb == "list" || operation.verb == "watch";
  const std::string verbs =
      follows ? R"("list", "watch")" : std::string("\"").append(operation.verb).append("\"");
  return (operation.name_space.empty() ? std::string("a ClusterRole")
                                       : "a Role in namespace " + operation.name_space) +
         " with apiGroups [\"" + operation.group + "\"], resources [\"" + operation.resource +
         "\"], verbs [" + verbs + "], bound to our service account";
}

struct Wording {
  Failure::Kind kind;
  std::string text;
};

Wording wording_of(int status, const Operation& operation) {
  const std::string what = describe(operation);
  const std::string number = " (" + std::to_string(status) + ")";
  switch (status) {
    case 401:
      return {Failure::Kind::kUnauthorized,
              "the Kubernetes API does not accept our credentials" + number + " to " + what};
    case 403:
      return {Failure::Kind::kForbidden, "the Kubernetes API forbids us to " + what + number +
                                             "; missing is " + missing_rule(operation)};
    case 404:
      return {Failure::Kind::kNotFound,
              "the Kubernetes API has nothing of that sort" + number + " to " + what};
    case 410:
      return {Failure::Kind::kGone, "the Kubernetes API has forgotten where we were" + number};
    case 429:
      return {Failure::Kind::kBusy, "the Kubernetes API is too busy" + number + " to " + what};
    default:
      return {status == 409 ? Failure::Kind::kConflict : Failure::Kind::kServer,
              "the Kubernetes API failed" + number + " to " + what};
  }
}

}  // namespace

std::string describe(const Operation& operation) {
  std::string text = operation.verb + " " + operation.resource;
  if (!operation.group.empty()) text += "." + operation.group;
  if (!operation.name_space.empty()) text += " in namespace " + operation.name_space;
  return text;
}

Failure failure_of_message(int status, std::string_view message, const Operation& operation) {
  Wording wording = wording_of(status, operation);
  if (!message.empty()) wording.text += ": " + quote(message);
  return {wording.kind, std::move(wording.text)};
}

Failure failure_of_status(int status, std::string_view body, const Operation& operation) {
  assert(status < 200 || status > 299);
  return failure_of_message(status, message_of(body), operation);
}

Failure failure_of_connection(const http::Outcome& outcome, const Operation& operation) {
  assert(outcome.error);
  Failure failure;
  failure.by_silence = outcome.timed_out;
  if (outcome.own_fault != OwnFault::kNone) {
    failure.kind = Failure::Kind::kOwnFault;
    failure.sentence = "this program could not ask the Kubernetes API to " + describe(operation);
  } else if (outcome.untrusted) {
    failure.kind = Failure::Kind::kCertificate;
    failure.sentence = "the Kubernetes API cannot be trusted to " + describe(operation);
  } else {
    failure.sentence = "the Kubernetes API cannot be reached to " + describe(operation);
  }
  failure.sentence += ": " + quote(outcome.error->message());
  return failure;
}

}  // namespace meshcheck::kube
