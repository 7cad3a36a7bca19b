// The short name of an agent in episodes and in the names of the objects that it makes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meshcheck::sla {

// MurmurHash3, x86, 32 bits, which upmeter's agents make their names with. It is easy to find two
// nodes with the same hash.
std::uint32_t murmur_hash3(std::string_view bytes, std::uint32_t seed);

// Of the node's name, as upmeter's: lower-case hex without leading zeros.
std::string agent_id(std::string_view node);

}  // namespace meshcheck::sla
