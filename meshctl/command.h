// The base of meshctl's commands, and their list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meshctl/program.h"

// CLI11's header takes longer to compile than all that uses it here: only command_line.cc and
// completion.cc include it.
namespace CLI {  // NOLINT(readability-identifier-naming): the library spells it so.
class App;
class Option;
}  // namespace CLI

namespace meshcheck::meshctl {

// A flag with a value, or a positional argument. Lives with its command.
class Flag {
 public:
  explicit Flag(CLI::Option& option) : option_(&option) {}

  Flag required();
  Flag one_of(const std::vector<std::string>& values);
  Flag show_default();
  Flag excludes(Flag other);

 private:
  CLI::Option* option_;
};

// A sub-command of the command line: its flags are members, and run() does its work. It outlives
// the parsing.
class Command {
 public:
  virtual ~Command() = default;
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // Returns an exit code.
  virtual int run(Program& program) = 0;
  bool chosen() const;

 protected:
  Command(CLI::App& parent, const char* name, const char* what);

  // The parent of this command's own, of which one has to be chosen.
  CLI::App& of_commands();
  // A name without dashes is that of a positional argument.
  Flag add(const char* name, std::string& value, const char* what);
  // May be repeated.
  Flag add(const char* name, std::vector<std::string>& values, const char* what);
  void add_switch(const char* name, bool& value, const char* what);

 private:
  CLI::App* cli_;
};

using CommandPtr = std::unique_ptr<Command>;

// Runs the one of `commands` that was chosen.
int run_chosen(const std::vector<CommandPtr>& commands, Program& program);

// Each adds itself to `parent`. A file has one, or a family of them.
CommandPtr make_check(CLI::App& parent);
CommandPtr make_wait(CLI::App& parent);
CommandPtr make_verdicts(CLI::App& parent);
CommandPtr make_mesh(CLI::App& parent);
CommandPtr make_agents(CLI::App& parent);
CommandPtr make_paths(CLI::App& parent);
CommandPtr make_mtu(CLI::App& parent);
CommandPtr make_ping(CLI::App& parent);
CommandPtr make_sla(CLI::App& parent);
CommandPtr make_downtime(CLI::App& parent);
CommandPtr make_events(CLI::App& parent);
CommandPtr make_report(CLI::App& parent);
CommandPtr make_open(CLI::App& parent);
CommandPtr make_config(CLI::App& parent);
CommandPtr make_completion(CLI::App& parent);
CommandPtr make_version(CLI::App& parent);

// `cli` as the whole command line: global flags, and all commands in the order of --help. `flags`
// outlives it.
std::vector<CommandPtr> fill_command_line(CLI::App& cli, GlobalFlags& flags);

// The possible completions of `words`, those behind the program's name; the last may be empty.
std::vector<std::string> candidates_for(std::vector<std::string> words, Program& program);

}  // namespace meshcheck::meshctl
