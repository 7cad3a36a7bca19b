// Reports: foreign JSON from anybody who reaches the port. What is accepted prints as valid JSON
// that is accepted again and prints the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "mesh/report/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace meshcheck;
  static mesh::RecordParser parser;
  const auto parse = [](std::string body) {
    body.reserve(body.size() + 64);
    return parser.parse(body, "p");
  };
  const auto record = parse(std::string(reinterpret_cast<const char*>(data), size));
  if (!record) return 0;
  const WallTime time{};
  const auto again = parse(record->json(time));
  if (!again || again->json(time) != record->json(time)) std::abort();
  return 0;
}
