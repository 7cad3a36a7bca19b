// Brings episodes to the server, and keeps each until the server has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/server_access.h"
#include "agent/sla/backoff.h"
#include "agent/sla/spool.h"
#include "lib/base/log.h"
#include "lib/http/client.h"
#include "lib/store/connection.h"
#include "lib/store/worker.h"
#include "lib/uv/loop.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {

// Episodes go to the spool, on a thread of its own, and from there to the server, the oldest first,
// each message only after the one before was taken. An episode leaves the spool with a 200, at the
// spool's bounds, or when the server calls it wrong (400, 413, 422), since it would block all
// others. While the disk refuses, episodes wait in memory and go to the server from there. On the
// loop's thread.
class EpisodeExporter {
 public:
  // Episodes in a message. Names of 128 bytes make an episode of less than 512 bytes.
  static constexpr std::size_t kBatchMax = 2000;
  // Episodes in memory that the disk has not taken.
  static constexpr std::size_t kUnsavedMax = 20'000;

  struct Options {
    std::string url;
    std::string origin;  // A name.
    std::chrono::milliseconds interval{30'000};
    std::chrono::milliseconds timeout{10'000};
    Backoff::Range backoff;
    SpoolBounds bounds;
    std::uint64_t seed = 0;
    Log log;
  };
  struct Counters {
    std::uint64_t sent = 0;  // Episodes that the server has taken.
    std::uint64_t refused =
        0;  // Episodes that it called wrong, and those of a message of which it took none.
    std::uint64_t dropped = 0;  // Beyond a bound, or with a full disk.
    std::uint64_t failures = 0;
  };

  // The spool's database, ready for the exporter. With an empty path it is in memory.
  static Result<store::Connection> open_spool(const std::string& path);

  // `spool` comes from open_spool().
  EpisodeExporter(uv::Loop& loop, http::Client& client, ServerAccess& access,
                  store::Connection spool, Options options);

  void add(std::vector<sla::Episode> episodes);

  const Counters& counters() const { return counters_; }
  // Episodes that the disk does not have yet; one of them is on its way there only while `saving`.
  std::size_t unsaved() const { return unsaved_.size(); }
  bool saving() const { return disk_ != Disk::kIdle; }

 private:
  // The way to the server. A turn begins with reading, and ends with waiting.
  //
  //                  +-------- taken or refused for good, by kSendingSpooled, kSendingUnsaved
  //                  v
  //   kWaiting --> kReading -- the spool has some --> kSendingSpooled
  //      ^           |   |
  //      |           |   +-- it has none or fails, memory has some --> kSendingUnsaved
  //      |           +-- there is nothing: for the interval
  //      +-- not taken, by kSendingSpooled, kSendingUnsaved: for the backoff
  //
  // A turn that reads also erases the episodes that the server took in the one before.
  enum class State { kWaiting, kReading, kSendingSpooled, kSendingUnsaved };

  // The way to the disk. It goes on beside State, but begins nothing new in kSendingUnsaved:
  // episodes that come back from there are older than the rest.
  //
  //   kIdle --> kSaving --> kIdle, or kSaving again: a slot at a time
  //                |
  //                +-- failed --> kMakingRoom --> as after kSaving
  //                                    |
  //                                    +-- failed --> kIdle until more is added
  enum class Disk { kIdle, kSaving, kMakingRoom };

  void save(Disk how);
  void saved(const Result<void>& result);
  void bound_unsaved();
  void note_dropped(std::uint64_t episodes);
  void wait(std::chrono::milliseconds time);
  void begin_turn();
  void read(const Result<void>& result);
  void send_unsaved();
  void send(std::string body);
  void answered(const http::Outcome& outcome);
  void give_back();
  void tell_of_refusal(const std::string& reason, std::size_t episodes);
  void failed(const std::string& why);

  http::Client& client_;
  ServerAccess& access_;
  const Options options_;
  Counters counters_;
  Backoff backoff_;
  std::deque<sla::Episode> unsaved_;  // The oldest first.
  Disk disk_ = Disk::kIdle;
  std::size_t saving_ = 0;     // How many of `unsaved_` are on their way to the disk.
  bool trouble_told_ = false;  // A failing spool was logged.
  bool drops_told_ = false;    // Dropped episodes were logged.
  std::string refusal_told_;   // The logged reason of the server's refusal.
  std::uint64_t failures_in_a_row_ = 0;
  State state_ = State::kWaiting;
  std::vector<sla::Episode> from_memory_;  // Of kSendingUnsaved.
  spool::Batch batch_;                     // Of kSendingSpooled.
  std::optional<spool::Batch> taken_;      // The server has it, and the spool as well.
  http::Call call_;
  uv::Timer turn_timer_;
  // Results of jobs: the worker's thread writes them before the job is done, and the loop's thread
  // reads them after. There is at most one job of each kind.
  std::uint64_t put_dropped_ = 0;
  spool::Batch next_batch_;
  std::string body_;
  store::Worker worker_;  // Destroyed first, which ends its jobs.
};

}  // namespace meshcheck::agent
