#include "agent/sla/episode_exporter.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <random>
#include <utility>

#include "mesh/sla/check_list.h"
#include "mesh/sla/episode_message.h"

namespace meshcheck::agent {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAnswerSizeMax = std::size_t{64} << 10U;
constexpr std::size_t kEpisodeSizeMax = 512;
// So many episodes leave whole pages of the database free, whichever origin has the others.
constexpr std::size_t kRoomMin = 256;
static_assert(EpisodeExporter::kBatchMax <= sla::kEpisodesMax);
static_assert(EpisodeExporter::kBatchMax * kEpisodeSizeMax < sla::kEpisodeMessageSizeMax);
// Each check may be a probe and a group of its own.
static_assert(EpisodeExporter::kBatchMax > 2 * sla::kChecksMax);

// An answer of these is the same however often the message is sent.
bool is_final(int status) {
  return status == 400 || status == 413 || status == 422;
}

std::string text_of(const http::Outcome& outcome) {
  if (outcome.error) return outcome.error->message();
  return "the server answered " + std::to_string(outcome.status) + ": " +
         outcome.body.substr(0, kAnswerTextMax);
}

}  // namespace

Result<store::Connection> EpisodeExporter::open_spool(const std::string& path) {
  auto database = store::Connection::open(path.empty() ? ":memory:" : path);
  if (!database) return database;
  if (auto prepared = spool::prepare(*database); !prepared) return prepared.error();
  return database;
}

EpisodeExporter::EpisodeExporter(uv::Loop& loop, http::Client& client, ServerAccess& access,
                                 store::Connection spool, Options options)
    : client_(client),
      access_(access),
      options_(std::move(options)),
      backoff_(options_.backoff, options_.seed),
      turn_timer_(loop, [this] { begin_turn(); }),
      worker_(loop, std::move(spool), {.jobs_max = 8}) {
  // What the last process left waits there; not all agents come at once.
  std::mt19937_64 random(options_.seed);
  const auto interval = static_cast<std::uint64_t>(options_.interval.count());
  wait(milliseconds(static_cast<std::int64_t>(random() % interval)));
}

void EpisodeExporter::add(std::vector<sla::Episode> episodes) {
  unsaved_.insert(unsaved_.end(), std::make_move_iterator(episodes.begin()),
                  std::make_move_iterator(episodes.end()));
  if (disk_ != Disk::kIdle) return;
  bound_unsaved();
  save(Disk::kSaving);
}

// Not while some of them are on their way to the disk, which is for a moment only.
void EpisodeExporter::bound_unsaved() {
  if (unsaved_.size() <= kUnsavedMax) return;
  const std::size_t excess = unsaved_.size() - kUnsavedMax;
  unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(excess));
  note_dropped(excess);
}

void EpisodeExporter::save(Disk how) {
  if (unsaved_.empty() || state_ == State::kSendingUnsaved) return;
  // A slot at a time, so that no transaction is larger than the one before.
  const auto slot_end = std::ranges::find_if(unsaved_, [this](const sla::Episode& episode) {
    return episode.start != unsaved_.front().start;
  });
  saving_ = static_cast<std::size_t>(slot_end - unsaved_.begin());
  disk_ = how;
  put_dropped_ = 0;
  auto run = [this, how, episodes = std::vector(unsaved_.begin(), slot_end)](
                 store::Connection& database) -> Result<void> {
    if (how == Disk::kMakingRoom) {
      const auto dropped = spool::drop_oldest(database, std::max(2 * episodes.size(), kRoomMin));
      if (!dropped) return dropped.error();
      put_dropped_ += *dropped;
    }
    const auto dropped = spool::put(database, episodes, options_.bounds);
    if (!dropped) return dropped.error();
    put_dropped_ += *dropped;
    return {};
  };
  // It has room: one save and one read are all that there is at once.
  if (!worker_.submit({std::move(run), [this](const Result<void>& result) { saved(result); }})) {
    disk_ = Disk::kIdle;
  }
}

void EpisodeExporter::saved(const Result<void>& result) {
  const Disk was = std::exchange(disk_, Disk::kIdle);
  if (result) {
    unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(saving_));
    note_dropped(put_dropped_);
    if (std::exchange(trouble_told_, false)) options_.log.info("the spool works again");
    save(Disk::kSaving);
    return;
  }
  switch (was) {
    case Disk::kIdle:
      assert(false && "nothing was being saved");
      return;
    case Disk::kSaving:
      save(Disk::kMakingRoom);
      return;
    case Disk::kMakingRoom:
      break;
  }
  if (!std::exchange(trouble_told_, true)) {
    options_.log.error("episodes stay in memory: the spool fails",
                       {{"error", result.error().message()}, {"episodes", unsaved_.size()}});
  }
  bound_unsaved();
}

void EpisodeExporter::note_dropped(std::uint64_t episodes) {
  counters_.dropped += episodes;
  if (episodes == 0 || std::exchange(drops_told_, true)) return;
  options_.log.warning("the oldest episodes are dropped, there is no room for them",
                       {{"episodes_in_all", counters_.dropped}});
}

void EpisodeExporter::wait(milliseconds time) {
  state_ = State::kWaiting;
  turn_timer_.start(time);
}

void EpisodeExporter::begin_turn() {
  state_ = State::kReading;
  const auto run = [this](store::Connection& database) -> Result<void> {
    if (taken_) {
      if (auto erased = spool::erase(database, *taken_); !erased) return erased;
    }
    auto batch = spool::oldest(database, kBatchMax);
    if (!batch) return batch.error();
    body_ = batch->episodes.empty()
                ? ""
                : sla::encode({.origin = options_.origin, .episodes = batch->episodes});
    next_batch_ = *std::move(batch);
    return {};
  };
  if (!worker_.submit({run, [this](const Result<void>& result) { read(result); }})) {
    wait(options_.interval);
  }
}

void EpisodeExporter::read(const Result<void>& result) {
  if (result) {
    taken_.reset();
    batch_ = std::move(next_batch_);
    if (!body_.empty()) {
      state_ = State::kSendingSpooled;
      send(std::move(body_));
      return;
    }
  } else if (!std::exchange(trouble_told_, true)) {
    options_.log.error("the spool fails", {{"error", result.error().message()}});
  }
  send_unsaved();
}

// Of memory only when the spool has nothing to give, since what is there is older. With a disk that
// refuses all this is the only way out: the episodes are taken out of memory so that no save writes
// them meanwhile, which would send them twice, and come back to its front if the server does
// not take them.
void EpisodeExporter::send_unsaved() {
  if (unsaved_.empty() || disk_ != Disk::kIdle) {
    wait(options_.interval);
    return;
  }
  state_ = State::kSendingUnsaved;
  const auto count = static_cast<std::ptrdiff_t>(std::min(unsaved_.size(), kBatchMax));
  from_memory_.assign(unsaved_.begin(), unsaved_.begin() + count);
  unsaved_.erase(unsaved_.begin(), unsaved_.begin() + count);
  send(sla::encode({.origin = options_.origin, .episodes = from_memory_}));
}

void EpisodeExporter::send(std::string body) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = options_.url;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  request.timeout = options_.timeout;
  request.body_max = kAnswerSizeMax;
  access_.authorize(request);
  call_ = client_.start(std::move(request),
                        [this](const http::Outcome& outcome) { answered(outcome); });
}

void EpisodeExporter::answered(const http::Outcome& outcome) {
  const bool from_memory = std::exchange(state_, State::kWaiting) == State::kSendingUnsaved;
  const bool refused = !outcome.error && is_final(outcome.status);
  if (!refused && (outcome.error || outcome.status != 200)) {
    if (from_memory) give_back();
    failed(text_of(outcome));
    return;
  }
  const std::size_t count = from_memory ? from_memory_.size() : batch_.episodes.size();
  const std::string reason = refused ? text_of(outcome) : sla::refusals_in(outcome.body);
  tell_of_refusal(reason, count);
  if (!reason.empty()) {
    counters_.refused += count;
  } else {
    counters_.sent += count;
    drops_told_ = false;
  }
  if (failures_in_a_row_ > 0) {
    options_.log.info("episodes are accepted again", {{"failures", failures_in_a_row_}});
  }
  failures_in_a_row_ = 0;
  backoff_.reset();
  if (from_memory) {
    from_memory_.clear();
    save(Disk::kSaving);
  } else {
    // While it cannot be erased nothing is read either, so it is not sent twice.
    taken_ = std::move(batch_);
  }
  begin_turn();
}

// Once for each reason: a clock that is wrong makes all episodes wrong, until somebody sets it.
void EpisodeExporter::tell_of_refusal(const std::string& reason, std::size_t episodes) {
  if (reason == refusal_told_) return;
  if (reason.empty()) {
    options_.log.info("the server takes episodes again", {{"refused_in_all", counters_.refused}});
  } else {
    options_.log.error("the server refuses episodes for good; they are dropped",
                       {{"error", reason}, {"episodes", episodes}});
  }
  refusal_told_ = reason;
}

void EpisodeExporter::give_back() {
  unsaved_.insert(unsaved_.begin(), from_memory_.begin(), from_memory_.end());
  from_memory_.clear();
  bound_unsaved();
  save(Disk::kSaving);
}

void EpisodeExporter::failed(const std::string& why) {
  ++counters_.failures;
  const auto pause = backoff_.next();
  if (failures_in_a_row_++ == 0) {
    options_.log.warning("episodes were not accepted; they are kept",
                         {{"error", why}, {"next_ms", pause.count()}});
  } else {
    options_.log.debug("episodes were not accepted", {{"error", why}, {"next_ms", pause.count()}});
  }
  wait(pause);
}

}  // namespace meshcheck::agent
