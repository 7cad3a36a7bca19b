#include "mesh/sla/episode.h"

#include <algorithm>

namespace meshcheck::sla {
namespace {

bool is_name_character(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '-' || character == '_' ||
         character == '.';
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameSizeMax &&
         std::ranges::all_of(text, is_name_character);
}

Seconds floor_to(Seconds time, std::chrono::seconds length) {
  const auto since = time.time_since_epoch();
  auto rest = since % length;
  if (rest < std::chrono::seconds(0)) rest += length;
  return time - rest;
}

}  // namespace meshcheck::sla
