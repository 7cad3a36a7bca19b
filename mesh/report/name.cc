#include "mesh/report/name.h"

#include <algorithm>
#include <string>

namespace meshcheck::mesh {

Result<void> check_text(std::string_view text, std::string_view what) {
  if (text.size() > kNameSizeMax) {
    return Error(std::string(what) + " is longer than " + std::to_string(kNameSizeMax) + " bytes");
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control) return Error(std::string(what) + " has a control character");
  return {};
}

Result<void> check_name(std::string_view name, std::string_view what) {
  if (name.empty()) return Error(std::string(what) + " is empty");
  // A client takes these out of a path, and would ask for another agent or none.
  if (name == "." || name == "..") return Error(std::string(what) + " is '.' or '..'");
  if (name.find('/') != std::string_view::npos) return Error(std::string(what) + " has a '/'");
  return check_text(name, what);
}

}  // namespace meshcheck::mesh
