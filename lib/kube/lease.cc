#include "lib/kube/lease.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

namespace meshcheck::kube {
namespace {

using nlohmann::json;

// Kubernetes' MicroTime wants six digits, not more and not fewer.
std::string micro_time(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time - seconds).count();
  std::string text = format_rfc3339(seconds);
  char fraction[32];
  (void)std::snprintf(fraction, sizeof fraction, ".%06lld", static_cast<long long>(micros));
  return text.insert(text.size() - 1, fraction);
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_of(const json& object, const char* key, std::int64_t missing) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : missing;
}

}  // namespace

Result<LeaseRecord::Next> LeaseRecord::seen(std::optional<std::string_view> object,
                                            Clock::time_point now, WallTime wall) {
  asked_at_ = now;
  json lease{{"apiVersion", "coordination.k8s.io/v1"},
             {"kind", "Lease"},
             {"metadata", {{"name", options_.name}, {"namespace", options_.name_space}}}};
  json spec = json::object();
  if (object) {
    lease = json::parse(*object, nullptr, /*allow_exceptions=*/false);
    if (!lease.is_object()) return Error("the API's answer is no JSON object");
    const auto found = lease.find("spec");
    if (found != lease.end() && found->is_object()) spec = *found;
  }
  const std::string holder = text_of(spec, "holderIdentity");
  const bool mine = holder == options_.identity;
  if (!mine) renewed_at_.reset();
  if (!mine && !holder.empty()) {
    const std::string observed = holder + " " + text_of(spec, "renewTime");
    if (observed != observed_) {
      observed_ = observed;
      observed_at_ = now;
    }
    const std::chrono::seconds theirs(number_of(spec, "leaseDurationSeconds", 15));
    if (now < observed_at_ + theirs) return Next{};
  }
  if (!mine) {
    spec["acquireTime"] = micro_time(wall);
    spec["leaseTransitions"] = number_of(spec, "leaseTransitions", object ? 0 : -1) + 1;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = options_.duration.count();
  spec["renewTime"] = micro_time(wall);
  // With the version that it was read with: who writes between is not overwritten.
  lease["spec"] = std::move(spec);
  return Next{.step = object ? Step::kReplace : Step::kCreate, .body = lease.dump()};
}

bool LeaseRecord::held(Clock::time_point now) const {
  return renewed_at_ && now < *renewed_at_ + options_.duration * 2 / 3;
}

Lease::Lease(Client& client, LeaseRecord::Options options, Log log)
    : client_(client),
      log_(log),
      record_(std::move(options)),
      timer_(client.loop(), [this] { turn(); }) {
  timer_.start_repeating(record_.options().duration / 5);
}

Operation Lease::operation(const std::string& verb) const {
  return {verb, "coordination.k8s.io", "leases", record_.options().name_space};
}

std::string Lease::target(bool with_name) const {
  const auto& options = record_.options();
  return "/apis/coordination.k8s.io/v1/namespaces/" + options.name_space + "/leases" +
         (with_name ? "/" + options.name : "");
}

void Lease::turn() {
  Question question{.target = target(true), .operation = operation("get")};
  question.timeout = record_.options().duration / 5;
  auto call = client_.ask(question, [this](const Answer& answer) { take(answer); });
  if (!call) return note_trouble(call.error().message());
  call_ = *std::move(call);
}

void Lease::take(const Answer& answer) {
  const bool missing = answer.failure && answer.failure->kind == Failure::Kind::kNotFound;
  if (answer.failure && !missing) return note_trouble(answer.failure->sentence);
  const std::optional<std::string_view> object =
      missing ? std::nullopt : std::optional<std::string_view>(answer.body);
  const auto next = record_.seen(object, Clock::now(), WallClock::now());
  if (!next) return note_trouble(next.error().message());
  if (next->step != LeaseRecord::Step::kNone) write(*next);
}

void Lease::write(const LeaseRecord::Next& next) {
  const bool creates = next.step == LeaseRecord::Step::kCreate;
  Question question{.method = creates ? "POST" : "PUT",
                    .target = target(!creates),
                    .body = next.body,
                    .operation = operation(creates ? "create" : "update")};
  question.timeout = record_.options().duration / 5;
  auto call = client_.ask(question, [this](const Answer& answer) {
    // 409: somebody else was faster; the next turn sees who.
    if (answer.status == 409) return;
    if (answer.failure) return note_trouble(answer.failure->sentence);
    const bool was_held = record_.held(Clock::now());
    record_.written();
    note_trouble("");
    if (!was_held) log_.info("lease acquired", {{"lease", record_.options().name}});
  });
  if (!call) return note_trouble(call.error().message());
  call_ = *std::move(call);
}

void Lease::note_trouble(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble.empty()) {
    log_.warning("lease not renewed", {{"lease", record_.options().name}, {"error", trouble}});
  }
}

}  // namespace meshcheck::kube
