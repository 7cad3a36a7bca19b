#include "lib/kube/watch.h"

#include <variant>

#include "lib/http/url.h"

namespace meshcheck::kube {
namespace {

constexpr std::chrono::seconds kListTimeout{60};

bool is_other_news(const WatchStatus& a, const WatchStatus& b) {
  return a.synced != b.synced || a.cut_off_since != b.cut_off_since || a.why != b.why;
}

}  // namespace

std::string ResourceList::path() const {
  std::string path = group.empty() ? "/api/" : "/apis/" + http::escape_path_segment(group) + "/";
  path += http::escape_path_segment(version);
  if (!name_space.empty()) path += "/namespaces/" + http::escape_path_segment(name_space);
  path += "/" + http::escape_path_segment(resource);
  char separator = '?';
  for (const auto& [key, selector] :
       {std::pair("labelSelector", label_selector), std::pair("fieldSelector", field_selector)}) {
    if (selector.empty()) continue;
    path += separator + std::string(key) + "=" + http::escape_path_segment(selector);
    separator = '&';
  }
  return path;
}

Watch::Watch(Client& client, ResourceList list, Reflector::Options options, Handlers handlers)
    : client_(client),
      list_(std::move(list)),
      handlers_(std::move(handlers)),
      reflector_(options, client.loop().now()),
      timer_(client.loop(), [this] { turn(); }) {
  timer_.start(std::chrono::milliseconds(0));
}

// Does what is due and says when to come back. Everything ends here, from the timer and from the
// answers.
void Watch::turn() {
  const auto now = client_.loop().now();
  if (const auto request = reflector_.take(now)) {
    Result<http::Call> call = http::Call();
    if (const auto* page = std::get_if<Reflector::List>(&*request)) {
      call = ask_page(page->continue_token);
    } else if (const auto* watch = std::get_if<Reflector::Watch>(&*request)) {
      call = follow(*watch);
    } else {
      call = ask_probe();
    }
    if (call) {
      call_ = *std::move(call);
    } else {
      reflector_.failed(now,
                        {Failure::Kind::kUnauthorized,
                         "there is no token for the Kubernetes API: " + call.error().message()});
    }
  }
  tell_status();
  const auto wake_at = reflector_.wake_at();
  if (!wake_at) {
    timer_.stop();
    return;
  }
  timer_.start(std::chrono::ceil<std::chrono::milliseconds>(
      std::max(*wake_at - now, Clock::duration::zero())));
}

Result<http::Call> Watch::ask_page(const std::string& continue_token) {
  Question question;
  question.target = target("limit=" + std::to_string(kPageObjects) +
                           (continue_token.empty() ? "" : "&continue=") +
                           http::escape_path_segment(continue_token));
  question.operation = operation("list");
  question.timeout = kListTimeout;
  question.answer_size_max = kPageSizeMax;
  return client_.ask(question, [this](const Answer& answer) {
    take_page(answer);
    turn();
  });
}

Result<http::Call> Watch::ask_probe() {
  Question question;
  question.target = target("limit=1");
  question.operation = operation("list");
  question.answer_size_max = WatchDecoder::kLineSizeMax;
  return client_.ask(question, [this](const Answer& answer) {
    const auto now = client_.loop().now();
    if (answer.failure) {
      reflector_.failed(now, *answer.failure);
    } else {
      reflector_.probe_ended(now);
    }
    turn();
  });
}

Result<http::Call> Watch::follow(const Reflector::Watch& watch) {
  Question question;
  question.target = target("watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                           std::to_string(watch.timeout.count()) +
                           "&resourceVersion=" + http::escape_path_segment(watch.resource_version));
  question.operation = operation("watch");
  question.timeout = watch.patience;
  decoder_ = WatchDecoder();
  return client_.follow(
      question, [this](std::string_view bytes) { take_bytes(bytes); },
      [this](const Answer& answer) {
        const auto now = client_.loop().now();
        if (answer.failure) {
          reflector_.failed(now, *answer.failure);
        } else {
          reflector_.watch_ended(now);
        }
        turn();
      });
}

void Watch::take_page(const Answer& answer) {
  const auto now = client_.loop().now();
  if (answer.failure) {
    reflector_.failed(now, *answer.failure);
    return;
  }
  const auto page = ListPage::parse(answer.body);
  if (!page) {
    reflector_.failed(now, garbage(page.error()));
    return;
  }
  for (const simdjson::dom::element& item : page->items()) {
    if (const auto done = upsert(item); !done) {
      reflector_.failed(now, garbage(done.error()));
      return;
    }
  }
  const auto gone = reflector_.page_ended(now, page->resource_version(), page->continue_token());
  for (const Identity& identity : gone) handlers_.on_delete(identity);
}

void Watch::take_bytes(std::string_view bytes) {
  const auto now = client_.loop().now();
  reflector_.watch_opened(now);
  decoder_.feed(bytes);
  while (const auto event = decoder_.next()) {
    broken_.reset();
    const auto done = *event ? take_event(**event) : Result<void>(event->error());
    if (!done && !broken_) broken_ = garbage(done.error());
    if (!broken_) continue;
    call_ = http::Call();
    reflector_.failed(now, *std::move(broken_));
    break;
  }
  turn();
}

Result<void> Watch::take_event(const WatchEvent& event) {
  if (event.type == WatchEvent::Type::kError) {
    broken_ = failure_of_message(event.code, event.message, operation("watch"));
    return {};
  }
  const auto version = decode_resource_version(event.object);
  if (!version) return version.error();
  if (event.type == WatchEvent::Type::kDeleted) {
    const auto metadata = decode_metadata(event.object);
    if (!metadata) return metadata.error();
    if (const auto gone = reflector_.deleted(*metadata)) handlers_.on_delete(*gone);
  } else if (event.type != WatchEvent::Type::kBookmark) {
    if (auto done = upsert(event.object); !done) return done;
  }
  reflector_.event_ended(client_.loop().now(), *version);
  return {};
}

Result<void> Watch::upsert(const simdjson::dom::element& object) {
  const auto metadata = decode_metadata(object);
  if (!metadata) return metadata.error();
  const ObjectIndex::Upsert seen = reflector_.seen(*metadata);
  if (seen.replaced) handlers_.on_delete(*seen.replaced);
  if (seen.outcome != ObjectIndex::Outcome::kChanged) return {};
  if (const auto done = handlers_.on_upsert(object); !done) {
    reflector_.unreadable(metadata->identity, done.error());
  }
  return {};
}

Failure Watch::garbage(const Error& error) const {
  return {Failure::Kind::kGarbage, "the Kubernetes API's answer to " +
                                       describe(operation("watch")) +
                                       " makes no sense: " + error.message()};
}

Operation Watch::operation(const std::string& verb) const {
  return {verb, list_.group, list_.resource, list_.name_space};
}

std::string Watch::target(const std::string& query) const {
  const std::string path = list_.path();
  return path + (path.find('?') == std::string::npos ? "?" : "&") + query;
}

void Watch::tell_status() {
  WatchStatus status = reflector_.status();
  if (!is_other_news(status, told_)) return;
  told_ = std::move(status);
  handlers_.on_status();
}

}  // namespace meshcheck::kube
