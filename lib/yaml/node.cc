#include "lib/yaml/node.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "lib/base/file.h"

namespace meshcheck::yaml {
namespace {

Error error_at(std::size_t line, std::string_view what) {
  return Error(std::string(what)).within("line " + std::to_string(line));
}

std::size_t line_of(const YAML::Mark& mark) {
  return static_cast<std::size_t>(mark.line) + 1;
}

// Builds the tree while yaml-cpp reads it; after the first error it only listens.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::size_t values_max) : values_max_(values_max) {}

  const std::optional<Error>& error() const { return error_; }
  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    fail(mark, "an alias; write it out");
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (is_key()) {
      fail(mark, "a key is missing");
    } else {
      static_cast<void>(add(mark, {}));
    }
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& text) override {
    if (error_) return;
    if (is_key()) return add_key(mark, text);
    // "?" is a plain scalar's, "!" a quoted one's.
    const bool quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    if (!quoted && tag != "?" && !tag.empty()) return fail(mark, "the tag " + tag);
    Node node{.kind = Node::Kind::kText, .plain = !quoted};
    node.text = text;
    static_cast<void>(add(mark, std::move(node)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node* node = nullptr;  // Stays where it is: its parent grows no more before it is closed.
    std::set<std::string> keys;
    bool key_is_next = true;  // Of a map.
  };

  bool is_key() const {
    return !open_.empty() && open_.back().node->is_map() && open_.back().key_is_next;
  }
  void fail(const YAML::Mark& mark, const std::string& what) {
    if (!error_) error_ = error_at(line_of(mark), what);
  }
  void add_key(const YAML::Mark& mark, const std::string& key) {
    Open& map = open_.back();
    if (!map.keys.insert(key).second) return fail(mark, key + ": given twice");
    map.node->entries.push_back({.key = key, .line = line_of(mark), .value = {}});
    map.key_is_next = false;
  }
  Node* add(const YAML::Mark& mark, Node node) {
    if (error_) return nullptr;
    if (++values_ > values_max_) {
      fail(mark, "more than " + std::to_string(values_max_) + " values");
      return nullptr;
    }
    node.line = line_of(mark);
    if (open_.empty()) {
      root_ = std::move(node);
      return &root_;
    }
    Open& parent = open_.back();
    if (parent.node->is_list()) return &parent.node->items.emplace_back(std::move(node));
    parent.key_is_next = true;
    return &(parent.node->entries.back().value = std::move(node));
  }
  void open(const YAML::Mark& mark, const std::string& tag, Node::Kind kind) {
    if (!error_ && is_key()) fail(mark, "a key must be a plain text");
    if (!error_ && tag != "?" && tag != "!" && !tag.empty()) fail(mark, "the tag " + tag);
    if (!error_ && open_.size() >= kDepthMax) {
      fail(mark, "nested deeper than " + std::to_string(kDepthMax));
    }
    Node* const node = add(mark, {.kind = kind});
    if (node != nullptr) open_.push_back({.node = node, .keys = {}});
  }
  void close() {
    if (!error_) open_.pop_back();
  }

  const std::size_t values_max_;
  Node root_;
  std::vector<Open> open_;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

std::size_t size_max(Bounds bounds) {
  return bounds.mebibytes_max << 20U;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Error Node::error(std::string_view what) const {
  return error_at(line, what);
}

Error Entry::error(std::string_view what) const {
  return error_at(line, what);
}

Result<Node> parse(const std::string& text, Bounds bounds) {
  if (text.size() > size_max(bounds)) {
    return Error("larger than " + std::to_string(bounds.mebibytes_max) + " MiB");
  }
  Builder builder(bounds.values_max);
  // yaml-cpp reports errors only by throwing; this is where they become ours.
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.error()) return *builder.error();
    Builder second(bounds.values_max);
    if (parser.HandleNextDocument(second)) return Error("more than one document");
  } catch (const YAML::Exception& exception) {
    return error_at(line_of(exception.mark), exception.msg);
  }
  return builder.take();
}

Result<Node> read(const std::string& path, Bounds bounds) {
  const auto text = read_file(path, size_max(bounds));
  if (!text) return text.error().within("open");
  return parse(*text, bounds);
}

}  // namespace meshcheck::yaml
