// One verdict: sentence, since when, what supports it, and what to type next.
import { useState } from "preact/hooks";
import type { Verdict } from "./api/client";
import { sentence } from "./headline";
import { link } from "./router";
import { serverNow } from "./state";
import { Clock, Since } from "./time";

export const SIGN: Record<Verdict["severity"], string> = { critical: "×", warning: "!", info: "i" };

// Copies where the browser lets it: only over HTTPS or on localhost. Else the text gets selected.
export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async (event: MouseEvent) => {
    const code = (event.currentTarget as HTMLElement).parentElement?.querySelector("code");
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    } catch {
      if (code) window.getSelection()?.selectAllChildren(code);
    }
  };
  return (
    <p class="command">
      <code>{text}</code>
      <button type="button" onClick={copy}>
        {copied ? "Copied" : "Copy"}
      </button>
    </p>
  );
}

// A time at which it was open. The server looks at the mesh each 5 s, so it has seen the fault by then.
export function momentOf({ opened, closed }: Pick<Verdict, "opened" | "closed">): string {
  const end = closed ? Date.parse(closed) - 1 : Number.POSITIVE_INFINITY;
  const seen = Math.min(Date.parse(opened) + 5000, end, serverNow.peek());
  return new Date(Math.max(seen, Date.parse(opened))).toISOString();
}

const pastOf = (verdict: Verdict) =>
  link("now", "", {
    at: momentOf(verdict),
    ...(verdict.layer === "host" ? { layer: "host" } : {}),
  });

export function VerdictItem({ verdict }: { verdict: Verdict }) {
  const share =
    verdict.observed > 0 ? `${verdict.failing} of ${verdict.observed} paths fail` : verdict.kind;
  return (
    <li
      class={`verdict ${verdict.state === "open" ? verdict.severity : "closed"}`}
      id={`v${verdict.id}`}
    >
      <p class="sentence">
        <span class="sign" aria-hidden="true">
          {SIGN[verdict.severity]}
        </span>
        <a href={link("events", "", { id: String(verdict.id) })}>{sentence(verdict.sentence)}</a>
      </p>
      <p class="facts">
        {verdict.severity}, {verdict.kind.replaceAll("_", " ")};{" "}
        {verdict.state === "open" ? (
          <>
            since <Since time={verdict.since} />
          </>
        ) : (
          <>
            <Clock time={verdict.opened} /> to{" "}
            {verdict.closed ? <Clock time={verdict.closed} /> : "?"}
            {verdict.ending ? `, ${verdict.ending}` : ""}
          </>
        )}
        ; <a href={pastOf(verdict)}>mesh of then</a>; {share}
        {verdict.flaps > 0 ? `; came back ${verdict.flaps} times` : ""}
        {verdict.ends.map(({ node }) =>
          node ? (
            <>
              ; <a href={link("node", node)}>{node}</a>
            </>
          ) : null,
        )}
      </p>
      {verdict.next_command ? <Command text={verdict.next_command} /> : null}
    </li>
  );
}
