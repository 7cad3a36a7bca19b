#include "meshctl/program.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "lib/base/duration.h"
#include "lib/base/token.h"
#include "meshctl/surroundings.h"
#include "meshctl/text.h"

namespace meshcheck::meshctl {
namespace {

constexpr std::size_t kTokenSizeMax = std::size_t{8} << 10U;
constexpr const char* kHealth = "/healthz";
constexpr int kKnocks = 10;  // At a forwarded port, kPause apart.
constexpr DurationRange kTimeoutRange{.min = std::chrono::milliseconds(1),
                                      .max = std::chrono::hours(1)};

std::size_t number_or(const std::string& text, std::size_t otherwise) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool good = error == std::errc() && end == text.data() + text.size();
  return good && number != 0 ? number : otherwise;
}

void measure_screen(Style& style, const Program::Variables& variables) {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 && size.ws_row != 0) {
    style.width = size.ws_col;
    style.height = size.ws_row;
  }
  style.width = number_or(variables("COLUMNS"), style.width);
  style.height = number_or(variables("LINES"), style.height);
}

// kubectl listens before the other end does. Nothing: the server answered by TLS.
std::optional<Error> knock(Session& session) {
  std::optional<Error> error;
  for (int tried = 0; tried < kKnocks; ++tried) {
    if (tried != 0) rest(kPause);
    error = session.knock(kHealth);
    if (!error || speaks_no_tls(*error) || is_of_certificate(*error) || session.late()) break;
  }
  return error;
}

}  // namespace

Result<void> Program::begin() {
  const auto format = format_of(flags.output);
  if (!format) {
    return Error("-o " + printable(flags.output) + ": one of " + std::string(kFormatNames));
  }
  format_ = *format;
  const auto timeout = parse_duration(flags.timeout, kTimeoutRange);
  if (!timeout) return timeout.error().within("--request-timeout");
  timeout_ = *timeout;
  const Surface surface{.terminal = isatty(STDOUT_FILENO) == 1,
                        .term = variables_("TERM"),
                        .no_color = variables_("NO_COLOR"),
                        .clicolor_force = variables_("CLICOLOR_FORCE")};
  const Colour asked = flags.colour == "always"  ? Colour::kAlways
                       : flags.colour == "never" ? Colour::kNever
                                                 : Colour::kAuto;
  terminal_ = surface.terminal;
  style_.colour = wants_colour(asked, surface);
  error_terminal_ = isatty(STDERR_FILENO) == 1 && surface.no_color.empty() &&
                    surface.term != "dumb" && asked != Colour::kNever;
  measure_screen(style_, variables_);
  return {};
}

std::string Program::config_path() const {
  if (std::string file = given_or(flags.config, "MESHCTL_CONFIG"); !file.empty()) return file;
  const std::string folder = variables_("XDG_CONFIG_HOME");
  return (folder.empty() ? variables_("HOME") + "/.config" : folder) + "/meshctl/config.yaml";
}

std::string Program::given_or(const std::string& flag, const char* name) const {
  return flag.empty() ? variables_(name) : flag;
}

Result<Settings> Program::settings() const {
  const Settings environment = settings_of_environment(variables_);
  const Settings given = over_environment(flags.settings, environment);
  const std::string path = config_path();
  const std::string name = given_or(flags.context, "MESHCTL_CONTEXT");
  const bool wanted = !given_or(flags.config, "MESHCTL_CONFIG").empty() || !name.empty();
  if (!wanted && access(path.c_str(), F_OK) != 0) return given;
  const auto file = read_config_file(path);
  if (!file) return file.error();
  const auto context = context_of(*file, name);
  if (!context) return context.error().within(path);
  if (!*context) return given;
  if (flags.context.empty() || !environment.names_place()) return over_context(given, **context);
  return over_context(flags.settings, **context);  // --context is a flag, and wins too.
}

Result<void> Program::prepare() {
  if (place_) return {};
  auto chosen = settings();
  if (!chosen) return chosen.error();
  auto place = choose_place(*chosen, look_around(variables_));
  if (!place) return place.error();
  if (!chosen->token_file.empty() && !place->lab) {
    auto token = read_token(chosen->token_file, kTokenSizeMax);
    if (!token) return token.error().within("--token-file");
    token_ = *std::move(token);
  }
  files_ = *std::move(chosen);
  place_ = *std::move(place);
  return {};
}

Result<Session*> Program::session() {
  if (session_) return session_.get();
  if (auto prepared = prepare(); !prepared) return prepared.error();
  if (auto connected = connect(); !connected) return connected.error();
  if (flags.verbose)
    note(printable("meshctl: server " + session_->url() + " (" + place_->why + ")"));
  return session_.get();
}

void Program::drop_forward() {
  if (!forward_) return;
  session_.reset();
  forward_.reset();
}

Result<Session*> Program::quick_session(const std::string& timeout) {
  flags.timeout = timeout;
  flags.verbose = false;
  if (auto begun = begin(); !begun) return begun.error();
  quick_ = true;
  return session();
}

Result<void> Program::connect() {
  const Place& place = *place_;
  Session::Options options{.url = place.url,
                           .address = place.address,
                           .token = token_,
                           .ca_file = files_.ca_file,
                           .certificate_file = files_.certificate_file,
                           .key_file = files_.key_file,
                           .timeout = timeout_,
                           .deadline = deadline_,
                           .tries = quick_ ? 1 : kTries,
                           .progress = error_terminal_ && !quick_};
  if (!place.url.empty()) {
    session_ = std::make_unique<Session>(std::move(options));
    return {};
  }
  if (quick_) return Error("kubectl takes too long");
  forward_.reset();
  auto forward = PortForward::start(place, deadline_);
  if (!forward) return forward.error();
  forward_.emplace(*std::move(forward));
  const std::string port = ':' + std::to_string(forward_->port());
  const bool secrets = !options.token.empty() || !options.ca_file.empty() ||
                       !options.certificate_file.empty() || !options.key_file.empty();
  options.address = *IpAddress::parse("127.0.0.1");
  options.url = "https://" + place.service + '.' + place.kube_namespace + ".svc" + port;
  auto session = std::make_unique<Session>(options);
  const auto error = knock(*session);
  if (error && !speaks_no_tls(*error)) {
    const std::string hint = is_of_certificate(*error) && options.ca_file.empty()
                                 ? " (its certificate: kubectl -n " + place.kube_namespace +
                                       " get secret meshcheck-tls -o 'jsonpath={.data.ca\\.crt}' | "
                                       "base64 -d >ca.crt, then --ca-file ca.crt)"
                                 : "";
    return Error(error->message() + hint).within(options.url + kHealth);
  }
  if (error && secrets) {
    return Error("it speaks no TLS; with a token, a certificate or --ca-file it has to")
        .within(options.url);
  }
  if (error) {  // A server without TLS; the tunnel has its own.
    options.address.reset();
    options.url = "http://127.0.0.1" + port;
    session = std::make_unique<Session>(options);
  }
  session_ = std::move(session);
  return {};
}

bool Program::write(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

void Program::note(const std::string& text) {
  std::fputs((text + '\n').c_str(), stderr);
}

bool Program::write_for_machines(std::string_view text) const {
  return terminal_ ? write(escaped_for_terminal(text)) : write(text);
}

int Program::show(const Document& document, int code) const {
  const auto text = render(document, format_, style_);
  if (!text) return fail(text.error());
  const bool written = for_machines() ? write_for_machines(*text) : write(*text);
  return written ? code : kUnknown;
}

int Program::fail(const Error& error) const {
  if (format_ == Format::kJson) {
    note(Json{{"error", error.message()}}.dump(-1, ' ', true, Json::error_handler_t::replace));
  } else {
    note("meshctl: " + printable(error.message()));
  }
  return kUnknown;
}

}  // namespace meshcheck::meshctl
