#include "mesh/table/mesh_grid.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mesh/table/table_testing.h"

namespace meshcheck::mesh {
namespace {

using testing::path_to;
using testing::report_of;

// What a reader makes of the bytes.
struct ReadGrid {
  explicit ReadGrid(const std::string& bytes) {
    const std::size_t end = bytes.find('\n') + 1;
    header = nlohmann::json::parse(bytes.substr(0, end));
    const std::size_t nodes = header["nodes"].size();
    const std::size_t cells = header["cells"];
    EXPECT_EQ(end % 4, 0U);
    EXPECT_EQ(bytes.size(), end + 4 * nodes + 6 * cells);
    const auto byte = [&](std::size_t at) -> unsigned {
      return static_cast<std::uint8_t>(bytes[end + at]);
    };
    std::size_t cell = 0;
    for (std::size_t from = 0; from < nodes; ++from) {
      const std::size_t row_end = byte(4 * from) | byte(4 * from + 1) << 8U;
      for (; cell < row_end; ++cell) {
        const std::size_t to = 4 * nodes + 2 * cell;
        const std::size_t columns = 4 * nodes + 2 * cells + cell;
        const std::string name = header["nodes"][from].get<std::string>() + " " +
                                 header["nodes"][byte(to) | byte(to + 1) << 8U].get<std::string>();
        const unsigned state = byte(columns);
        const unsigned sizes = byte(columns + cells);
        cell_of[name] = header["states"][state & 3U].get<std::string>() + " " +
                        header["directions"][state >> 2U].get<std::string>() + " " +
                        header["classes"][sizes & 15U].get<std::string>() + " " +
                        header["classes"][sizes >> 4U].get<std::string>() + " " +
                        std::to_string(byte(columns + 2 * cells)) + " " +
                        std::to_string(byte(columns + 3 * cells));
      }
    }
  }

  nlohmann::json header;
  std::map<std::string, std::string> cell_of;
};

class MeshGridTest : public ::testing::Test {
 protected:
  void report(const std::string& name, std::size_t number, std::vector<ReportPath> paths) {
    ProbingReport report = report_of(number, Layer::kPod);
    report.paths = std::move(paths);
    mesh_.report({.name = name,
                  .node = "node-" + name,
                  .report_interval = std::chrono::seconds(5),
                  .wall = {}},
                 report, clock_.now);
  }

  ReadGrid read(Layer layer = Layer::kPod) {
    MeshGrid grid(layer);
    mesh_.table.visit("", 1000, clock_.now, [&](const PathView& path) {
      grid.add(path, path.from_name == "b" ? "zone-0" : "zone-1");
    });
    return ReadGrid(grid.write("2026-11-21T00:00:00Z"));
  }

  testing::TestClock clock_;
  Mesh mesh_{{}};
};

TEST_F(MeshGridTest, HasTheNodesByZoneAndAPairInOnePlace) {
  report("a", 1, {path_to("b", PathState::kUp)});
  report("b", 2, {path_to("a", PathState::kUp)});
  const ReadGrid grid = read();
  EXPECT_EQ(grid.header["nodes"], nlohmann::json({"node-b", "node-a"}));
  EXPECT_EQ(grid.header["zones"], nlohmann::json({"zone-0", "zone-1"}));
  EXPECT_EQ(grid.header["layer"], "pod");
  // 101 us are between the second bound, 71, and the fourth, 141.
  EXPECT_EQ(grid.cell_of,
            (std::map<std::string, std::string>{{"node-a node-b", "up none unknown unknown 4 1"},
                                                {"node-b node-a", "up none unknown unknown 4 1"}}));
}

TEST_F(MeshGridTest, ShowsTheWorseOfTwoPathsOfAPair) {
  ReportPath ipv6 = path_to("b", PathState::kDown);
  ipv6.family = PathFamily::kIpv6;
  report("b", 2, {});
  report("a", 1, {ipv6, path_to("b", PathState::kUp)});
  const ReadGrid grid = read();
  EXPECT_EQ(grid.cell_of.at("node-a node-b").substr(0, 5), "down ");
  // 10 of 60 were lost.
  EXPECT_EQ(grid.cell_of.at("node-a node-b").back(), '6');
}

TEST_F(MeshGridTest, LeavesOutWhatHasNoPlaceInIt) {
  ReportPath gateway = path_to("10.0.0.1", PathState::kDown);
  gateway.relation = Relation::kGateway;
  report("a", 1, {gateway, path_to("nobody", PathState::kUnknown)});
  EXPECT_EQ(read().cell_of.size(), 0U);
  EXPECT_EQ(read(Layer::kHost).header["nodes"].size(), 0U);
}

TEST_F(MeshGridTest, DoesNotSayZeroWhereNothingWasMeasured) {
  ReportPath fresh = path_to("b", PathState::kUnknown);
  fresh.summary.sent = 0;
  report("b", 2, {});
  report("a", 1, {fresh});
  EXPECT_EQ(read().cell_of.at("node-a node-b"), "unknown none unknown unknown 0 0");
}

TEST(MeshGridLevelsTest, GoUpByHalfAnOctave) {
  EXPECT_EQ(rtt_bound(1).count(), 50);
  EXPECT_EQ(rtt_bound(2).count(), 71);
  EXPECT_EQ(rtt_bound(kRttLevels).count(), 6'553'600);
}

}  // namespace
}  // namespace meshcheck::mesh
