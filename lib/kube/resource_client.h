// Reads and writes objects of the Kubernetes API, of any kind, as JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "lib/http/client.h"
#include "lib/kube/client.h"
#include "lib/kube/resource.h"
#include "lib/uv/timer.h"

namespace meshcheck::kube {

struct ObjectAnswer {
  std::optional<Failure> failure;
  nlohmann::json object;  // Without a failure: a JSON object.

  // REQUIRES: failure.
  const std::string& why() const { return failure->sentence; }
  bool not_found() const { return failure && failure->kind == Failure::Kind::kNotFound; }
  // Whether the failure says nothing of the object: we have no permission, no token or no means to
  // ask.
  bool is_ours() const { return failure && failure->is_ours(); }
};

// One question at a time: a new one cancels the one under way. A part that asks several at once has
// several of these. A missing token is reported as an answer. Belongs to the client's loop; the
// client outlives it.
class ResourceClient {
 public:
  // Called once and later, and may destroy the ResourceClient.
  using OnAnswer = std::function<void(const ObjectAnswer& answer)>;
  using OnEnd = std::function<void(const std::optional<Failure>& failure)>;
  // May not destroy or ask anything.
  using OnItem = std::function<void(const nlohmann::json& object)>;

  // etcd takes no object of more than 1.5 MiB.
  static constexpr std::size_t kObjectSizeMax = std::size_t{2} << 20U;
  // Objects of a list come in pages. A list of more than kPagesMax pages is a failure, since a part
  // would mislead.
  static constexpr std::size_t kPageObjects = 250;
  static constexpr std::size_t kPagesMax = 40;
  static constexpr std::size_t kPageSizeMax = std::size_t{16} << 20U;
  static constexpr std::chrono::milliseconds kTimeout{5000};

  // `timeout` is of each question; a page of a list is one.
  explicit ResourceClient(Client& client, std::chrono::milliseconds timeout = kTimeout);

  void get(const Resource& resource, const std::string& name, OnAnswer on_answer);
  // Page by page. `selector` is of labels, and may be empty. After a failure `on_item` has not seen
  // all objects.
  void list(const Resource& resource, const std::string& selector, OnItem on_item, OnEnd on_end);
  // The answer is the object as the API stores it. A name in use is a kConflict.
  void create(const Resource& resource, const nlohmann::json& object, OnAnswer on_answer);
  // `object` has the resourceVersion that it was read with; a write by others since then is a
  // kConflict.
  void replace(const Resource& resource, const std::string& name, const nlohmann::json& object,
               OnAnswer on_answer);
  // RFC 7386.
  void merge(const Resource& resource, const std::string& name, const nlohmann::json& patch,
             OnAnswer on_answer);
  // The same of the object's status, where that is a resource of its own.
  void merge_status(const Resource& resource, const std::string& name, const nlohmann::json& patch,
                    OnAnswer on_answer);
  // Server-side apply: makes the object, or sets the fields that are in `object` and takes their
  // ownership from other managers. `object` names its apiVersion and kind; `manager` owns the
  // fields.
  void apply(const Resource& resource, const std::string& name, const nlohmann::json& object,
             const std::string& manager, OnAnswer on_answer);
  // Objects that the object owns are deleted with it.
  enum class Deletion : std::uint8_t {
    kGraceful,  // With the time that it wants for its end.
    kAtOnce,
  };
  void remove(const Resource& resource, const std::string& name, Deletion deletion,
              OnAnswer on_answer);
  // Silences all of it.
  void stop();

 private:
  void patch(const Resource& resource, std::string target, const nlohmann::json& patch,
             OnAnswer on_answer);

  struct Listing {
    Resource resource;
    std::string selector;
    OnItem on_item;
    OnEnd on_end;
    std::size_t pages = 0;
  };
  void ask(Question question, OnAnswer on_answer);
  void next_page(const std::string& continuation);
  void take_page(const ObjectAnswer& answer);
  void end_listing(const std::optional<Failure>& failure);

  Client& client_;
  const std::chrono::milliseconds timeout_;
  http::Call call_;
  std::optional<Listing> listing_;
  std::optional<Error> no_token_;
  OnAnswer on_no_token_;
  uv::Timer timer_;
};

}  // namespace meshcheck::kube
