#include "meshctl/settings.h"

#include <gtest/gtest.h>

namespace meshcheck::meshctl {
namespace {

constexpr const char* kFile =
    "# mine\ncurrent: prod # for now\ncontexts:\n  prod:\n    server: https://a:8081\n"
    "    token-file: /t\n  lab: {server: 'http://b'}\n";

TEST(SettingsTest, ReadsContexts) {
  const auto file = parse_config_file(kFile);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->current, "prod");
  EXPECT_EQ((*context_of(*file, ""))->token_file, "/t");
  EXPECT_EQ((*context_of(*file, "lab"))->server, "http://b");
  EXPECT_EQ(parse_config_file("")->contexts.size(), 0U);
  EXPECT_FALSE(*context_of(*parse_config_file(""), ""));
}

TEST(SettingsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(parse_config_file("curent: x").error().message(), "line 1: unknown key curent");
  EXPECT_EQ(parse_config_file("contexts: {a: {token: x}}").error().message(),
            "a: line 1: unknown key token");
  EXPECT_FALSE(parse_config_file("contexts: {a: [1]}"));
  EXPECT_FALSE(parse_config_file("[1]"));
  const auto missing = context_of(*parse_config_file(kFile), "x");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message(), "no context x; there are lab, prod");
}

TEST(SettingsTest, ChangesTheCurrentContextAlone) {
  EXPECT_EQ(parse_config_file(with_current(kFile, "lab"))->current, "lab");
  EXPECT_EQ(with_current(kFile, "lab").substr(0, 20), "# mine\ncurrent: lab\n");
  EXPECT_EQ(with_current("contexts: {}\n", "yes"), "current: \"yes\"\ncontexts: {}\n");
}

TEST(SettingsTest, MixesNoServerWithAService) {
  const Settings context{.server = "https://a", .token_file = "/t", .ca_file = "/ca"};
  const Settings flags{.ca_file = "/other", .kube_namespace = "net"};
  const Settings both = merged(flags, context);
  EXPECT_EQ(both.server, "");
  EXPECT_EQ(both.token_file, "/t");
  EXPECT_EQ(both.ca_file, "/other");
  EXPECT_EQ(merged({}, context), context);
  EXPECT_EQ(merged({.kube_namespace = "net"}, {.kube_context = "c"}).kube_context, "c");
}

TEST(SettingsTest, TakesNoTokenToAnotherServer) {
  const Settings context{.server = "https://a", .token_file = "/t", .ca_file = "/ca"};
  EXPECT_EQ(merged({.server = "https://b"}, context), Settings{.server = "https://b"});
  EXPECT_EQ(merged({.kube_context = "b"}, context), Settings{.kube_context = "b"});
}

}  // namespace
}  // namespace meshcheck::meshctl
