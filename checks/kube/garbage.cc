#include "checks/kube/garbage.h"

#include <utility>

#include "checks/results.h"

namespace meshcheck::checks {
namespace {

// Both: somebody else's object might have one of the labels by chance.
constexpr const char* kSelector = "heritage=meshcheck,meshcheck.io/agent";

}  // namespace

KubeGarbage::KubeGarbage(KubeContext& context, Options options)
    : options_(std::move(options)),
      resource_(options_.resources.size()),
      objects_(context.client),
      timer_(context.loop, [this] { sweep(); }) {}

void KubeGarbage::start() {
  timer_.start_repeating(options_.interval);
}

void KubeGarbage::sweep() {
  ++counters_.sweeps;
  resource_ = 0;
  look();
}

void KubeGarbage::look() {
  names_.clear();
  if (!sweeping()) return;
  objects_.list(
      options_.resources[resource_], kSelector,
      [this](const nlohmann::json& object) { note(object); },
      [this](const std::optional<kube::Failure>& failure) {
        if (failure) return fail(failure->sentence);
        remove_next();
      });
}

void KubeGarbage::note(const nlohmann::json& object) {
  const auto created = time_at(object, "/metadata/creationTimestamp");
  const std::string name = text_at(object, "/metadata/name");
  const auto now = std::chrono::floor<std::chrono::seconds>(WallClock::now());
  // Who is on its way out needs no second push.
  if (!created || name.empty() || is_terminating(object) || now - *created < options_.age_min ||
      names_.size() >= options_.deletions_max) {
    return;
  }
  names_.push_back(name);
}

void KubeGarbage::remove_next() {
  if (names_.empty()) {
    ++resource_;
    return look();
  }
  const std::string name = std::move(names_.back());
  names_.pop_back();
  objects_.remove(options_.resources[resource_], name, kube::ResourceClient::Deletion::kAtOnce,
                  [this, name](const kube::ObjectAnswer& answer) {
                    if (!answer.failure) {
                      ++counters_.deleted;
                      options_.log.info(
                          "an object that a check had left was deleted",
                          {{"kind", options_.resources[resource_].plural}, {"name", name}});
                    } else if (!answer.not_found()) {
                      return fail(answer.why());
                    }
                    remove_next();
                  });
}

void KubeGarbage::fail(const std::string& why) {
  ++counters_.failures;
  options_.log.warning("objects that checks have left cannot be deleted", {{"why", why}});
  ++resource_;
  look();
}

std::vector<kube::Resource> garbage_resources(const std::string& name_space) {
  return {{.plural = "configmaps", .name_space = name_space},
          {.group = "apps", .plural = "statefulsets", .name_space = name_space},
          {.plural = "pods", .name_space = name_space},
          {.plural = "namespaces"}};
}

}  // namespace meshcheck::checks
