// A check's talk with the Kubernetes API: one question or one pause at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "checks/kube/context.h"
#include "lib/uv/timer.h"
#include "mesh/sla/episode.h"

namespace meshcheck::checks {

// A kind of objects, all of version v1, in a namespace or in none.
struct KubeResource {
  std::string group;       // Empty for the core.
  std::string plural;      // "configmaps"
  std::string name_space;  // Empty: the kind has none, or those of all are meant.

  std::string path() const;  // "/apis/apps/v1/namespaces/net/statefulsets"
};

struct KubeAnswer {
  enum class Kind : std::uint8_t {
    kDone,
    kNotFound,
    kRefused,  // 401 or 403: we may not. That says nothing of who is looked at.
    kFailed,
  };
  explicit KubeAnswer(const kube::Answer& answer);
  // There is nothing to show who we are.
  explicit KubeAnswer(std::string no_token) : kind(Kind::kRefused), why(std::move(no_token)) {}

  Kind kind = Kind::kFailed;
  nlohmann::json object;  // Of kDone; an object.
  std::string why;        // Of all others.
};

// Whoever asks while something is under way takes that back. Belongs to the context's loop.
class KubeTalk {
 public:
  using OnAnswer = std::function<void(const KubeAnswer& answer)>;
  using OnItem = std::function<void(const nlohmann::json& object)>;
  using OnEnd = std::function<void(const std::optional<std::string>& why)>;
  static constexpr std::chrono::milliseconds kQuestionTimeout{5000};
  // Objects of a list come in pages. More is an error: it would be a half-truth.
  static constexpr std::size_t kPageSize = 250;
  static constexpr std::size_t kPagesMax = 40;
  static constexpr std::size_t kPageOctetsMax = std::size_t{16} << 20U;

  explicit KubeTalk(KubeContext& context);
  ~KubeTalk() { stop(); }
  KubeTalk(const KubeTalk&) = delete;
  KubeTalk& operator=(const KubeTalk&) = delete;

  // Callbacks are called once and later, and may destroy the talk.
  void preflight(KubePreflight::OnAnswer on_answer);
  void get(const KubeResource& resource, const std::string& name, OnAnswer on_answer);
  void create(const KubeResource& resource, const nlohmann::json& object, OnAnswer on_answer);
  // At once, without the time that an object may want for its end; what it owns follows it.
  void remove(const KubeResource& resource, const std::string& name, OnAnswer on_answer);
  // `on_item` may not destroy anything.
  void list(const KubeResource& resource, const std::string& selector, OnItem on_item,
            OnEnd on_end);
  void wait(std::chrono::milliseconds delay, std::function<void()> on_expiry);
  // Silences all of it.
  void stop();

 private:
  struct Listing {
    KubeResource resource;
    std::string selector;
    OnItem on_item;
    OnEnd on_end;
    std::size_t pages = 0;
  };
  void ask(kube::Question question, OnAnswer on_answer);
  void next_page(const std::string& continuation);
  void end_listing(const std::optional<std::string>& why);

  KubeContext& context_;
  http::Call call_;
  std::optional<Listing> listing_;
  std::function<void()> on_expiry_;
  uv::Timer timer_;
};

// Of an object that we make. `what` is its place in the check's name: "meshcheck-pod-7d2d90cf".
std::string object_name(const KubeContext& context, std::string_view what);
nlohmann::json object_metadata(const KubeContext& context, const sla::ProbeRef& ref,
                               const std::string& name);

}  // namespace meshcheck::checks
