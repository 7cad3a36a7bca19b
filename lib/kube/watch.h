// Follows all objects of a kind: reports each that is new, changed or gone.
#pragma once

#include <simdjson.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "lib/base/result.h"
#include "lib/kube/client.h"
#include "lib/kube/objects.h"
#include "lib/kube/reflector.h"
#include "lib/kube/watch_decoder.h"
#include "lib/uv/timer.h"

namespace meshcheck::kube {

// The objects to follow: "/api/v1/pods", "/apis/GROUP/VERSION/namespaces/NS/RESOURCE".
struct ResourceList {
  std::string group;  // Empty for pods and nodes.
  std::string version = "v1";
  std::string resource;        // "pods"
  std::string name_space;      // Empty: all.
  std::string label_selector;  // "app in (a,b)"
  std::string field_selector;

  std::string path() const;  // With the selectors' query, which begins with '?' if there is one.
};

// Lives on the client's loop; not destroyed inside its handlers. It holds the objects' identities
// and versions, not the objects: its user keeps what it needs of them. Bounded by objects_max; an
// object is bounded by WatchDecoder::kLineSizeMax, a page of a list by kPageSizeMax.
class Watch {
 public:
  struct Handlers {
    // Also for an object that has replaced another of its name, after on_delete for that one. An
    // error is counted, shown in the status, and the object left out.
    std::function<Result<void>(const simdjson::dom::element& object)> on_upsert;
    std::function<void(const Identity& identity)> on_delete;
    // The watch is synced, cut off, back, or has another reason. Called after the changes that came
    // with it.
    std::function<void()> on_status;
  };
  // For Pod, Node and AnyObject.
  template <typename Object>
  static Handlers handlers(std::function<void(Object)> on_upsert,
                           std::function<void(const Identity&)> on_delete,
                           std::function<void()> on_status) {
    return {[on_upsert = std::move(on_upsert)](const simdjson::dom::element& element) {
              auto object = decode<Object>(element);
              if (!object) return Result<void>(object.error());
              on_upsert(*std::move(object));
              return Result<void>();
            },
            std::move(on_delete), std::move(on_status)};
  }

  static constexpr std::size_t kPageObjects = 500;
  static constexpr std::size_t kPageSizeMax = std::size_t{64} << 20U;

  // Begins in the loop's next turn. `options.seed` should differ between programs and watches.
  Watch(Client& client, ResourceList list, Reflector::Options options, Handlers handlers);

  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  WatchStatus status() const { return reflector_.status(); }
  const ResourceList& list() const { return list_; }

 private:
  void turn();
  Result<http::Call> ask_page(const std::string& continue_token);
  Result<http::Call> ask_probe();
  Result<http::Call> follow(const Reflector::Watch& watch);
  void take_page(const Answer& answer);
  void take_bytes(std::string_view bytes);
  Result<void> take_event(const WatchEvent& event);
  Result<void> upsert(const simdjson::dom::element& object);
  Failure garbage(const Error& error) const;
  Operation operation(const std::string& verb) const;
  std::string target(const std::string& query) const;
  void tell_status();

  Client& client_;
  ResourceList list_;
  Handlers handlers_;
  Reflector reflector_;
  WatchDecoder decoder_;
  std::optional<Failure> broken_;  // From an event of the watch under way.
  http::Call call_;
  uv::Timer timer_;
  WatchStatus told_;
};

}  // namespace meshcheck::kube
