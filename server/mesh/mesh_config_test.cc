#include "server/mesh/mesh_config.h"

#include <gtest/gtest.h>

namespace meshcheck::server {
namespace {

TEST(MeshConfigTest, NamesBothFlagsThatDoNotGoTogether) {
  MeshConfig config;
  EXPECT_TRUE(config.check());
  config.degree = 21;
  EXPECT_EQ(config.check().error().message(),
            "-mesh-full-max 50 is too small for -mesh-degree 21: it has to be at least 2.5 times "
            "as much, 53");
  config.full_max = 53;
  EXPECT_TRUE(config.check());
  config.unauthenticated = true;
  config.key_file = "x";
  EXPECT_EQ(config.check().error().message(),
            "-mesh-unauthenticated and -mesh-key-file: give one of them");
}

TEST(MeshConfigTest, HandsTargetsAndSettingsOn) {
  MeshConfig config;
  config.target_texts.ping = "10.0.0.1, gateway.example";
  config.target_texts.tcp_ping = "10.0.0.1:80";
  config.probe_interval_ms = 500;
  ASSERT_TRUE(config.check());
  const mesh::Mesh::Options options = config.options(3);
  EXPECT_EQ(options.assigner.targets.ping.size(), 2U);
  EXPECT_EQ(options.assigner.targets.tcp_ping.size(), 1U);
  EXPECT_EQ(options.assigner.probe.interval, std::chrono::milliseconds(500));
  EXPECT_EQ(options.table.rules.outdated_factor, 3);
  config.target_texts.tcp_ping = "no-port";
  EXPECT_TRUE(config.check().error().message().starts_with("-tcpPing: "));
}

TEST(MeshConfigTest, SaysWhoDecidesAboutTheKey) {
  MeshConfig config;
  EXPECT_FALSE(*mesh_key_of(config)) << "the database or chance";
  config.unauthenticated = true;
  EXPECT_EQ(**mesh_key_of(config), "");
  config = {};
  config.key_file = "/nowhere/key";
  EXPECT_TRUE(mesh_key_of(config).error().message().starts_with("-mesh-key-file: /nowhere/key: "));
}

}  // namespace
}  // namespace meshcheck::server
