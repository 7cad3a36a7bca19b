#include "checks/factory.h"

#include <array>
#include <string_view>

namespace meshcheck::checks {
namespace {

struct Checker {
  std::string_view name;
  Made (*make)(Context& context, const sla::CheckSpec& spec);
};
constexpr std::array<Checker, 6> kCheckers = {{{"http", make_http_check},
                                               {"tcp", make_tcp_check},
                                               {"dns", make_dns_check},
                                               {"icmp", make_icmp_check},
                                               {"path", make_path_check},
                                               {"command", make_command_check}}};

}  // namespace

Made make_check(Context& context, const sla::CheckSpec& spec) {
  for (const Checker& checker : kCheckers) {
    if (checker.name != spec.checker) continue;
    auto made = checker.make(context, spec);
    if (!made) return made.error().within(spec.text());
    return made;
  }
  if (!context.make_other) {
    return Error("there is no checker " + spec.checker).within(spec.text());
  }
  auto made = context.make_other(spec);
  if (!made) return made.error().within(spec.text());
  return made;
}

}  // namespace meshcheck::checks
