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

TEST(SettingsTest, FillsWhatIsNotGiven) {
  const Settings context{.token_file = "/t", .ca_file = "/ca", .kube_context = "c"};
  const Settings both = over_context({.ca_file = "/other", .kube_namespace = "net"}, context);
  EXPECT_EQ(
      both,
      (Settings{
          .token_file = "/t", .ca_file = "/other", .kube_context = "c", .kube_namespace = "net"}));
  EXPECT_EQ(over_context({}, context), context);
}

TEST(SettingsTest, TakesNoTokenToAnotherServer) {
  const Settings context{.server = "https://a", .token_file = "/t", .ca_file = "/ca"};
  for (const Settings& first : {Settings{.server = "https://b"}, Settings{.kube_context = "b"},
                                Settings{.kube_namespace = "net"}}) {
    EXPECT_EQ(over_context(first, context), first);
    EXPECT_EQ(over_environment(first, context), first);
  }
  EXPECT_EQ(over_context({.server = "https://b"}, {.token_file = "/t"}).token_file, "");
}

TEST(SettingsTest, AFlagWinsOverTheEnvironment) {
  const Settings server{.server = "https://a"};
  const Settings cluster{.kube_context = "c", .kube_namespace = "net"};
  EXPECT_EQ(over_environment(cluster, server), cluster);
  EXPECT_EQ(over_environment(server, cluster), server);
  EXPECT_EQ(over_environment({}, server), server);
  EXPECT_EQ(over_environment(server, {.token_file = "/t"}).token_file, "/t");
  EXPECT_EQ(over_environment({.kube_context = "c"}, {.kube_namespace = "net"}), cluster);
}

TEST(SettingsTest, ReadsTheEnvironment) {
  const auto variables = [](const char* name) {
    return std::string(name) == "MESHCTL_NAMESPACE" ? "net" : std::string();
  };
  EXPECT_EQ(settings_of_environment(variables), Settings{.kube_namespace = "net"});
  EXPECT_STREQ(variable_of(&Settings::kube_namespace), "MESHCTL_NAMESPACE");
}

}  // namespace
}  // namespace meshcheck::meshctl
