// meshctl completion, and what its stubs ask.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <set>

#include "meshctl/command.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr const char* kServerTime = "300ms";

constexpr const char* kBash =
    R"(# bash completion for meshctl. In ~/.bashrc: source <(meshctl completion bash)
_meshctl() {
  mapfile -t COMPREPLY < <(meshctl __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _meshctl meshctl
)";

constexpr const char* kZsh = R"(#compdef meshctl
# zsh completion for meshctl. In ~/.zshrc, behind compinit: source <(meshctl completion zsh)
_meshctl() {
  local -a candidates
  candidates=("${(@f)$(meshctl __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n $candidates ]] && compadd -- $candidates
}
# As a file in fpath it is called at the first Tab; sourced it announces itself.
if [[ $funcstack[1] == _meshctl ]]; then _meshctl "$@"; else compdef _meshctl meshctl; fi
)";

constexpr const char* kFish =
    R"(# fish completion for meshctl: meshctl completion fish >~/.config/fish/completions/meshctl.fish
function __meshctl_complete
    set -l words (commandline -opc) (commandline -ct)
    meshctl __complete -- $words[2..-1] 2>/dev/null
end
complete -c meshctl -f -a '(__meshctl_complete)'
)";

class Completion : public Command {
 public:
  explicit Completion(CLI::App& parent)
      : Command(parent, "completion", "A shell's stub for the Tab key") {
    add("SHELL", shell_, "bash, zsh or fish").required().one_of({"bash", "zsh", "fish"});
  }

  int run(Program&) override {
    const char* const stub = shell_ == "bash" ? kBash : shell_ == "zsh" ? kZsh : kFish;
    return Program::write(stub) ? kFine : kUnknown;
  }

 private:
  std::string shell_;
};

// What can stand on a command line without quotes. Names come from the network, and a shell would
// run the rest.
bool is_safe(const std::string& word) {
  return !word.empty() && word.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._/:@%+=,") == std::string::npos;
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

// The command that the words reach, and the flag that still wants its value, if any.
struct Reached {
  const CLI::App* app;
  const CLI::Option* flag = nullptr;
  std::size_t positionals = 0;
};

Reached walk(const CLI::App& cli, const std::vector<std::string>& words) {
  Reached at{.app = &cli};
  for (const std::string& word : words) {
    if (std::exchange(at.flag, nullptr) != nullptr) continue;
    if (word.rfind('-', 0) == 0) {
      for (const CLI::App* app = at.app; app != nullptr; app = app->get_parent()) {
        const CLI::Option* const option = app->get_option_no_throw(word);
        if (option == nullptr) continue;
        if (takes_value(*option)) at.flag = option;
        break;
      }
      continue;
    }
    const auto named =
        at.app->get_subcommands([&](const CLI::App* app) { return app->get_name() == word; });
    if (named.empty()) {
      ++at.positionals;
    } else {
      at.app = named.front();
    }
  }
  return at;
}

std::vector<std::string> flags_of(const CLI::App* app) {
  std::vector<std::string> names;
  for (; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  }
  return names;
}

std::vector<std::string> contexts(const Program& program) {
  std::vector<std::string> names;
  const auto file = read_config_file(program.config_path());
  if (!file) return names;
  for (const auto& [name, settings] : file->contexts) names.push_back(name);
  return names;
}

std::vector<std::string> nodes(Program& program) {
  std::set<std::string> names;
  const auto session = program.quick_session(kServerTime);
  if (!session) return {};
  const auto agents = (*session)->get_json("/api/v1/agents/");
  if (!agents) return {};
  for (const Json& record : *agents) names.insert(text_at(record, "nodename"));
  return {names.begin(), names.end()};
}

std::vector<std::string> downtimes(Program& program) {
  std::vector<std::string> uids;
  const auto session = program.quick_session(kServerTime);
  if (!session) return uids;
  const auto answer = (*session)->get_json("/api/v1/downtimes");
  if (!answer) return uids;
  for (const Json& downtime : member_at(*answer, "downtimes")) {
    if (text_at(downtime, "source") == "api") uids.push_back(text_at(downtime, "uid"));
  }
  return uids;
}

std::vector<std::string> values_of(const std::string& flag, Program& program) {
  if (flag == "output") return {"table", "wide", "json", "yaml", "name", "csv", "junit"};
  if (flag == "color") return {"auto", "always", "never"};
  if (flag == "fail-on") return {"critical", "warning", "none"};
  if (flag == "for") return {"ok"};
  if (flag == "layer") return {"pod", "host"};
  if (flag == "type") {
    return {"Maintenance", "Accident", "InfrastructureMaintenance", "InfrastructureAccident"};
  }
  if (flag == "context") return contexts(program);
  if (flag == "node") return nodes(program);
  return {};
}

std::vector<std::string> all_candidates(const Reached& at, const std::string& word,
                                        Program& program) {
  if (at.flag != nullptr) {
    const auto& names = at.flag->get_lnames();
    if (at.flag->get_lnames().empty()) return {};
    // --for of downtime is a time.
    if (names.front() == "for" && at.app->get_name() != "wait") return {};
    return values_of(names.front(), program);
  }
  if (word.rfind('-', 0) == 0) return flags_of(at.app);
  std::vector<std::string> names;
  for (const CLI::App* app : at.app->get_subcommands({})) names.push_back(app->get_name());
  if (!names.empty() || at.positionals != 0) return names;
  const std::string& command = at.app->get_name();
  if (command == "paths" || command == "mtu") return nodes(program);
  if (command == "use") return contexts(program);
  if (command == "end") return downtimes(program);
  if (command == "completion") return {"bash", "zsh", "fish"};
  return {};
}

}  // namespace

std::vector<std::string> candidates_for(std::vector<std::string> words, Program& program) {
  const std::string last = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  CLI::App cli("", "meshctl");
  const std::vector<CommandPtr> commands = fill_command_line(cli, program.flags);
  const Reached at = walk(cli, words);
  if (at.flag != nullptr) words.pop_back();
  // For the global flags among them, which say which server is asked. That the line is not
  // complete is no news.
  std::reverse(words.begin(), words.end());
  try {
    cli.parse(std::move(words));
  } catch (const CLI::Error&) {
  }
  std::vector<std::string> out;
  for (std::string& one : all_candidates(at, last, program)) {
    if (one.rfind(last, 0) == 0 && is_safe(one)) out.push_back(std::move(one));
  }
  std::sort(out.begin(), out.end(), natural_less);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

CommandPtr make_completion(CLI::App& parent) {
  return std::make_unique<Completion>(parent);
}

}  // namespace meshcheck::meshctl
