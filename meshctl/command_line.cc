#include "meshctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "meshctl/command.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr const char* kWhat =
    "Asks a meshcheck server what is broken in the network of a cluster.\n"
    "Exit codes: 0 it is fine; 1 it is broken; 2 that could not be told.";

constexpr const char* kWhere =
    "Without --server, MESHCTL_SERVER or a context, the server is looked for in the pod's own\n"
    "cluster, in a lab on this machine, and by kubectl port-forward.\n";

void add_global_flags(CLI::App& cli, GlobalFlags& flags) {
  Settings& settings = flags.settings;
  // The environment is read later, since a flag wins over it.
  const auto add = [&](const char* name, std::string& value, const std::string& variable,
                       const char* what) {
    cli.add_option(name, value, what + (" (Env:" + variable + ')'))->group("Global options");
  };
  const auto set = [&](const char* name, std::string Settings::*member, const char* what) {
    add(name, settings.*member, variable_of(member), what);
  };
  const auto choose = [&](const char* name, std::string& value, const char* what) {
    return cli.add_option(name, value, what)->capture_default_str()->group("Global options");
  };
  set("-s,--server", &Settings::server, "URL of the server");
  add("--context", flags.context, "MESHCTL_CONTEXT", "Context of the configuration file");
  add("--config", flags.config, "MESHCTL_CONFIG", "The configuration file");
  set("--token-file", &Settings::token_file, "File with the token to show");
  set("--ca-file", &Settings::ca_file, "Authorities to trust, PEM");
  set("--certificate-file", &Settings::certificate_file, "Certificate to show, PEM");
  set("--key-file", &Settings::key_file, "Its key, PEM");
  set("--kube-context", &Settings::kube_context, "Context for kubectl port-forward");
  set("-n,--namespace", &Settings::kube_namespace, "Namespace of the server [meshcheck]");
  set("--service", &Settings::service, "Service of the server [meshcheck-server]");
  choose("-o,--output", flags.output, "table, wide, json, yaml, name, csv or junit");
  choose("--color", flags.colour, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  choose("--request-timeout", flags.timeout, "For each request, as 10s");
  cli.add_flag("-v,--verbose", flags.verbose, "Say which server is asked, and why")
      ->group("Global options");
}

}  // namespace

Flag Flag::required() {
  option_->required();
  return *this;
}

Flag Flag::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
  return *this;
}

Flag Flag::show_default() {
  option_->capture_default_str();
  return *this;
}

Flag Flag::excludes(Flag other) {
  option_->excludes(other.option_);
  return *this;
}

Command::Command(CLI::App& parent, const char* name, const char* what)
    : cli_(parent.add_subcommand(name, what)) {}

bool Command::chosen() const {
  return cli_->parsed();
}

CLI::App& Command::of_commands() {
  cli_->require_subcommand(1);
  return *cli_;
}

Flag Command::add(const char* name, std::string& value, const char* what) {
  return Flag(*cli_->add_option(name, value, what));
}

Flag Command::add(const char* name, std::vector<std::string>& values, const char* what) {
  return Flag(*cli_->add_option(name, values, what)->allow_extra_args(false));
}

void Command::add_switch(const char* name, bool& value, const char* what) {
  cli_->add_flag(name, value, what);
}

std::vector<CommandPtr> fill_command_line(CLI::App& cli, GlobalFlags& flags) {
  cli.fallthrough();  // Global flags may stand behind the command.
  cli.require_subcommand(1);
  cli.set_version_flag("--version", "meshctl " MESHCHECK_VERSION);
  add_global_flags(cli, flags);
  std::vector<CommandPtr> commands;
  for (const auto make : {make_check, make_wait, make_verdicts, make_mesh, make_agents, make_paths,
                          make_mtu, make_ping, make_sla, make_downtime, make_events, make_report,
                          make_open, make_config, make_completion, make_version}) {
    commands.push_back(make(cli));
  }
  return commands;
}

int run_chosen(const std::vector<CommandPtr>& commands, Program& program) {
  for (const CommandPtr& command : commands) {
    if (command->chosen()) return command->run(program);
  }
  return kUnknown;
}

int run_command_line(Program& program, std::vector<std::string> arguments) {
  // What the stubs of shells call; the words of an unfinished line are no command line.
  if (arguments.size() >= 2 && arguments[0] == "__complete" && arguments[1] == "--") {
    std::string lines;
    for (const std::string& one :
         candidates_for({arguments.begin() + 2, arguments.end()}, program)) {
      lines += one + '\n';
    }
    return Program::write(lines) ? kFine : kUnknown;
  }
  CLI::App cli(kWhat, "meshctl");
  const std::vector<CommandPtr> commands = fill_command_line(cli, program.flags);
  cli.footer(kWhere);  // Of this help alone, and so after the commands were made.
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back.
  try {
    cli.parse(std::move(arguments));
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return cli.exit(error) == 0 ? kFine : kUnknown;  // --help
    const auto rest = cli.remaining(true);
    const std::string what = rest.empty() ? error.what() : "unknown: " + rest.front();
    Program::note("meshctl: " + printable(what) + "; see meshctl --help");
    return kUnknown;
  }
  if (auto begun = program.begin(); !begun) return program.fail(begun.error());
  return run_chosen(commands, program);
}

}  // namespace meshcheck::meshctl
