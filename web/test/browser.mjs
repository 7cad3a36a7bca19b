// A browser that does what a test in another language says: one JSON command a line on the standard
// input, one JSON answer a line on the standard output. Debian's Chromium, headless.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

const windows = new Map();
let shown; // The window that commands are for.

const commands = {
  // A window with nothing of the one before of that name.
  async open({ url, window = "first", width = 1280, height = 900, dark = false }) {
    await windows.get(window)?.page.context().close();
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
    });
    const page = await context.newPage();
    // What the console says, and exceptions; URLs; once it is asked for.
    shown = { page, complaints: [], requested: [], profiler: null };
    windows.set(window, shown);
    const { complaints, requested } = shown;
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning")
        complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => requested.push(request.url()));
    await page.goto(url);
  },
  // The commands that follow are for this one.
  choose({ window }) {
    shown = windows.get(window);
  },
  // What a person reads, of all or of a part.
  // biome-ignore lint/performance/useDomNodeTextContent: textContent has what is hidden too.
  text: ({ of = "body" }) => shown.page.locator(of).first().innerText(),
  count: ({ of }) => shown.page.locator(of).count(),
  attribute: ({ of, name }) => shown.page.locator(of).first().getAttribute(name),
  click: ({ of }) => shown.page.locator(of).first().click(),
  hover: ({ of, x, y }) => shown.page.locator(of).first().hover({ position: { x, y } }),
  fill: ({ of, value }) => shown.page.locator(of).first().fill(value),
  press: ({ key, of }) =>
    of ? shown.page.locator(of).first().press(key) : shown.page.keyboard.press(key),
  url: () => shown.page.url(),
  complaints: () => shown.complaints.splice(0),
  requested: () => shown.requested,
  evaluate: ({ code }) => shown.page.evaluate(code),
  // Seconds that the main thread had work to do, since this was first asked of the window.
  async busy() {
    if (!shown.profiler) {
      shown.profiler = await shown.page.context().newCDPSession(shown.page);
      await shown.profiler.send("Performance.enable");
    }
    const { metrics } = await shown.profiler.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration").value;
  },
  screenshot: ({ path, full = false }) =>
    shown.page.screenshot({ path, fullPage: full }).then(() => null),
  // Only what axe calls serious or critical.
  async axe() {
    const result = await shown.page.evaluate(`${axe}; axe.run()`);
    return result.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await commands[command](options)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
