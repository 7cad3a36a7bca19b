// meshctl config.
#include "meshctl/command.h"
#include "meshctl/config_document.h"
#include "meshctl/replace_file.h"

namespace meshcheck::meshctl {
namespace {

class View : public Command {
 public:
  explicit View(CLI::App& parent) : Command(parent, "view", "The contexts, and which is current") {}

  int run(Program& program) override {
    const auto file = read_config_file(program.config_path());
    if (!file) return program.fail(file.error());
    return program.show(config_document(*file));
  }
};

class Use : public Command {
 public:
  explicit Use(CLI::App& parent) : Command(parent, "use", "Make a context the current one") {
    add("NAME", name_, "Its name").required();
  }

  int run(Program& program) override {
    const std::string path = program.config_path();
    const auto text = read_config_text(path);
    if (!text) return program.fail(text.error());
    auto file = parse_config_file(*text);
    if (!file) return program.fail(file.error().within(path));
    if (const auto context = context_of(*file, name_); !context) {
      return program.fail(context.error().within(path));
    }
    if (auto replaced = replace_file(path, with_current(*text, name_)); !replaced) {
      return program.fail(replaced.error().within(path));
    }
    file->current = name_;
    return program.show(config_document(*file));
  }

 private:
  std::string name_;
};

class Config : public Command {
 public:
  explicit Config(CLI::App& parent)
      : Command(parent, "config", "Contexts: names for servers, in a file") {
    CLI::App& cli = of_commands();
    commands_.push_back(std::make_unique<View>(cli));
    commands_.push_back(std::make_unique<Use>(cli));
  }

  int run(Program& program) override { return run_chosen(commands_, program); }

 private:
  std::vector<CommandPtr> commands_;
};

}  // namespace

CommandPtr make_config(CLI::App& parent) {
  return std::make_unique<Config>(parent);
}

}  // namespace meshcheck::meshctl
