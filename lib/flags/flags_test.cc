#include "lib/flags/flags.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "lib/flags/log_flags.h"

namespace meshcheck::flags {
namespace {

using Arguments = std::vector<std::string>;

class FlagsTest : public testing::Test {
 protected:
  FlagsTest() {
    flags_.add("endpoint", endpoint_, "where to listen");
    flags_.add("interval", interval_, {1, 86400}, "seconds between reports");
    flags_.add("factor", factor_, {0.5, 10}, "how patient to be");
    flags_.add("kubeproxyinit", kube_, "ask Kubernetes");
    add_log_flags(flags_, log_);
  }

  std::string parse_error(const Arguments& arguments) {
    const auto exit = flags_.parse(arguments);
    if (!exit || exit->code != 2) return "no error";
    return exit->text.substr(0, exit->text.find('\n'));
  }
  // As a file of this test, removed with it.
  std::string file_with(const std::string& text) {
    std::string path = testing::TempDir() + "flags_test_" +
                       testing::UnitTest::GetInstance()->current_test_info()->name() + ".yaml";
    std::ofstream(path) << text;
    return path;
  }

  std::string endpoint_ = ":1";
  std::int64_t interval_ = 60;
  double factor_ = 2;
  bool kube_ = false;
  LogFlags log_;
  Flags flags_{"prog", "Does things."};
};

TEST_F(FlagsTest, TakesEverySpellingOfGo) {
  EXPECT_FALSE(flags_.parse(
      Arguments{"-endpoint", ":2", "-interval=7", "--factor", "1.5", "--v=5", "-kubeproxyinit"}));
  EXPECT_EQ(endpoint_, ":2");
  EXPECT_EQ(interval_, 7);
  EXPECT_EQ(factor_, 1.5);
  EXPECT_EQ(log_.verbosity, 5);
  EXPECT_TRUE(kube_);
  EXPECT_FALSE(flags_.parse(Arguments{"-interval=0x10"}));
  EXPECT_EQ(interval_, 16);
}

TEST_F(FlagsTest, LetsTheLastOfSeveralWin) {
  EXPECT_FALSE(flags_.parse(Arguments{"-kubeproxyinit", "-v", "-1", "-kubeproxyinit=f", "-v=2"}));
  EXPECT_FALSE(kube_);
  EXPECT_EQ(log_.verbosity, 2);
}

TEST_F(FlagsTest, TakesValuesThatLookLikeFlagsOrAreEmpty) {
  EXPECT_FALSE(flags_.parse(Arguments{"-v", "-3", "-endpoint", "-kubeproxyinit"}));
  EXPECT_EQ(log_.verbosity, -3);
  EXPECT_EQ(endpoint_, "-kubeproxyinit");
  EXPECT_FALSE(flags_.parse(Arguments{"-endpoint="}));
  EXPECT_EQ(endpoint_, "");
  EXPECT_FALSE(flags_.parse(Arguments{"-endpoint", "a b,[c]=\"d\""}));
  EXPECT_EQ(endpoint_, "a b,[c]=\"d\"");
}

TEST_F(FlagsTest, NamesTheFlagAndTheFix) {
  EXPECT_EQ(parse_error({"-interval=0"}),
            "prog: -interval: \"0\" is not a whole number from 1 to 86400");
  EXPECT_EQ(parse_error({"-interval", "5s"}),
            "prog: -interval: \"5s\" is not a whole number from 1 to 86400");
  EXPECT_EQ(parse_error({"-interval", ""}),
            "prog: -interval: \"\" is not a whole number from 1 to 86400");
  EXPECT_EQ(parse_error({"-interval", "99999999999999999999"}),
            "prog: -interval: \"99999999999999999999\" is not a whole number from 1 to 86400");
  EXPECT_EQ(parse_error({"-factor=x"}), "prog: -factor: \"x\" is not a number from 0.5 to 10");
  EXPECT_EQ(parse_error({"-factor=nan"}), "prog: -factor: \"nan\" is not a number from 0.5 to 10");
  EXPECT_EQ(parse_error({"-kubeproxyinit=2"}), "prog: -kubeproxyinit: \"2\" is not true or false");
  EXPECT_EQ(parse_error({"-log-format", "xml"}),
            "prog: -log-format: \"xml\" is not one of logfmt, json");
  EXPECT_EQ(parse_error({"-endpoint"}), "prog: -endpoint: a value is missing, a text");
  EXPECT_EQ(parse_error({"-kubeproxyinit", "false"}),
            "prog: unexpected argument \"false\"; write -kubeproxyinit=false");
  EXPECT_EQ(parse_error({"-endpiont", "x"}),
            "prog: unknown flag -endpiont; did you mean endpoint?");
  EXPECT_EQ(parse_error({"-zzzzzz"}), "prog: unknown flag -zzzzzz");
  EXPECT_EQ(parse_error({"-"}), "prog: unexpected argument \"-\"");
  EXPECT_EQ(parse_error({"--"}), "prog: unexpected argument \"--\"");
  EXPECT_EQ(parse_error({"-=x"}), "prog: unknown flag -");
}

TEST_F(FlagsTest, ShowsHelpWithDefaultsAndTheVersion) {
  for (const auto* spelling : {"-h", "-help", "--help"}) {
    const auto exit = flags_.parse(Arguments{spelling});
    ASSERT_TRUE(exit);
    EXPECT_EQ(exit->code, 0);
    EXPECT_NE(exit->text.find("-endpoint VALUE\n        where to listen (default \":1\")"),
              std::string::npos)
        << exit->text;
  }
  const auto exit = flags_.parse(Arguments{"-version"});
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->text, std::string("prog ") + MESHCHECK_VERSION + "\n");
}

TEST_F(FlagsTest, AcceptsGlogsFlagsAndListsThem) {
  EXPECT_FALSE(flags_.parse(
      Arguments{"-logtostderr", "-alsologtostderr=true", "-stderrthreshold", "2", "-vmodule=a=1"}));
  EXPECT_EQ(flags_.used_ignored(),
            (Arguments{"logtostderr", "alsologtostderr", "stderrthreshold", "vmodule"}));
  EXPECT_EQ(parse_error({"-logtostderr=maybe"}),
            "prog: -logtostderr: \"maybe\" is not true or false");
}

TEST_F(FlagsTest, ReadsAFileThatTheCommandLineOverrides) {
  const auto path = file_with("interval: 5\nendpoint: [a, b]\nkubeproxyinit: true\n");
  EXPECT_FALSE(flags_.parse(Arguments{"-interval", "9", "-config", path}));
  EXPECT_EQ(interval_, 9);
  EXPECT_EQ(endpoint_, "a,b");
  EXPECT_TRUE(kube_);
  std::remove(path.c_str());
}

TEST_F(FlagsTest, RefusesAFileThatIsNotFlat) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"endpoint: {b: 1}", "endpoint: a plain value or a list is expected"},
      {"endpoint: [[1]]", "endpoint: the list may hold plain values only"},
      {"endpoint:", "endpoint: a value is missing"},
      {"- a", "a mapping of flag names to values is expected"},
      {"[1]: 2", "line 1: a key must be a plain text"},
      {"interval: 1\ninterval: 2", "line 2: interval: given twice"},
  };
  for (const auto& [text, why] : cases) {
    const auto path = file_with(text + "\n");
    EXPECT_EQ(parse_error({"-config", path}), "prog: " + path + ": " + why);
  }
  const auto path = file_with("# nothing\n");
  EXPECT_FALSE(flags_.parse(Arguments{"-config", path}));
  std::remove(path.c_str());
}

TEST_F(FlagsTest, NamesTheFileAndTheKey) {
  const auto path = file_with("interval: soon\n");
  EXPECT_EQ(parse_error({"-config", path}),
            "prog: " + path + ": interval: \"soon\" is not a whole number from 1 to 86400");
  file_with("intervall: 5\n");
  EXPECT_EQ(parse_error({"-config", path}),
            "prog: " + path + ": intervall: unknown key; did you mean interval?");
  file_with("config: other.yaml\n");
  EXPECT_NE(parse_error({"-config", path}).find("config: unknown key"), std::string::npos);
  std::remove(path.c_str());
  EXPECT_EQ(parse_error({"-config", path}), "prog: " + path + ": open: No such file or directory");
}

}  // namespace
}  // namespace meshcheck::flags
