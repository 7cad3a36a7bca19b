#include "meshctl/place.h"

#include <gtest/gtest.h>

#include "meshctl/port_forward.h"

namespace meshcheck::meshctl {
namespace {

const Surroundings kAll{.service_host = "10.96.0.7",
                        .service_port = "8081",
                        .lab_urls = {"http://127.0.0.1:9000"},
                        .kubeconfig = true};

TEST(PlaceTest, TakesTheServerThatIsNamed) {
  const auto place = choose_place({.server = "host:8081/"}, kAll);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->url, "http://host:8081");
  EXPECT_EQ(choose_place({.server = "https://host"}, kAll)->url, "https://host");
}

TEST(PlaceTest, ForwardsAPortToAServiceThatIsNamed) {
  const auto place = choose_place({.kube_namespace = "net"}, kAll);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->url, "");
  EXPECT_EQ(place->kube_namespace, "net");
  EXPECT_EQ(place->service, "meshcheck-server");
}

TEST(PlaceTest, TakesTheClusterThenALabThenAKubeconfig) {
  Surroundings around = kAll;
  EXPECT_EQ(choose_place({}, around)->url, "https://meshcheck-server:8081");
  EXPECT_EQ(choose_place({}, around)->address->text(), "10.96.0.7");
  around.service_host.clear();
  EXPECT_EQ(choose_place({}, around)->url, "http://127.0.0.1:9000");
  EXPECT_TRUE(choose_place({}, around)->lab);
  EXPECT_FALSE(choose_place({.server = "http://127.0.0.1:9000"}, around)->lab);
  around.lab_urls.clear();
  EXPECT_EQ(choose_place({}, around)->url, "");
  EXPECT_EQ(choose_place({}, around)->kube_namespace, "meshcheck");
  around.kubeconfig = false;
  EXPECT_FALSE(choose_place({}, around));
}

TEST(PlaceTest, ChoosesNotAmongLabs) {
  const auto place = choose_place({}, {.lab_urls = {"http://a:1", "http://b:2"}});
  ASSERT_FALSE(place);
  EXPECT_NE(place.error().message().find("http://a:1 http://b:2"), std::string::npos);
}

TEST(PlaceTest, ReadsThePortOutOfKubectlsWords) {
  EXPECT_EQ(forwarded_port("Forwarding from 127.0.0.1:40123 -> 8081"), 40123);
  EXPECT_EQ(forwarded_port("Forwarding from [::1]:40123 -> 8081"), std::nullopt);
  EXPECT_EQ(forwarded_port("Forwarding from 127.0.0.1:0 -> 1"), std::nullopt);
  EXPECT_EQ(forwarded_port("Forwarding from 127.0.0.1:99999 -> 1"), std::nullopt);
  EXPECT_EQ(forwarded_port("error: no such service"), std::nullopt);
}

}  // namespace
}  // namespace meshcheck::meshctl
