#include "server/state.h"

#include <gtest/gtest.h>

#include "mesh/table/table_testing.h"

namespace meshcheck::server {
namespace {

using namespace std::chrono_literals;

class StateTest : public ::testing::Test {
 protected:
  // As POST does, but for the table of agents if `held` is false.
  void report(const std::string& name, Now time, bool held = true) {
    mesh::Record record;
    record.podname = name;
    record.report_interval = 5;
    if (held) {
      state_.table.with([&](AgentTable& table) { table.report(std::move(record), time); });
    }
    state_.mesh.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = name, .node = name, .report_interval = 5s}, mesh::testing::report_of(1),
                  time);
    });
  }

  std::size_t agents() {
    return state_.mesh.with([](const mesh::Mesh& mesh) {
      EXPECT_EQ(mesh.table.counts().agents, mesh.assigner.agents());
      return mesh.table.counts().agents;
    });
  }

  State state_{{}, 1};
};

TEST_F(StateTest, LetsWhoIsForgottenLeaveTheMesh) {
  report("a", now());
  report("b", now());
  state_.table.with([](AgentTable& table) { table.remove("a"); });
  EXPECT_EQ(agents(), 2U);
  pass_on_departures(state_);
  EXPECT_EQ(agents(), 1U);
  set_inventory(state_, Inventory{{{"a", "", "east"}}});
  EXPECT_EQ(agents(), 0U);
}

TEST_F(StateTest, DropsWhoIsInTheMeshAlone) {
  Now past = now();
  past.steady -= 1h;
  report("held", past);
  report("stray", past, false);
  report("new", now(), false);
  drop_strays(state_);
  EXPECT_EQ(agents(), 2U);
  EXPECT_FALSE(
      state_.mesh.with([](mesh::Mesh& mesh) { return mesh.table.find("stray") != nullptr; }));
}

}  // namespace
}  // namespace meshcheck::server
