// Makes the checks of each kind. doc/reference/checks.md has their keys.
#pragma once

#include <memory>

#include "checks/context.h"
#include "lib/base/result.h"

namespace meshcheck::checks {

// Each takes the object under `with`; an error begins with the key. All are on the context's loop,
// and may be destroyed at any time.
using Made = Result<std::unique_ptr<Check>>;

Made make_http_check(Context& context, const sla::CheckSpec& spec);
Made make_tcp_check(Context& context, const sla::CheckSpec& spec);
Made make_dns_check(Context& context, const sla::CheckSpec& spec);
Made make_icmp_check(Context& context, const sla::CheckSpec& spec);
Made make_path_check(Context& context, const sla::CheckSpec& spec);
Made make_command_check(Context& context, const sla::CheckSpec& spec);

}  // namespace meshcheck::checks
