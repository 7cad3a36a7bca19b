#include "mesh/sla/check_list.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "lib/base/duration.h"

namespace meshcheck::sla {
namespace {

using nlohmann::json;

std::string at(std::string_view key, std::size_t index) {
  return std::string(key) + "[" + std::to_string(index) + "]";
}

// Errors here begin with the key, or with a colon if they are of the very object; this way they
// become "groups[0].probes[2].period: what".
Error inside(const std::string& place, const Error& error) {
  const bool itself = error.message().starts_with(':');
  return Error(place + (itself ? "" : ".") + error.message());
}

Result<void> check_keys(const json& object, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return Error(": an object is wanted");
  for (const auto& item : object.items()) {
    const bool is_known = std::ranges::find(known, item.key()) != known.end();
    if (!is_known) return Error("unknown key").within(item.key());
  }
  return {};
}

// An empty list if the key is absent.
Result<const json*> list_of(const json& object, const char* key) {
  static const json none = json::array();
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return &none;
  if (!found->is_array()) return Error("a list is wanted").within(key);
  return &*found;
}

Result<std::string> name_of(const json& object, const char* key) {
  const auto found = object.find(key);
  const bool good =
      found != object.end() && found->is_string() && is_name(found->get_ref<const std::string&>());
  if (!good) return Error("1 to 128 of letters, digits, '-', '_' and '.'").within(key);
  auto name = found->get<std::string>();
  if (name.starts_with("__")) return Error("names that begin with __ are taken").within(key);
  return name;
}

Result<Milliseconds> time_of(const json& object, const char* key, DurationRange range,
                             Milliseconds absent) {
  const auto found = object.find(key);
  if (found == object.end()) return absent;
  const std::string text = found->is_string()   ? found->get<std::string>()
                           : found->is_number() ? found->dump()
                                                : "";
  const auto time = parse_duration(text, range);
  if (!time) return time.error().within(key);
  return *time;
}

Result<void> read_group_keys(const json& group, CheckSpec& spec) {
  if (const auto agents = group.find("agents"); agents != group.end()) {
    const auto number = agents->is_number_unsigned() ? agents->get<std::uint64_t>() : 0;
    if (*agents == "all") {
      spec.agents.reset();
    } else if (number >= 1 && number <= kAgentsMax) {
      spec.agents = static_cast<std::uint32_t>(number);
    } else {
      return Error("1 to 8, or all").within("agents");
    }
  }
  if (const auto layer = group.find("layer"); layer != group.end()) {
    if (*layer == "pod") {
      spec.layer = CheckLayer::kPod;
    } else if (*layer == "host") {
      spec.layer = CheckLayer::kHost;
    } else if (*layer == "both") {
      spec.layer = CheckLayer::kBoth;
    } else {
      return Error("pod, host or both").within("layer");
    }
  }
  return {};
}

// All of `spec` but what is its group's and probe's.
Result<void> read_check(const json& check, CheckSpec& spec) {
  const auto checker = check.find("checker");
  if (checker == check.end() || !checker->is_string()) {
    return Error("the name of a checker is wanted").within("checker");
  }
  spec.checker = checker->get<std::string>();
  const auto period = time_of(check, "period", {kPeriodMin, kPeriodMax}, kPeriodDefault);
  if (!period) return period.error();
  spec.period = *period;
  const auto timeout = time_of(check, "timeout", {kTimeoutMin, kTimeoutMax},
                               std::clamp(*period, kTimeoutDefaultMin, kTimeoutDefault));
  if (!timeout) return timeout.error();
  spec.timeout = *timeout;
  const auto grace = time_of(check, "grace", {Milliseconds(0), kGraceMax}, Milliseconds(0));
  if (!grace) return grace.error();
  spec.grace = *grace;
  const auto with = check.find("with");
  if (with == check.end()) return {};
  if (!with->is_object()) return Error("an object is wanted").within("with");
  spec.with = *with;
  return {};
}

Result<void> read_probe(const json& probe, CheckSpec spec, std::vector<CheckSpec>& checks) {
  const bool several = probe.is_object() && probe.contains("checks");
  auto known = several
                   ? check_keys(probe, {"name", "checks"})
                   : check_keys(probe, {"name", "checker", "period", "timeout", "grace", "with"});
  if (!known) return known;
  auto name = name_of(probe, "name");
  if (!name) return name.error();
  spec.ref.probe = *std::move(name);
  if (!several) {
    if (auto read = read_check(probe, spec); !read) return read;
    checks.push_back(std::move(spec));
    return {};
  }
  const auto list = list_of(probe, "checks");
  if (!list) return list.error();
  if ((*list)->empty()) return Error("at least one is wanted").within("checks");
  std::set<std::string> names;
  for (const json& check : **list) {
    const std::string place = at("checks", names.size());
    const auto keys = check_keys(check, {"name", "checker", "period", "timeout", "grace", "with"});
    if (!keys) return inside(place, keys.error());
    auto check_name = name_of(check, "name");
    if (!check_name) return inside(place, check_name.error());
    if (!names.insert(*check_name).second) return inside(place, Error("name: given twice"));
    CheckSpec one = spec;
    one.name = *std::move(check_name);
    if (auto read = read_check(check, one); !read) return inside(place, read.error());
    checks.push_back(std::move(one));
  }
  return {};
}

Result<std::string> read_group(const json& group, std::vector<CheckSpec>& checks) {
  if (auto known = check_keys(group, {"name", "agents", "layer", "probes"}); !known) {
    return known.error();
  }
  CheckSpec spec;
  auto name = name_of(group, "name");
  if (!name) return name;
  spec.ref.group = *name;
  if (auto read = read_group_keys(group, spec); !read) return read.error();
  const auto probes = list_of(group, "probes");
  if (!probes) return probes.error();
  std::set<std::string> names;
  for (const json& probe : **probes) {
    const std::string place = at("probes", names.size());
    const std::size_t first = checks.size();
    if (auto read = read_probe(probe, spec, checks); !read) return inside(place, read.error());
    if (!names.insert(checks[first].ref.probe).second) {
      return inside(place, Error("name: given twice"));
    }
    if (checks.size() > kChecksMax) return inside(place, Error(": more than 200 checks"));
  }
  return name;
}

// "group", "group/" or "group/probe".
Result<std::vector<ProbeRef>> read_disabled(const json& root) {
  const auto list = list_of(root, "disabled");
  if (!list) return list.error();
  std::vector<ProbeRef> refs;
  for (const json& item : **list) {
    const std::string text = item.is_string() ? item.get<std::string>() : "";
    const auto slash = std::min(text.find('/'), text.size());
    ProbeRef ref{text.substr(0, slash), text.substr(std::min(slash + 1, text.size()))};
    if (!is_name(ref.group) || (!ref.probe.empty() && !is_name(ref.probe))) {
      return Error("group or group/probe is wanted").within(at("disabled", refs.size()));
    }
    refs.push_back(std::move(ref));
  }
  return refs;
}

}  // namespace

Result<std::vector<CheckSpec>> parse_check_list(const json& root) {
  if (!root.is_object()) return Error("a mapping with the key groups is wanted");
  if (auto known = check_keys(root, {"disabled", "groups"}); !known) return known.error();
  const auto disabled = read_disabled(root);
  if (!disabled) return disabled.error();
  const auto groups = list_of(root, "groups");
  if (!groups) return groups.error();
  std::vector<CheckSpec> checks;
  std::set<std::string> names;
  for (const json& group : **groups) {
    const std::string place = at("groups", names.size());
    auto name = read_group(group, checks);
    if (!name) return inside(place, name.error());
    if (!names.insert(*std::move(name)).second) return inside(place, Error("name: given twice"));
  }
  std::erase_if(checks, [&](const CheckSpec& check) {
    return std::ranges::any_of(*disabled, [&](const ProbeRef& ref) {
      return ref.group == check.ref.group && (ref.probe.empty() || ref.probe == check.ref.probe);
    });
  });
  return checks;
}

}  // namespace meshcheck::sla
