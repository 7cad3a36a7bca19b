#include "lib/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lib/base/guarded.h"

namespace meshcheck {
namespace {

Result<int> parse_port(const std::string& text) {
  if (text.empty()) return Error("port is empty");
  return std::stoi(text);
}

TEST(ResultTest, HoldsAValueOrAnError) {
  EXPECT_EQ(*parse_port("8081"), 8081);
  EXPECT_EQ(parse_port("").error().message(), "port is empty");
  EXPECT_EQ(parse_port("").value_or(1), 1);
}

TEST(ResultTest, MovesAValueThatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(3));
  const std::unique_ptr<int> moved = *std::move(result);
  EXPECT_EQ(*moved, 3);
}

TEST(ResultTest, OfVoidIsSuccessUnlessToldOtherwise) {
  EXPECT_TRUE(Result<void>().has_value());
  EXPECT_EQ(Result<void>(Error("disk full")).error().within("store").message(), "store: disk full");
}

TEST(ErrorTest, NamesTheActionAndTheReason) {
  EXPECT_EQ(Error::from_errno("open /x", ENOENT).message(), "open /x: No such file or directory");
}

TEST(ErrorTest, IsTheSameSortOfErrorInEveryContext) {
  EXPECT_EQ(Error::from_errno("open /x", EMFILE).within("store").error_number(), EMFILE);
  EXPECT_EQ(Error("gone", Error::Kind::kNotFound).within("a").within("b").kind(),
            Error::Kind::kNotFound);
  EXPECT_EQ(Error("bad").kind(), Error::Kind::kOther);
  EXPECT_EQ(Error("bad").error_number(), 0);
}

TEST(GuardedTest, HandsOutItsValueOnlyInsideACall) {
  Guarded<std::string> text("a");
  text.with([](std::string& value) { value += "b"; });
  EXPECT_EQ(text.with([](const std::string& value) { return value; }), "ab");
}

}  // namespace
}  // namespace meshcheck
