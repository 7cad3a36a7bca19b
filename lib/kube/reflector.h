// Decides which request keeps the known objects up to date with the Kubernetes API.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/time.h"
#include "lib/kube/failure.h"
#include "lib/kube/object_index.h"

namespace meshcheck::kube {

// How complete and recent a watch's knowledge is.
struct WatchStatus {
  bool synced = false;  // All objects were seen once. From then on it stays so.
  // Set while there is no watch: the objects are kept and may be old.
  std::optional<Clock::time_point> cut_off_since;
  bool by_silence =
      false;        // `cut_off_since` is when it was last heard: it was cut off some time later.
  std::string why;  // One sentence, while cut off or objects are missing; else empty.
  std::optional<Failure::Kind> failure;  // The last one's, while cut off.
  std::size_t objects = 0;
  std::uint64_t objects_refused = 0;  // Over objects_max, since the last list began.
  // Objects that could not be decoded since then; `why` has the last one's reason.
  std::uint64_t objects_unreadable = 0;
  std::uint64_t lists = 0;  // Begun.
  std::uint64_t watches = 0;
  std::uint64_t events = 0;
};

// List, then watch from the list's version, then list again when the API has forgotten that
// version. A watch that broke goes on where it was, after a probe: a watch sends no byte until an
// object changes, so only a question that is answered at once shows that the API is back. Pure: the
// caller reports events with their times and gets the next request. One request is out at a time.
// It waits after a failure: 0.8 s at first, doubled up to the half of retry_max, and each time up
// to twice as long by chance, so that servers do not come back in step.
class Reflector {
 public:
  struct Options {
    Clock::duration retry_min = std::chrono::milliseconds(800);
    Clock::duration retry_max = std::chrono::seconds(30);
    // A watch of this age ends the backoff.
    Clock::duration healthy_after = std::chrono::seconds(10);
    // A watch that has not failed for this long counts as open; one that ends sooner does not.
    Clock::duration open_after = std::chrono::seconds(1);
    // The API ends a watch after this, or up to half as much more. A new one costs little, and
    // a connection that died in silence is noticed: nothing came for that long and the lateness.
    std::chrono::seconds watch_timeout{90};
    std::chrono::seconds watch_lateness{10};
    std::size_t objects_max = 20'000;
    std::uint32_t seed = 1;
  };
  struct List {
    std::string continue_token;  // Empty for the first page.
  };
  struct Watch {
    std::string resource_version;
    std::chrono::seconds timeout{};   // For the API.
    std::chrono::seconds patience{};  // Without a byte.
  };
  struct Probe {};  // A list of one object, of which only the status counts.
  using Request = std::variant<List, Watch, Probe>;

  Reflector(Options options, Clock::time_point now);

  // The request to make now; nothing before wake_at() and while a request is out.
  std::optional<Request> take(Clock::time_point now);
  // When to call take(); nothing while only an answer can change things.
  std::optional<Clock::time_point> wake_at() const;

  // An object of a list's page or of an event that is there now.
  ObjectIndex::Upsert seen(const Metadata& metadata);
  void unreadable(const Identity& identity, const Error& error);
  // To be called after the page's objects. Returns, after the last page, the objects that are gone.
  std::vector<Identity> page_ended(Clock::time_point now, const std::string& resource_version,
                                   const std::string& continue_token);
  void probe_ended(Clock::time_point now);
  // The first byte has come. May be called again.
  void watch_opened(Clock::time_point now);
  std::optional<Identity> deleted(const Metadata& metadata);
  // To be called for every event, also a bookmark, after its change was reported.
  void event_ended(Clock::time_point now, const std::string& resource_version);
  // The watch ended after its announced timeout. For any other end: failed().
  void watch_ended(Clock::time_point now);
  void failed(Clock::time_point now, Failure failure);

  WatchStatus status() const;

 private:
  enum class State : std::uint8_t { kList, kListing, kProbe, kProbing, kWatch, kWatching };

  List begin_page(Clock::time_point now);
  Watch begin_watch(Clock::time_point now);
  void back_off(Clock::time_point now);
  void list_anew(Clock::time_point now);

  Options options_;
  std::minstd_rand random_;
  ObjectIndex objects_;
  State state_ = State::kList;
  std::optional<Clock::time_point> wake_at_;
  std::string resource_version_;
  std::string continue_token_;
  int failures_ = 0;  // In a row.
  std::optional<Clock::time_point> list_began_;
  Clock::time_point watch_began_;
  bool watch_open_ = false;
  Clock::time_point last_contact_;
  std::string last_unreadable_;
  WatchStatus status_;
};

}  // namespace meshcheck::kube
