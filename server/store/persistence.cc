#include "server/store/persistence.h"

#include <utility>
#include <vector>

#include "server/agents/agent_store.h"
#include "server/verdicts/verdict_store.h"

namespace meshcheck::server {
// What one job writes.
struct Persistence::Batch {
  Changes table;
  VerdictPublisher::Changes verdicts;

  bool empty() const { return table.empty() && verdicts.empty(); }
  // More may wait.
  bool full() const {
    return table.agents.size() == kRowsMax || table.series.size() == kRowsMax ||
           verdicts.records.size() + verdicts.gone.size() == kRowsMax;
  }
  std::size_t rows() const {
    return table.agents.size() + table.series.size() + verdicts.records.size();
  }
  Result<void> write(store::Connection& database) const {
    if (auto written = write_agents(database, table); !written) return written;
    return write_verdicts(database, verdicts);
  }
};

Persistence::Persistence(const Owner& owner, store::Worker& writer)
    : owner_(owner),
      reporter_(owner.status, owner.log,
                {.fails = "reports cannot be written; they are kept in memory and tried again",
                 .works = "reports are written again",
                 .lost = "last reports lost"}),
      writer_(writer),
      timer_(owner.loop, [this] { write_changes(); }) {
  timer_.start_repeating(kPeriod);
}

void Persistence::close() {
  closed_ = true;
  // What is in flight goes along, since nobody would try again if it failed.
  put_back();
  std::vector<Batch> rest;
  for (Batch more = take_batch(); !more.empty(); more = take_batch()) {
    rest.push_back(std::move(more));
  }
  if (rest.empty()) return;
  const bool submitted =
      writer_.submit({.run =
                          [rest = std::move(rest)](store::Connection& database) {
                            for (const Batch& batch : rest) {
                              if (auto written = batch.write(database); !written) return written;
                            }
                            return Result<void>();
                          },
                      .done = [this](const Result<void>& result) { reporter_.ended(result); }});
  if (!submitted) reporter_.ended(Error("too much else waits to be written"));
}

Persistence::Batch Persistence::take_batch() {
  return {
      .table = owner_.agents.with([](AgentTable& table) { return table.take_changes(kRowsMax); }),
      .verdicts = owner_.verdicts.with(
          [](VerdictPublisher& publisher) { return publisher.take_changes(kRowsMax); })};
}

void Persistence::put_back() {
  owner_.agents.with([](AgentTable& table) { table.put_back(); });
  owner_.verdicts.with([](VerdictPublisher& publisher) { publisher.put_back(); });
}

void Persistence::note_new_file() {
  const std::uint64_t written_anew = writer_.counters().written_anew;
  if (std::exchange(written_anew_, written_anew) == written_anew) return;
  owner_.log.error("the database had been deleted, and was written anew");
  owner_.status.with([&](store::WriteStatus& status) { status.written_anew = written_anew; });
}

void Persistence::write_changes() {
  if (writing_) return;
  Batch batch = take_batch();
  if (batch.empty()) return;
  const Written written{.last_agent = batch.table.last_agent,
                        .last_series = batch.table.last_series,
                        .last_verdict = batch.verdicts.last,
                        .rows = batch.rows(),
                        .more = batch.full()};
  writing_ = writer_.submit(
      {.run = [batch =
                   std::move(batch)](store::Connection& database) { return batch.write(database); },
       .done = [this, written](const Result<void>& result) { on_written(written, result); }});
  if (!writing_) put_back();
}

void Persistence::on_written(const Written& written, const Result<void>& result) {
  writing_ = false;
  reporter_.written(result, written.rows, writer_.counters().last_commit);
  note_new_file();
  if (closed_) return;  // The last job has it again.
  if (!result) {
    put_back();
    return;
  }
  const Changes table{.last_agent = written.last_agent, .last_series = written.last_series};
  owner_.agents.with([&](AgentTable& held) { held.written(table); });
  owner_.verdicts.with(
      [&](VerdictPublisher& publisher) { publisher.written({.last = written.last_verdict}); });
  if (written.more) write_changes();
}

}  // namespace meshcheck::server
