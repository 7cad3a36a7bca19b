#include "server/agents/membership.h"

#include <gtest/gtest.h>

#include "mesh/table/table_testing.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class MembershipTest : public ::testing::Test {
 protected:
  // As POST does, but for the table of agents if `held` is false.
  void report(const std::string& name, Now time, bool held = true) {
    mesh::Record record;
    record.podname = name;
    record.report_interval = 5;
    if (held) {
      table_.with([&](AgentTable& table) { table.report(std::move(record), time); });
    }
    mesh_.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = name, .node = name, .report_interval = 5s}, mesh::testing::report_of(1),
                  time);
    });
  }

  std::size_t agents() {
    return mesh_.with([](const mesh::Mesh& mesh) {
      EXPECT_EQ(mesh.table.counts().agents, mesh.assigner.agents());
      return mesh.table.counts().agents;
    });
  }

  Guarded<AgentTable> table_{AgentTable::Options()};
  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options()};
  Membership membership_{table_, mesh_};
};

TEST_F(MembershipTest, LetsWhoIsForgottenLeaveTheMesh) {
  report("a", now());
  report("b", now());
  table_.with([](AgentTable& table) { table.remove("a"); });
  EXPECT_EQ(agents(), 2U);
  membership_.count_missed_reports(now());
  EXPECT_EQ(agents(), 1U);
  membership_.set_inventory(Inventory{{{"a", "", "east"}}});
  EXPECT_EQ(agents(), 0U);
}

TEST_F(MembershipTest, DropsWhoIsInTheMeshAlone) {
  Now past = now();
  past.steady -= 30min;
  report("held", past);
  report("stray", past, false);
  report("new", now(), false);
  membership_.count_missed_reports(now());
  EXPECT_EQ(agents(), 2U);
  EXPECT_FALSE(mesh_.with([](mesh::Mesh& mesh) { return mesh.table.find("stray") != nullptr; }));
}

}  // namespace
}  // namespace meshcheck::server
