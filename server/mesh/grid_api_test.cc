#include "server/mesh/grid_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mesh/table/table_testing.h"

namespace meshcheck::server {
namespace {

using mesh::PathState;

class GridAnswersTest : public ::testing::Test {
 protected:
  static http::Request request(const std::string& query = "", const std::string& etag = "") {
    http::Request request;
    request.method = http::Method::kGet;
    request.query = query;
    if (!etag.empty()) request.headers.emplace_back("If-None-Match", etag);
    return request;
  }
  static std::string body(http::Response response) {
    std::string body;
    if (!response.source) return response.body;
    while (response.source(body) == http::BodyStep::kMore) {
    }
    return body;
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return {};
  }
  void report(const std::string& name, std::size_t number, std::vector<mesh::ReportPath> paths) {
    auto report = mesh::testing::report_of(number);
    report.paths = std::move(paths);
    mesh_.with([&](mesh::Mesh& mesh) {
      mesh.report({.name = name,
                   .node = "node-" + name,
                   .report_interval = std::chrono::seconds(5),
                   .wall = {}},
                  report, clock_.now);
    });
  }

  std::optional<std::string> next(std::optional<std::uint64_t>& after) {
    auto event = grids_.listen(mesh::Layer::kPod, after);
    EXPECT_TRUE(event);
    return event ? event : "{}";
  }

  mesh::testing::TestClock clock_;
  Guarded<mesh::Mesh> mesh_{mesh::Mesh::Options{}};
  http::MemoryBudget memory_{1 << 20};
  GridAnswers grids_{mesh_, memory_, [this] { return clock_.now; }};
};

TEST_F(GridAnswersTest, NamesAGridByTheSameTagWhateverTheTime) {
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  const std::string first = header(grids_.answer(request()), "ETag");
  ASSERT_NE(first, "");
  // Texts of other lengths: a fraction of none to three digits.
  for (const int more_ms : {100, 10, 1, 889}) {
    clock_.pass(GridAnswers::kAgeMax + std::chrono::milliseconds(more_ms));
    report("a", 1, {});
    report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
    EXPECT_EQ(header(grids_.answer(request()), "ETag"), first) << more_ms;
  }
}

TEST_F(GridAnswersTest, MakesOneForAllWhoAskWithinFiveSeconds) {
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  const std::string first = body(grids_.answer(request()));
  EXPECT_NE(first.find("\"node-b\""), std::string::npos);
  report("b", 2, {mesh::testing::path_to("a", PathState::kDown)});
  clock_.pass(GridAnswers::kAgeMax);
  EXPECT_EQ(body(grids_.answer(request())), first);
  clock_.pass(std::chrono::milliseconds(1));
  EXPECT_NE(body(grids_.answer(request())), first);
  EXPECT_NE(body(grids_.answer(request("layer=host"))), first);
}

TEST_F(GridAnswersTest, SendsNothingToAReaderThatHasIt) {
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  const std::string etag = header(grids_.answer(request()), "ETag");
  const auto again = grids_.answer(request("", etag));
  EXPECT_EQ(again.status, 304);
  EXPECT_FALSE(again.source);
  EXPECT_EQ(header(again, "Vary"), "Accept-Encoding");
  // The time of another grid that says the same makes no other grid.
  clock_.pass(std::chrono::seconds(6));
  EXPECT_EQ(grids_.answer(request("", etag)).status, 304);
  report("b", 2, {mesh::testing::path_to("a", PathState::kDown)});
  clock_.pass(std::chrono::seconds(6));
  EXPECT_EQ(grids_.answer(request("", etag)).status, 200);
}

TEST_F(GridAnswersTest, IsCompressedForThoseWhoTakeThat) {
  http::Request gzip = request();
  gzip.headers.emplace_back("Accept-Encoding", "gzip, br");
  const auto response = grids_.answer(gzip);
  EXPECT_EQ(header(response, "Content-Encoding"), "gzip");
  EXPECT_EQ(body(response).substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(header(grids_.answer(request()), "Content-Encoding"), "");
}

TEST_F(GridAnswersTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(grids_.answer(request("layer=both")).status, 400);
  EXPECT_EQ(grids_.answer(request("layers=pod")).status, 400);
}

TEST_F(GridAnswersTest, ChargesWhatItHolds) {
  (void)grids_.answer(request());
  EXPECT_GT(memory_.held(), 0U);
}

TEST_F(GridAnswersTest, TellsWhoListensWhatChangedSinceTheGridThatItHas) {
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  EXPECT_FALSE(grids_.remember(clock_.now)) << "nobody listens";
  std::optional<std::uint64_t> after;
  EXPECT_EQ(grids_.listen(mesh::Layer::kPod, after), std::nullopt);
  const std::string first = header(grids_.answer(request()), "ETag");
  EXPECT_EQ(nlohmann::json::parse(*next(after))["etag"], first) << "the client reads it anyway";
  clock_.pass(GridAnswers::kMemoryPeriod);
  report("b", 2, {mesh::testing::path_to("a", PathState::kDown)});
  EXPECT_TRUE(grids_.remember(clock_.now));
  const auto answer = grids_.answer(request());
  const auto event = nlohmann::json::parse(*next(after));
  EXPECT_EQ(event["layer"], "pod");
  EXPECT_EQ(event["before"], first);
  EXPECT_EQ(event["etag"], header(answer, "ETag"));
  // From "node-b", the second, to "node-a": down, where is not known.
  EXPECT_EQ(event["cells"], nlohmann::json::parse("[[1,0,19,0,0,6]]"));
  EXPECT_EQ(grids_.listen(mesh::Layer::kPod, after), std::nullopt);
  // A grid that is made for a reader is told of too.
  clock_.pass(GridAnswers::kAgeMax + std::chrono::milliseconds(1));
  const auto later = grids_.answer(request());
  const auto same = nlohmann::json::parse(*next(after));
  EXPECT_EQ(same["before"], event["etag"]);
  EXPECT_EQ(same["etag"], header(later, "ETag"));
}

TEST_F(GridAnswersTest, HasWhoListensReadTheGridOfOtherNodes) {
  std::optional<std::uint64_t> after;
  (void)grids_.listen(mesh::Layer::kPod, after);
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  EXPECT_TRUE(grids_.remember(clock_.now));
  EXPECT_TRUE(nlohmann::json::parse(*next(after))["cells"].is_null());
  report("c", 3, {mesh::testing::path_to("a", PathState::kUp)});
  clock_.pass(GridAnswers::kMemoryPeriod);
  EXPECT_TRUE(grids_.remember(clock_.now));
  EXPECT_TRUE(nlohmann::json::parse(*next(after))["cells"].is_null());
}

TEST_F(GridAnswersTest, HasWhoListensReadTheGridWhenTooMuchChanged) {
  constexpr std::size_t kNodes = 47;  // 47 by 46 pairs are more than an event has.
  const auto report_all = [&](PathState state) {
    for (std::size_t from = 0; from < kNodes; ++from) {
      std::vector<mesh::ReportPath> paths;
      for (std::size_t to = 0; to < kNodes; ++to) {
        if (to != from) paths.push_back(mesh::testing::path_to(std::to_string(to), state));
      }
      report(std::to_string(from), from, std::move(paths));
    }
  };
  report_all(PathState::kUp);
  report_all(PathState::kUp);  // Now all know each other.
  std::optional<std::uint64_t> after;
  (void)grids_.listen(mesh::Layer::kPod, after);
  EXPECT_TRUE(grids_.remember(clock_.now));
  (void)next(after);
  report_all(PathState::kDown);
  clock_.pass(GridAnswers::kMemoryPeriod);
  EXPECT_TRUE(grids_.remember(clock_.now));
  EXPECT_TRUE(nlohmann::json::parse(*next(after))["cells"].is_null());
}

TEST_F(GridAnswersTest, MakesNoGridsWhenNobodyHasListenedForAMinute) {
  std::optional<std::uint64_t> after;
  (void)grids_.listen(mesh::Layer::kPod, after);
  clock_.pass(std::chrono::minutes(1));
  EXPECT_TRUE(grids_.remember(clock_.now));
  clock_.pass(std::chrono::milliseconds(1));
  EXPECT_FALSE(grids_.remember(clock_.now));
}

TEST_F(GridAnswersTest, HasTheStatesOfAPastTime) {
  const auto at = [&](Clock::duration age) {
    return request("at=" + format_rfc3339(clock_.now.wall - age));
  };
  EXPECT_EQ(grids_.answer(at({})).status, 404);
  report("a", 1, {});
  report("b", 2, {mesh::testing::path_to("a", PathState::kDown)});
  grids_.remember(clock_.now);
  const auto was = grids_.answer(at({}));
  EXPECT_EQ(was.status, 200);
  clock_.pass(GridAnswers::kMemoryPeriod);
  report("b", 2, {mesh::testing::path_to("a", PathState::kUp)});
  grids_.remember(clock_.now);
  const std::string before = body(grids_.answer(at(std::chrono::seconds(5))));
  EXPECT_NE(before.find("\"at\":\""), std::string::npos);
  // One path of "b", the second row: down, where is not known; no sizes, round trips or losses.
  EXPECT_EQ(before.substr(before.size() - 4), (std::string{19, 0, 0, 0}));
  EXPECT_EQ(body(grids_.answer(at({}))).substr(before.size() - 4), (std::string{1, 0, 0, 0}));
  EXPECT_EQ(grids_.answer(at(std::chrono::seconds(11))).status, 404);
  EXPECT_EQ(grids_.answer(at(std::chrono::seconds(-1))).status, 400);
  EXPECT_EQ(grids_.answer(request("at=1678-01-01T00:00:00Z")).status, 404);
}

}  // namespace
}  // namespace meshcheck::server
