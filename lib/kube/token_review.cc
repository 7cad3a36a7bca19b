#include "lib/kube/token_review.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>

#include "lib/base/json_writer.h"
#include "lib/kube/field_reader.h"

namespace meshcheck::kube {
namespace {

// A client waits for it, and gives up by itself some time.
constexpr std::chrono::seconds kReviewTimeout{5};

void append_list(std::string& out, std::string_view key, const std::vector<std::string>& texts) {
  append_json_key(out, key);
  append_json_texts(out, texts, {.items_max = texts.size(), .bytes_max = SIZE_MAX});
}

void read_service_account(TokenReview& review) {
  constexpr std::string_view kPrefix = "system:serviceaccount:";
  if (!review.username.starts_with(kPrefix)) return;
  const std::string rest = review.username.substr(kPrefix.size());
  const auto colon = rest.find(':');
  if (colon == std::string::npos) return;
  review.service_account_namespace = rest.substr(0, colon);
  review.service_account = rest.substr(colon + 1);
}

// The first of a list with that key.
std::string extra_of(const FieldReader& extra, std::string_view key) {
  std::string first;
  extra.each_text(key, [&](std::string_view text) {
    if (first.empty()) first = text;
  });
  return first;
}

bool names_one_of(const FieldReader& status, const std::vector<std::string>& audiences) {
  bool named = false;
  status.each_text("audiences", [&](std::string_view audience) {
    named = named || std::find(audiences.begin(), audiences.end(), audience) != audiences.end();
  });
  return named;
}

template <typename Review, typename Parse>
std::function<void(Answer)> reader(std::function<void(Result<Review>)> on_review, Parse parse) {
  return [on_review = std::move(on_review), parse = std::move(parse)](const Answer& answer) {
    if (answer.failure) {
      on_review(Error(answer.failure->sentence));
    } else {
      on_review(parse(answer.body));
    }
  };
}

Question create(std::string target, std::string group, std::string resource, std::string body) {
  Question question;
  question.method = "POST";
  question.target = std::move(target);
  question.body = std::move(body);
  question.operation = {"create", std::move(group), std::move(resource), ""};
  question.timeout = kReviewTimeout;
  return question;
}

}  // namespace

std::string encode_token_review(const std::string& token,
                                const std::vector<std::string>& audiences) {
  std::string json = R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{)";
  append_json_member(json, "token", token);
  if (!audiences.empty()) {
    append_list(json, "audiences", audiences);
  }
  return json += "}}";
}

Result<TokenReview> parse_token_review(std::string_view json,
                                       const std::vector<std::string>& audiences) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return Error("the answer to a TokenReview is not JSON");
  }
  std::optional<Error> error;
  const FieldReader object(root, "", error);
  const FieldReader status = object.child("status");
  const FieldReader user = status.child("user");
  TokenReview review;
  if (!status.flag("authenticated")) {
    review.error = status.text("error");
    if (review.error.empty()) review.error = "the token is not valid";
    if (error) return error->within("TokenReview");
    return review;
  }
  if (!audiences.empty() && !names_one_of(status, audiences)) {
    if (error) return error->within("TokenReview");
    review.error = "the token is not for this service: another audience";
    return review;
  }
  review.authenticated = true;
  review.username = user.required_text("username");
  review.uid = user.text("uid");
  user.each_text("groups", [&](std::string_view group) { review.groups.emplace_back(group); });
  const FieldReader extra = user.child("extra");
  review.pod_name = extra_of(extra, "authentication.kubernetes.io/pod-name");
  review.pod_uid = extra_of(extra, "authentication.kubernetes.io/pod-uid");
  read_service_account(review);
  if (error) return error->within("TokenReview");
  return review;
}

Result<http::Call> review_token(Client& client, const std::string& token,
                                const std::vector<std::string>& audiences,
                                std::function<void(Result<TokenReview>)> on_review) {
  const Question question =
      create("/apis/authentication.k8s.io/v1/tokenreviews", "authentication.k8s.io", "tokenreviews",
             encode_token_review(token, audiences));
  const auto parse = [audiences](std::string_view json) {
    return parse_token_review(json, audiences);
  };
  return client.ask(question, reader<TokenReview>(std::move(on_review), parse));
}

std::string encode_access_review(const SubjectAccessReviewSpec& question) {
  std::string json =
      R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{)";
  append_json_member(json, "user", question.username);
  append_json_member(json, "uid", question.uid);
  append_list(json, "groups", question.groups);
  const Operation& operation = question.operation;
  json += question.path.empty() ? R"(,"resourceAttributes":{)" : R"(,"nonResourceAttributes":{)";
  append_json_member(json, "verb", operation.verb);
  if (!question.path.empty()) {
    append_json_member(json, "path", question.path);
    return json += "}}}";
  }
  append_json_member(json, "group", operation.group);
  append_json_member(json, "resource", operation.resource);
  append_json_member(json, "namespace", operation.name_space);
  return json += "}}}";
}

Result<SubjectAccessReview> parse_access_review(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return Error("the answer to a SubjectAccessReview is not JSON");
  }
  std::optional<Error> error;
  const FieldReader object(root, "", error);
  const FieldReader status = object.child("status");
  SubjectAccessReview review;
  review.allowed = status.flag("allowed") && !status.flag("denied");
  review.reason = status.text("reason");
  if (review.reason.empty()) review.reason = status.text("evaluationError");
  if (error) return error->within("SubjectAccessReview");
  return review;
}

Result<http::Call> review_access(Client& client, const SubjectAccessReviewSpec& question,
                                 std::function<void(Result<SubjectAccessReview>)> on_review) {
  const Question asked =
      create("/apis/authorization.k8s.io/v1/subjectaccessreviews", "authorization.k8s.io",
             "subjectaccessreviews", encode_access_review(question));
  return client.ask(asked, reader<SubjectAccessReview>(std::move(on_review), parse_access_review));
}

}  // namespace meshcheck::kube
