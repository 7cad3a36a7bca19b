#include "server/store/persistence.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "lib/store/sqlite/connection.h"
#include "lib/testing/failing_driver.h"
#include "lib/testing/temporary_directory.h"
#include "server/store/restore.h"
#include "server/store/schema.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;
using Type = verdict::VerdictEvent::Type;

// What a server keeps of reports and verdicts.
struct KeptParts {
  Guarded<AgentTable> agents{AgentTable::Options()};
  Guarded<mesh::Mesh> mesh{mesh::Mesh::Options()};
  Guarded<VerdictPublisher> verdicts{VerdictPublisher::Options()};
  SlaTables sla{{}};

  Result<store::Connection> open(const std::string& path, bool principals_are_pods = false) {
    return open_database({.agents = agents,
                          .mesh = mesh,
                          .verdicts = verdicts,
                          .sla = sla,
                          .log = Log(),
                          .principals_are_pods = principals_are_pods},
                         path);
  }
  // Nodes with an agent that others may be sent to.
  std::size_t nodes() {
    return mesh.with([](const mesh::Mesh& both) { return both.assigner.nodes(); });
  }
  bool holds(const std::string& agent) {
    return agents.with([&](AgentTable& table) { return table.record_of(agent).has_value(); });
  }
};

class PersistenceTest : public testing::Test {
 protected:
  PersistenceTest() : deadline_(loop_, [this] { give_up(); }) { deadline_.start(30s); }

  void start() {
    auto driver = store::sqlite::open(path_, {});
    ASSERT_TRUE(driver) << driver.error().message();
    store::Connection database(std::make_unique<FailingDriver>(*std::move(driver), fails_));
    ASSERT_TRUE(update_schema(database));
    writer_.emplace(loop_, std::move(database), store::Worker::Options());
    persistence_.emplace(Persistence::Owner{loop_, parts_.agents, parts_.verdicts, status_, Log()},
                         *writer_);
  }
  void give_up() {
    late_ = true;
    ADD_FAILURE() << "not so after 30 s";
  }
  void run_until(const std::function<bool()>& done) {
    while (!late_ && !done()) loop_.run_once();
  }
  void close() {
    persistence_->close();
    writer_->close();
    persistence_.reset();
    writer_.reset();
  }

  void report(const std::string& name, const std::string& mesh = "") {
    mesh::Record record;
    record.podname = name;
    record.nodename = "n";
    record.report_interval = 5;
    record.json_head = R"({"report_interval":5,"podname":")" + name +
                       R"(","hostdate":"2026-11-21T01:32:23.4Z","nodename":"n","last_updated":)";
    record.json_tail =
        R"(,"nslookup":{},"resolvconf":{},"ips":{},"network_probes":[])" + mesh + "}";
    parts_.agents.with([&](AgentTable& table) { table.report(std::move(record), now()); });
  }
  void open_verdict(std::uint64_t id) {
    const VerdictRecord record{.id = id, .opened = WallClock::now(), .kind = "pod_network"};
    parts_.verdicts.with([&](VerdictPublisher& publisher) {
      publisher.show({record}, {});
      publisher.note(Type::kOpened, record);
    });
  }
  store::WriteStatus status() {
    return status_.with([](const store::WriteStatus& status) { return status; });
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.file("mesh.db");
  std::atomic<bool> fails_ = false;
  bool late_ = false;
  uv::Loop loop_;
  uv::Timer deadline_;
  KeptParts parts_;
  Guarded<store::WriteStatus> status_;
  std::optional<store::Worker> writer_;
  std::optional<Persistence> persistence_;
};

TEST_F(PersistenceTest, WritesWhatChangedForTheNextStart) {
  start();
  report("a");
  open_verdict(7);
  constexpr std::uint64_t kRows = 3;  // The agent, its label, the verdict.
  run_until([this] { return status().rows_written == kRows; });
  writer_.reset();  // Nobody says goodbye.
  KeptParts next;
  ASSERT_TRUE(next.open(path_));
  EXPECT_TRUE(next.holds("a"));
  EXPECT_EQ(next.verdicts.with([](VerdictPublisher& publisher) { return publisher.last_id(); }),
            7U);
}

TEST_F(PersistenceTest, RestoresNoAddressesWhereKubernetesListsThoseOfThePods) {
  start();
  report("a", R"(,"mesh":{"schema":1,"layer":"pod",)"
              R"("probing":{"addresses":["10.0.0.9"],"port":8862}})");
  constexpr std::uint64_t kRows = 2;
  run_until([this] { return status().rows_written == kRows; });
  close();
  KeptParts trusting;
  ASSERT_TRUE(trusting.open(path_));
  EXPECT_EQ(trusting.nodes(), 1U) << "without proof its own word is all there is";
  KeptParts careful;
  ASSERT_TRUE(careful.open(path_, /*principals_are_pods=*/true));
  EXPECT_TRUE(careful.holds("a"));
  EXPECT_EQ(careful.nodes(), 0U) << "until it reports again";
}

TEST_F(PersistenceTest, WritesAgainWhatCouldNotBeWritten) {
  start();
  fails_ = true;
  report("a");
  open_verdict(7);
  run_until([this] { return status().writes_failed > 0; });
  EXPECT_EQ(status().trouble, "the disk is full");
  EXPECT_EQ(status().rows_written, 0U);
  report("b");
  fails_ = false;
  constexpr std::uint64_t kRows = 4;
  run_until([this] { return status().rows_written == kRows; });
  EXPECT_EQ(status().trouble, "");
  close();
  KeptParts next;
  ASSERT_TRUE(next.open(path_));
  EXPECT_TRUE(next.holds("a"));
  EXPECT_TRUE(next.holds("b"));
}

TEST_F(PersistenceTest, WritesTheRestAtTheEndWithWhatIsUnderWay) {
  start();
  report("a");
  run_until([this] { return writer_->counters().waiting > 0; });
  report("b");
  close();
  EXPECT_FALSE(status().lost);
  KeptParts next;
  ASSERT_TRUE(next.open(path_));
  EXPECT_TRUE(next.holds("a"));
  EXPECT_TRUE(next.holds("b"));
}

TEST_F(PersistenceTest, SaysThatTheRestIsLost) {
  start();
  report("a");
  fails_ = true;
  close();
  EXPECT_TRUE(status().lost);
}

TEST_F(PersistenceTest, LosesNothingWhereNothingChanged) {
  start();
  fails_ = true;
  close();
  EXPECT_FALSE(status().lost);
}

}  // namespace
}  // namespace meshcheck::server
