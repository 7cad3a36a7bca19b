// meshctl open and meshctl version.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meshctl/command.h"
#include "meshctl/text.h"
#include "meshctl/version.h"

namespace meshcheck::meshctl {
namespace {

// True if the program was found and went well.
bool run_opener(const std::string& program, const std::string& url) {
  std::string name = program;
  std::string argument = url;
  char* const arguments[] = {name.data(), argument.data(), nullptr};
  pid_t child = 0;
  if (posix_spawnp(&child, name.c_str(), nullptr, nullptr, arguments, environ) != 0) return false;
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class Open : public Command {
 public:
  explicit Open(CLI::App& parent) : Command(parent, "open", "Open the server's page in a browser") {
    add_switch("--print", print_, "Say its address instead");
  }

  int run(Program& program) override {
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const PortForward* const forward = program.port_forward();
    const std::string& asked = (*session)->url();
    // The name in the certificate is none that a browser finds.
    const std::string url =
        (forward == nullptr ? asked
                            : asked.substr(0, asked.find("://")) +
                                  "://127.0.0.1:" + std::to_string(forward->port())) +
        '/';
    Document document;
    document.tree = Json{{"url", url}};
    document.lead = url + '\n';
    document.table_shown = false;
    document.table = {.columns = {{.name = "url"}}, .rows = {{Cell(url)}}};
    document.names = {url};
    if (const int shown = program.show(document); shown != kFine) return shown;
    const std::string browser = program.variable("BROWSER");
    if (!print_ && !run_opener(browser.empty() ? "xdg-open" : browser, url)) {
      return program.fail(Error("no browser: neither BROWSER nor xdg-open can be run"));
    }
    if (forward != nullptr) {
      Program::note("meshctl: the port is forwarded until Ctrl-C");
      forward->wait();
    }
    return kFine;
  }

 private:
  bool print_ = false;
};

class Version : public Command {
 public:
  explicit Version(CLI::App& parent)
      : Command(parent, "version", "The versions of meshctl and of the server") {
    add_switch("--client", client_, "Without asking a server");
  }

  int run(Program& program) override {
    constexpr std::string_view kClient = MESHCHECK_VERSION;
    if (client_) return program.show(version_document(kClient, ""));
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    const auto answer = (*session)->get_json("/api/v1/version");
    if (!answer) return program.fail(answer.error());
    const std::string server = text_at(*answer, "version");
    const std::string warning = skew_warning(kClient, server);
    if (!warning.empty()) Program::note(printable(warning));
    return program.show(version_document(kClient, server));
  }

 private:
  bool client_ = false;
};

}  // namespace

CommandPtr make_open(CLI::App& parent) {
  return std::make_unique<Open>(parent);
}

CommandPtr make_version(CLI::App& parent) {
  return std::make_unique<Version>(parent);
}

}  // namespace meshcheck::meshctl
