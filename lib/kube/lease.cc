#include "lib/kube/lease.h"

#include <cstdio>
#include <utility>

#include "lib/kube/object_values.h"

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

// So often it is looked at, and so long a question may take.
std::chrono::milliseconds period_of(std::chrono::milliseconds duration) {
  return duration / 5;
}

std::int64_t number_of(const json& object, const char* key, std::int64_t missing) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : missing;
}

}  // namespace

LeaseRecord::Next LeaseRecord::seen(const json* object, Clock::time_point now, WallTime wall) {
  asked_at_ = now;
  json lease{{"apiVersion", "coordination.k8s.io/v1"},
             {"kind", "Lease"},
             {"metadata", {{"name", options_.name}, {"namespace", options_.name_space}}}};
  json spec = json::object();
  if (object != nullptr) {
    lease = *object;
    const auto found = lease.find("spec");
    if (found != lease.end() && found->is_object()) spec = *found;
  }
  const std::string holder = text_at(spec, "/holderIdentity");
  const bool mine = holder == options_.identity;
  if (!mine) renewed_at_.reset();
  if (!mine && !holder.empty()) {
    const std::string observed = holder + " " + text_at(spec, "/renewTime");
    if (observed != observed_) {
      observed_ = observed;
      observed_at_ = now;
    }
    const std::chrono::seconds theirs(number_of(spec, "leaseDurationSeconds", 15));
    if (now < observed_at_ + theirs) return Next{};
  }
  if (!mine) {
    spec["acquireTime"] = micro_time(wall);
    spec["leaseTransitions"] = number_of(spec, "leaseTransitions", object != nullptr ? 0 : -1) + 1;
  }
  spec["holderIdentity"] = options_.identity;
  spec["leaseDurationSeconds"] = options_.duration.count();
  spec["renewTime"] = micro_time(wall);
  // With the version that it was read with: a write of another in between is not overwritten.
  lease["spec"] = std::move(spec);
  return Next{.step = object != nullptr ? Step::kReplace : Step::kCreate,
              .object = std::move(lease)};
}

bool LeaseRecord::held(Clock::time_point now) const {
  return renewed_at_ && now < *renewed_at_ + options_.duration * 2 / 3;
}

Lease::Lease(Client& client, LeaseRecord::Options options, Log log)
    : log_(log),
      record_(std::move(options)),
      leases_{.group = "coordination.k8s.io",
              .plural = "leases",
              .name_space = record_.options().name_space},
      objects_(client, period_of(record_.options().duration)),
      timer_(client.loop(), [this] { turn(); }) {
  timer_.start_repeating(period_of(record_.options().duration));
}

void Lease::turn() {
  note_loss();
  objects_.get(leases_, record_.options().name,
               [this](const ObjectAnswer& answer) { take(answer); });
}

void Lease::take(const ObjectAnswer& answer) {
  if (answer.failure && !answer.not_found()) return note_trouble(answer.why());
  const auto next =
      record_.seen(answer.failure ? nullptr : &answer.object, Clock::now(), WallClock::now());
  note_loss();
  if (next.step != LeaseRecord::Step::kNone) write(next);
}

void Lease::write(const LeaseRecord::Next& next) {
  const auto on_answer = [this](const ObjectAnswer& answer) { written(answer); };
  if (next.step == LeaseRecord::Step::kCreate) {
    objects_.create(leases_, next.object, on_answer);
  } else {
    objects_.replace(leases_, record_.options().name, next.object, on_answer);
  }
}

void Lease::written(const ObjectAnswer& answer) {
  // Somebody else was faster; the next turn sees who.
  if (answer.failure && answer.failure->kind == Failure::Kind::kConflict) return;
  if (answer.failure) return note_trouble(answer.why());
  note_loss();
  record_.written();
  note_trouble("");
  // The answer may have come so late that it holds nothing any more.
  if (acquired_ || !record_.held(Clock::now())) return;
  acquired_ = true;
  log_.info("lease acquired", {{"lease", record_.options().name}});
}

void Lease::note_trouble(const std::string& trouble) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble.empty()) {
    log_.warning(acquired_ ? "lease not renewed" : "lease not acquired",
                 {{"lease", record_.options().name}, {"error", trouble}});
  }
}

void Lease::note_loss() {
  if (!acquired_ || record_.held(Clock::now())) return;
  acquired_ = false;
  log_.warning("lease lost", {{"lease", record_.options().name}});
}

}  // namespace meshcheck::kube
