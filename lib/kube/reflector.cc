#include "lib/kube/reflector.h"

#include <algorithm>
#include <cassert>

namespace meshcheck::kube {
namespace {

// The API answers, and not as it should: perhaps it cannot go on from where we are.
constexpr int kFailuresUntilList = 3;

}  // namespace

Reflector::Reflector(Options options, Clock::time_point now)
    : options_(options),
      random_(options.seed),
      objects_(options.objects_max),
      wake_at_(now),
      last_contact_(now) {}

std::optional<Clock::time_point> Reflector::wake_at() const {
  return wake_at_;
}

std::optional<Reflector::Request> Reflector::take(Clock::time_point now) {
  if (!wake_at_ || now < *wake_at_) return std::nullopt;
  wake_at_.reset();
  switch (state_) {
    case State::kList:
      return begin_page(now);
    case State::kProbe:
      state_ = State::kProbing;
      return Probe{};
    case State::kWatch:
      return begin_watch(now);
    case State::kWatching:
      watch_opened(now);
      return std::nullopt;
    case State::kListing:
    case State::kProbing:
      break;
  }
  assert(false && "nothing is due while an answer is awaited");
  return std::nullopt;
}

Reflector::List Reflector::begin_page(Clock::time_point now) {
  state_ = State::kListing;
  if (continue_token_.empty()) {
    ++status_.lists;
    status_.objects_refused = 0;
    status_.objects_unreadable = 0;
    list_began_ = now;
    objects_.begin_listing();
  }
  return List{continue_token_};
}

Reflector::Watch Reflector::begin_watch(Clock::time_point now) {
  state_ = State::kWatching;
  ++status_.watches;
  watch_began_ = now;
  watch_open_ = false;
  wake_at_ = now + options_.open_after;
  const auto longer = std::uniform_int_distribution<std::chrono::seconds::rep>(
      0, options_.watch_timeout.count() / 2)(random_);
  const auto timeout = options_.watch_timeout + std::chrono::seconds(longer);
  return Watch{resource_version_, timeout, timeout + options_.watch_lateness};
}

ObjectIndex::Upsert Reflector::seen(const Metadata& metadata) {
  assert(state_ == State::kListing || state_ == State::kWatching);
  ObjectIndex::Upsert upsert = objects_.upsert(metadata);
  if (upsert.outcome == ObjectIndex::Outcome::kNoRoom) ++status_.objects_refused;
  return upsert;
}

void Reflector::unreadable(const Identity& identity, const Error& error) {
  ++status_.objects_unreadable;
  last_unreadable_ = error.within(identity.name).message();
}

std::vector<Identity> Reflector::page_ended(Clock::time_point now,
                                            const std::string& resource_version,
                                            const std::string& continue_token) {
  assert(state_ == State::kListing);
  last_contact_ = now;
  wake_at_ = now;
  continue_token_ = continue_token;
  if (!continue_token_.empty()) {
    state_ = State::kList;
    return {};
  }
  resource_version_ = resource_version;
  state_ = State::kWatch;
  status_.synced = true;
  return objects_.end_listing();
}

void Reflector::probe_ended(Clock::time_point now) {
  assert(state_ == State::kProbing);
  last_contact_ = now;
  state_ = State::kWatch;
  wake_at_ = now;
}

void Reflector::watch_opened(Clock::time_point now) {
  assert(state_ == State::kWatching);
  if (watch_open_) return;
  last_contact_ = now;
  watch_open_ = true;
  wake_at_.reset();
  status_.cut_off_since.reset();
  status_.why.clear();
  status_.failure.reset();
}

std::optional<Identity> Reflector::deleted(const Metadata& metadata) {
  assert(state_ == State::kWatching);
  return objects_.erase(metadata.identity);
}

void Reflector::event_ended(Clock::time_point now, const std::string& resource_version) {
  watch_opened(now);
  ++status_.events;
  resource_version_ = resource_version;
  last_contact_ = now;
}

void Reflector::watch_ended(Clock::time_point now) {
  assert(state_ == State::kWatching);
  if (now - watch_began_ < options_.open_after) {
    failed(now, {Failure::Kind::kServer, "the Kubernetes API ends a watch as soon as it has begun",
                 false});
    return;
  }
  state_ = State::kWatch;
  wake_at_ = now;
  last_contact_ = now;
  if (now - watch_began_ >= options_.healthy_after) failures_ = 0;
}

void Reflector::failed(Clock::time_point now, Failure failure) {
  assert(state_ == State::kListing || state_ == State::kProbing || state_ == State::kWatching);
  const bool watching = state_ == State::kWatching;
  if (watching && watch_open_ && now - watch_began_ >= options_.healthy_after) failures_ = 0;
  if (failure.kind == Failure::Kind::kGone) {
    list_anew(now);
    return;
  }
  if (!status_.cut_off_since) {
    status_.by_silence = failure.by_silence;
    status_.cut_off_since = failure.by_silence ? last_contact_ : now;
  }
  status_.why = std::move(failure.sentence);
  status_.failure = failure.kind;
  back_off(now);
  const bool version_in_doubt =
      failure.kind == Failure::Kind::kGarbage || failure.kind == Failure::Kind::kNotFound ||
      (failure.kind == Failure::Kind::kServer && failures_ >= kFailuresUntilList);
  // Half of a list is of no use, since its token lives for some minutes only.
  continue_token_.clear();
  state_ = state_ == State::kListing || version_in_doubt ? State::kList : State::kProbe;
}

WatchStatus Reflector::status() const {
  WatchStatus status = status_;
  status.objects = objects_.size();
  if (status.why.empty() && status.objects_refused > 0) {
    status.why = "there are more than " + std::to_string(options_.objects_max) +
                 " objects; the rest is not looked at";
  } else if (status.why.empty() && status.objects_unreadable > 0) {
    status.why = "an object cannot be read: " + last_unreadable_;
  }
  return status;
}

void Reflector::back_off(Clock::time_point now) {
  Clock::duration delay = options_.retry_min;
  for (int doubled = 0; doubled < failures_ && delay < options_.retry_max / 2; ++doubled) {
    delay *= 2;
  }
  delay = std::min(delay, options_.retry_max / 2);
  delay += Clock::duration(
      std::uniform_int_distribution<Clock::duration::rep>(0, delay.count())(random_));
  wake_at_ = now + delay;
  ++failures_;
}

// What we know stays, and is only compared: no reason to call it old.
void Reflector::list_anew(Clock::time_point now) {
  state_ = State::kList;
  continue_token_.clear();
  wake_at_ = now;
  if (list_began_ && now - *list_began_ < options_.healthy_after) back_off(now);
}

}  // namespace meshcheck::kube
