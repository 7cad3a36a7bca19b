#include "checks/kube/talk.h"

#include <algorithm>
#include <utility>

#include "checks/findings.h"
#include "lib/http/url.h"

namespace meshcheck::checks {
namespace {

constexpr std::size_t kLabelSizeMax = 63;

KubeAnswer::Kind kind_of(const kube::Answer& answer) {
  if (!answer.failure) return KubeAnswer::Kind::kDone;
  if (answer.status == 404) return KubeAnswer::Kind::kNotFound;
  if (answer.status == 401 || answer.status == 403) return KubeAnswer::Kind::kRefused;
  return KubeAnswer::Kind::kFailed;
}

bool is_label_end(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A probe's name may be longer than a label's value, and begin and end with other characters.
std::string label_of(std::string_view name) {
  std::string label(name.substr(0, kLabelSizeMax));
  while (!label.empty() && !is_label_end(label.back())) label.pop_back();
  const auto begin = std::find_if(label.begin(), label.end(), is_label_end);
  return {begin, label.end()};
}

kube::Operation operation(const char* verb, const KubeResource& resource) {
  return {verb, resource.group, resource.plural, resource.name_space};
}

}  // namespace

KubeAnswer::KubeAnswer(const kube::Answer& answer) : kind(kind_of(answer)) {
  if (answer.failure) {
    why = answer.failure->sentence;
    return;
  }
  object = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (object.is_object()) return;
  kind = Kind::kFailed;
  why = "the Kubernetes API answered what is no object";
}

std::string KubeResource::path() const {
  std::string path = group.empty() ? "/api/v1/" : "/apis/" + group + "/v1/";
  if (!name_space.empty()) path += "namespaces/" + http::escape_path_segment(name_space) + "/";
  return path + plural;
}

KubeTalk::KubeTalk(KubeContext& context)
    : context_(context), timer_(context.loop, [this] {
        const auto on_expiry = std::exchange(on_expiry_, nullptr);
        on_expiry();
      }) {}

void KubeTalk::stop() {
  context_.preflight.forget(this);
  call_ = {};
  listing_.reset();
  timer_.stop();
  on_expiry_ = nullptr;
}

void KubeTalk::preflight(KubePreflight::OnAnswer on_answer) {
  stop();
  context_.preflight.ask(this, std::move(on_answer));
}

void KubeTalk::wait(std::chrono::milliseconds delay, std::function<void()> on_expiry) {
  stop();
  on_expiry_ = std::move(on_expiry);
  timer_.start(delay);
}

void KubeTalk::ask(kube::Question question, OnAnswer on_answer) {
  question.timeout = kQuestionTimeout;
  auto call = context_.client.ask(
      question, [on_answer](const kube::Answer& answer) { on_answer(KubeAnswer(answer)); });
  if (call) {
    call_ = *std::move(call);
    return;
  }
  on_expiry_ = [on_answer = std::move(on_answer), why = call.error().message()] {
    on_answer(KubeAnswer(why));
  };
  timer_.start(std::chrono::milliseconds(0));
}

void KubeTalk::get(const KubeResource& resource, const std::string& name, OnAnswer on_answer) {
  stop();
  ask({.target = resource.path() + "/" + name, .body = {}, .operation = operation("get", resource)},
      std::move(on_answer));
}

void KubeTalk::create(const KubeResource& resource, const nlohmann::json& object,
                      OnAnswer on_answer) {
  stop();
  ask({.method = "POST",
       .target = resource.path(),
       // A name that the user gave may be no UTF-8: the API refuses it then.
       .body = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
       .operation = operation("create", resource)},
      std::move(on_answer));
}

void KubeTalk::remove(const KubeResource& resource, const std::string& name, OnAnswer on_answer) {
  stop();
  ask({.method = "DELETE",
       .target =
           resource.path() + "/" + name + "?gracePeriodSeconds=0&propagationPolicy=Background",
       .body = {},
       .operation = operation("delete", resource)},
      std::move(on_answer));
}

void KubeTalk::list(const KubeResource& resource, const std::string& selector, OnItem on_item,
                    OnEnd on_end) {
  stop();
  listing_ = Listing{resource, selector, std::move(on_item), std::move(on_end)};
  next_page("");
}

void KubeTalk::next_page(const std::string& continuation) {
  if (++listing_->pages > kPagesMax) {
    return end_listing("there are more than " + std::to_string(kPagesMax * kPageSize) + " " +
                       listing_->resource.plural);
  }
  kube::Question question{
      .target = listing_->resource.path() + "?limit=" + std::to_string(kPageSize),
      .body = {},
      .operation = operation("list", listing_->resource),
      .answer_size_max = kPageOctetsMax};
  if (!listing_->selector.empty()) {
    question.target += "&labelSelector=" + http::escape_path_segment(listing_->selector);
  }
  if (!continuation.empty()) {
    question.target += "&continue=" + http::escape_path_segment(continuation);
  }
  ask(std::move(question), [this](const KubeAnswer& answer) {
    if (answer.kind != KubeAnswer::Kind::kDone) return end_listing(answer.why);
    const auto* const items = value_at(answer.object, "/items");
    if (items != nullptr && items->is_array()) {
      for (const nlohmann::json& item : *items) listing_->on_item(item);
    }
    const std::string more = text_at(answer.object, "/metadata/continue");
    more.empty() ? end_listing(std::nullopt) : next_page(more);
  });
}

void KubeTalk::end_listing(const std::optional<std::string>& why) {
  const OnEnd on_end = std::move(listing_->on_end);
  listing_.reset();
  on_end(why);
}

std::string object_name(const KubeContext& context, std::string_view what) {
  return "meshcheck-" + std::string(what) + "-" + context.identity.agent_id;
}

nlohmann::json object_metadata(const KubeContext& context, const sla::ProbeRef& ref,
                               const std::string& name) {
  auto metadata = nlohmann::json::object();
  metadata["name"] = name;
  auto& labels = metadata["labels"];
  labels["app.kubernetes.io/managed-by"] = "meshcheck";
  labels["heritage"] = "meshcheck";
  labels["meshcheck.io/agent"] = context.identity.agent_id;
  labels["meshcheck.io/group"] = label_of(ref.group);
  labels["meshcheck.io/probe"] = label_of(ref.probe);
  const KubeContext::Identity& identity = context.identity;
  if (!identity.pod_uid.empty()) {
    metadata["ownerReferences"] = nlohmann::json::array({{{"apiVersion", "v1"},
                                                          {"kind", "Pod"},
                                                          {"name", identity.pod_name},
                                                          {"uid", identity.pod_uid}}});
  }
  return metadata;
}

}  // namespace meshcheck::checks
