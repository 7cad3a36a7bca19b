// Each command's documents in each format, as golden/NAME.txt has them. After a change that is
// meant, MESHCTL_GOLDEN_UPDATE=1 writes the files anew; their diff is then to be read.
#include <gtest/gtest.h>

#include <array>
#include <clocale>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "meshctl/check_document.h"
#include "meshctl/config_document.h"
#include "meshctl/heat_map.h"
#include "meshctl/mesh_grid_testing.h"
#include "meshctl/node_documents.h"
#include "meshctl/ping_document.h"
#include "meshctl/sla_documents.h"
#include "meshctl/verdict_document.h"
#include "meshctl/version.h"

namespace meshcheck::meshctl {
namespace {

const std::string kFolder = MESHCTL_GOLDEN;
constexpr std::array kFormats = {Format::kTable, Format::kWide, Format::kJson, Format::kYaml,
                                 Format::kName,  Format::kCsv,  Format::kJunit};
constexpr std::array kNames = {"table", "wide", "json", "yaml", "name", "csv", "junit"};

std::string read(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(kFolder + '/' + name, std::ios::binary).rdbuf();
  return text.str();
}

Json answer(const std::string& name) {
  auto parsed = parse_json(read("answers/" + name + ".json"));
  EXPECT_TRUE(parsed) << name;
  return *parsed;
}

class GoldenTest : public testing::Test {
 protected:
  GoldenTest() {
    setenv("TZ", "UTC", 1);
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }

  static WallTime now() { return *parse_wall_time("2026-11-30T02:00:00Z"); }

  static MeshGrid mesh() {
    const GridOfTest grid{.nodes = {"node-1", "node-2", "node-3"},
                          .zones = {"a", "a", "b"},
                          .cells = {{0, 1, 3}, {0, 2, 1}, {2, 0, 2}}};
    return *read_grids({grid.bytes()});
  }

  // With carriage returns as they are: they are part of CSV.
  static void expect(const std::string& name, const Document& document, const Style& style = {}) {
    std::string all;
    for (std::size_t i = 0; i < kFormats.size(); ++i) {
      const auto text = render(document, kFormats.at(i), style);
      all += std::string("$ -o ") + kNames.at(i) + '\n' +
             (text ? *text : "error: " + text.error().message() + '\n') + '\n';
    }
    const std::string file = name + ".txt";
    if (std::getenv("MESHCTL_GOLDEN_UPDATE") != nullptr) {
      std::ofstream(kFolder + '/' + file, std::ios::binary) << all;
    }
    EXPECT_EQ(all, read(file)) << name;
  }
};

TEST_F(GoldenTest, CheckThatIsFine) {
  expect("check_ok", check_document({.check = answer("check_ok"),
                                     .verdicts = answer("verdicts_none"),
                                     .agents = answer("agents")},
                                    {}, now()));
}

TEST_F(GoldenTest, CheckThatIsBroken) {
  expect("check_broken", check_document({.check = answer("check_broken"),
                                         .verdicts = answer("verdicts"),
                                         .agents = answer("agents")},
                                        {}, now()));
}

TEST_F(GoldenTest, CheckInColour) {
  const Style style{.colour = true};
  expect("check_colour",
         check_document({.check = answer("check_broken"), .verdicts = answer("verdicts")}, style,
                        now()),
         style);
}

TEST_F(GoldenTest, Verdicts) {
  expect("verdicts", verdicts_document(answer("verdicts"), now()));
}

TEST_F(GoldenTest, NoVerdicts) {
  expect("verdicts_none", verdicts_document(answer("verdicts_none"), now()));
}

TEST_F(GoldenTest, Agents) {
  expect("agents", agents_document(answer("agents"), answer("check_broken"), now()));
}

TEST_F(GoldenTest, Paths) {
  expect("paths", paths_document(answer("paths"), now()));
}

TEST_F(GoldenTest, Mtu) {
  expect("mtu", mtu_document(answer("mtu"), false));
}

TEST_F(GoldenTest, MtuOfANode) {
  expect("mtu_node", mtu_document(answer("mtu"), true));
}

TEST_F(GoldenTest, Ping) {
  expect("ping", ping_document(answer("ping")));
}

TEST_F(GoldenTest, PingThatWasNotSent) {
  expect("ping_refused", ping_document(answer("ping_refused")));
}

TEST_F(GoldenTest, Mesh) {
  expect("mesh", mesh_document(mesh(), {}, {.all_pairs = true}));
}

TEST_F(GoldenTest, MeshInColour) {
  const Style style{.colour = true};
  expect("mesh_colour", mesh_document(mesh(), style, {.all_pairs = true}), style);
}

TEST_F(GoldenTest, MeshOfANode) {
  expect("mesh_node", *mesh_row_document(mesh(), "node-1"));
}

TEST_F(GoldenTest, Sla) {
  expect("sla", sla_document(answer("sla")));
}

TEST_F(GoldenTest, Downtimes) {
  expect("downtimes", downtimes_document(answer("downtimes"), now()));
}

TEST_F(GoldenTest, OneDowntime) {
  expect("downtime", downtime_document(answer("downtimes").at("downtimes").at(0), now()));
}

TEST_F(GoldenTest, Config) {
  const auto file = parse_config_file(
      "current: prod\ncontexts:\n  prod: {kube-context: prod, token-file: /etc/token}\n"
      "  lab: {server: 'http://127.0.0.1:8081'}\n");
  ASSERT_TRUE(file);
  expect("config", config_document(*file));
}

TEST_F(GoldenTest, Version) {
  expect("version", version_document("0.1.0", "0.2.3"));
}

}  // namespace
}  // namespace meshcheck::meshctl
