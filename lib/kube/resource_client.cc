#include "lib/kube/resource_client.h"

#include <utility>

#include "lib/http/url.h"

namespace meshcheck::kube {
namespace {

using nlohmann::json;

Failure garbage(const std::string& what, const Operation& operation) {
  return {Failure::Kind::kGarbage,
          "the Kubernetes API answered " + what + " to " + describe(operation)};
}

ObjectAnswer object_of(const Answer& answer, const Operation& operation) {
  if (answer.failure) return {.failure = answer.failure, .object = {}};
  json object = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {.failure = garbage("no object", operation), .object = {}};
  return {.failure = {}, .object = std::move(object)};
}

// A text that the user gave may be no UTF-8: the API refuses it then.
std::string text_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

ResourceClient::ResourceClient(Client& client, std::chrono::milliseconds timeout)
    : client_(client), timeout_(timeout), timer_(client.loop(), [this] {
        const OnAnswer on_answer = std::exchange(on_no_token_, nullptr);
        on_answer(
            {.failure = Failure{Failure::Kind::kUnauthorized, no_token_->message()}, .object = {}});
      }) {}

void ResourceClient::stop() {
  call_ = {};
  listing_.reset();
  timer_.stop();
  on_no_token_ = nullptr;
}

void ResourceClient::ask(Question question, OnAnswer on_answer) {
  question.timeout = timeout_;
  auto call =
      client_.ask(question, [on_answer, operation = question.operation](const Answer& answer) {
        on_answer(object_of(answer, operation));
      });
  if (call) {
    call_ = *std::move(call);
    return;
  }
  no_token_ = call.error();
  on_no_token_ = std::move(on_answer);
  timer_.start(std::chrono::milliseconds(0));
}

void ResourceClient::get(const Resource& resource, const std::string& name, OnAnswer on_answer) {
  stop();
  ask({.target = resource.path(name),
       .body = {},
       .operation = resource.operation("get"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::create(const Resource& resource, const json& object, OnAnswer on_answer) {
  stop();
  ask({.method = "POST",
       .target = resource.path(),
       .body = text_of(object),
       .operation = resource.operation("create"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::replace(const Resource& resource, const std::string& name, const json& object,
                             OnAnswer on_answer) {
  stop();
  ask({.method = "PUT",
       .target = resource.path(name),
       .body = text_of(object),
       .operation = resource.operation("update"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::merge(const Resource& resource, const std::string& name, const json& patch,
                           OnAnswer on_answer) {
  this->patch(resource, resource.path(name), patch, std::move(on_answer));
}

void ResourceClient::merge_status(const Resource& resource, const std::string& name,
                                  const json& patch, OnAnswer on_answer) {
  this->patch(resource, resource.path(name) + "/status", patch, std::move(on_answer));
}

void ResourceClient::patch(const Resource& resource, std::string target, const json& patch,
                           OnAnswer on_answer) {
  stop();
  ask({.method = "PATCH",
       .target = std::move(target),
       .body = text_of(patch),
       .content_type = "application/merge-patch+json",
       .operation = resource.operation("patch"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::apply(const Resource& resource, const std::string& name, const json& object,
                           const std::string& manager, OnAnswer on_answer) {
  stop();
  ask({.method = "PATCH",
       .target = resource.path(name) + "?fieldManager=" + http::escape_path_segment(manager) +
                 "&force=true",
       .body = text_of(object),
       .content_type = "application/apply-patch+yaml",  // JSON is YAML.
       .operation = resource.operation("patch"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::remove(const Resource& resource, const std::string& name, Deletion deletion,
                            OnAnswer on_answer) {
  stop();
  const std::string at_once = deletion == Deletion::kAtOnce ? "gracePeriodSeconds=0&" : "";
  ask({.method = "DELETE",
       .target = resource.path(name) + "?" + at_once + "propagationPolicy=Background",
       .body = {},
       .operation = resource.operation("delete"),
       .answer_size_max = kObjectSizeMax},
      std::move(on_answer));
}

void ResourceClient::list(const Resource& resource, const std::string& selector, OnItem on_item,
                          OnEnd on_end) {
  stop();
  listing_ = Listing{resource, selector, std::move(on_item), std::move(on_end)};
  next_page("");
}

void ResourceClient::next_page(const std::string& continuation) {
  const Resource& resource = listing_->resource;
  if (++listing_->pages > kPagesMax) {
    return end_listing(Failure{
        Failure::Kind::kTooMany,
        "there are more than " + std::to_string(kPagesMax * kPageObjects) + " " + resource.plural});
  }
  Question question{.target = resource.path() + "?limit=" + std::to_string(kPageObjects),
                    .body = {},
                    .operation = resource.operation("list"),
                    .answer_size_max = kPageSizeMax};
  if (!listing_->selector.empty()) {
    question.target += "&labelSelector=" + http::escape_path_segment(listing_->selector);
  }
  if (!continuation.empty()) {
    question.target += "&continue=" + http::escape_path_segment(continuation);
  }
  ask(std::move(question), [this](const ObjectAnswer& answer) { take_page(answer); });
}

void ResourceClient::take_page(const ObjectAnswer& answer) {
  if (answer.failure) return end_listing(answer.failure);
  const auto items = answer.object.find("items");
  // Go writes null for a list that holds nothing.
  if (items == answer.object.end() || !(items->is_array() || items->is_null())) {
    return end_listing(garbage("no list", listing_->resource.operation("list")));
  }
  for (const json& item : *items) listing_->on_item(item);
  const json::json_pointer more("/metadata/continue");
  const auto continuation = answer.object.contains(more) ? answer.object.at(more) : json();
  if (!continuation.is_string() || continuation == "") return end_listing(std::nullopt);
  next_page(continuation);
}

void ResourceClient::end_listing(const std::optional<Failure>& failure) {
  const OnEnd on_end = std::move(listing_->on_end);
  listing_.reset();
  on_end(failure);
}

}  // namespace meshcheck::kube
