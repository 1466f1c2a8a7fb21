"use strict";

const URGENT = ["drifted", "missing", "unusable", "pending", "discarded", "differs"];
const COLUMNS = [
  ["outcome", "outcome", (test) => test.outcome],
  ["test", "test", (test) => test.test],
  ["calls", "calls", (test) => test.calls],
  ["tokens in", "input", (test) => test.cost.input_tokens],
  ["out", "output", (test) => test.cost.output_tokens],
  ["live time", "time", (test) => test.cost.duration_ms],
];

const run = JSON.parse(document.getElementById("run").textContent);
const find = (selector) => document.querySelector(selector);
const number = (value) => value.toLocaleString("en");
const seconds = (ms) => (ms < 60000 ? `${(ms / 1000).toFixed(1)}s` : `${Math.floor(ms / 60000)}m${String(Math.round((ms % 60000) / 1000)).padStart(2, "0")}s`);

/** An element; whatever is data becomes text, never markup. */
function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") made.className = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

function command(text) {
  const copy = element("button", { type: "button", onclick: () => navigator.clipboard.writeText(text).then(() => { copy.textContent = "copied"; }) }, "copy");
  return element("span", { class: "command" }, element("code", {}, text), copy);
}

// -- the list of tests -------------------------------------------------------------------------

const state = { text: "", outcomes: new Set(), column: null, down: false, at: -1, open: null };
const rows = run.tests.map((test, at) => element("tr", { "aria-selected": "false", onclick: () => { point(shown().indexOf(at)); open(at); } },
  element("td", { class: test.outcome }, test.outcome),
  element("td", { class: "test" }, test.test),
  element("td", {}, number(test.calls)),
  element("td", {}, number(test.cost.input_tokens)),
  element("td", {}, number(test.cost.output_tokens)),
  element("td", {}, seconds(test.cost.duration_ms))));
let visible = rows.map((_, at) => at);
const shown = () => visible;

function list() {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  visible = run.tests.map((_, at) => at).filter((at) => {
    const test = run.tests[at];
    const text = `${test.test} ${test.path} ${test.outcome}`.toLowerCase();
    return (!state.outcomes.size || state.outcomes.has(test.outcome)) && words.every((word) => text.includes(word));
  });
  const [, , value] = state.column || [null, null, (test) => Number(!URGENT.includes(test.outcome))];
  const sign = state.down ? -1 : 1;
  visible.sort((a, b) => {
    const [x, y] = [value(run.tests[a]), value(run.tests[b])];
    return sign * (x < y ? -1 : x > y ? 1 : a - b);
  });
  find("#tests tbody").replaceChildren(...visible.map((at) => rows[at]));
  find("#count").textContent = `${number(visible.length)} of ${number(rows.length)} tests`;
  point(-1);
}

function point(place) {
  const before = visible[state.at];
  if (before !== undefined) rows[before].setAttribute("aria-selected", "false");
  for (const row of rows) if (row.getAttribute("aria-selected") === "true") row.setAttribute("aria-selected", "false");
  state.at = Math.max(-1, Math.min(place, visible.length - 1));
  if (state.at < 0) return;
  rows[visible[state.at]].setAttribute("aria-selected", "true");
  rows[visible[state.at]].scrollIntoView({ block: "nearest" });
}

// -- one test ----------------------------------------------------------------------------------

function open(at) {
  const test = { ...run.tests[at], ...JSON.parse(document.getElementById(`test-${at}`).textContent) };
  const unplayed = new Set(test.unplayed_steps);
  const details = find("#details");
  const parts = [
    element("button", { type: "button", class: "close", onclick: close, "aria-label": "Close" }, "×"),
    element("h2", {}, test.test),
    element("p", { class: "facts" }, element("span", { class: test.outcome }, test.outcome), ` (record mode ${test.mode}), ${test.path}`),
    element("p", { class: "facts" }, facts(test)),
    test.remedy ? command(test.remedy) : null,
    ...test.drifts.flatMap((drift) => [element("h3", {}, `Drift at step ${drift.step}`), diff(drift.message)]),
    test.problem ? element("p", { class: "missing" }, `The cassette can't be read: ${test.problem}`) : null,
    ...(test.steps.length ? [element("h3", {}, "Timeline"), timeline(test.steps, unplayed), element("h3", {}, "Conversation")] : []),
    ...test.steps.map((step, index) => told(step, test.said[index], unplayed.has(index), test.steps)),
  ];
  details.replaceChildren(...parts.filter((part) => part !== null));
  details.hidden = false;
  details.scrollTop = 0;
  find("#columns").classList.add("open");
  state.open = at;
  history.replaceState(null, "", `#test=${encodeURIComponent(test.test)}`);
}

function close() {
  find("#details").hidden = true;
  find("#columns").classList.remove("open");
  state.open = null;
  history.replaceState(null, "", location.pathname + location.search);
}

function facts(test) {
  const price = test.price === null ? "" : `, $${test.price.toFixed(2)}`;
  const saved = test.saved.input_tokens + test.saved.output_tokens;
  return `${number(test.calls)} calls, ${number(test.cost.input_tokens)} tokens in, ${number(test.cost.output_tokens)} out, ${seconds(test.cost.duration_ms)} live${price}; ${number(saved)} tokens not spent; recorded ${test.recorded_at || "at an unknown time"}`;
}

function diff(message) {
  return element("pre", { class: "drift" }, ...message.split("\n").map((line) => {
    const sign = /^\s*([-+]) /.exec(line);
    const changed = /^(\s{4,}\S.*?: )(.*) -> (.*)$/.exec(line);
    if (changed) {
      const [, place, before, now] = changed;
      return element("span", {}, place, element("span", { class: "gone" }, before), " -> ", element("span", { class: "new" }, now), "\n");
    }
    return element("span", { class: sign ? (sign[1] === "-" ? "gone" : "new") : "" }, `${line}\n`);
  }));
}

function timeline(steps, unplayed) {
  const end = Math.max(1, ...steps.map((step) => step.end_ms));
  const lanes = 1 + Math.max(...steps.map((step) => step.lane));
  const drawn = element("div", { class: "timeline", role: "list", "aria-label": `Calls over ${seconds(end)}` });
  drawn.style.height = `${lanes * 1.5 + 0.2}rem`;
  for (const step of steps) {
    const what = `${step.index} ${step.name}`;
    const call = element("button", { type: "button", role: "listitem", class: `call${step.error ? " failed" : ""}${unplayed.has(step.index) ? " unplayed" : ""}`, title: `${what}: ${seconds(step.start_ms)} to ${seconds(step.end_ms)}`, onclick: () => document.getElementById(`step-${step.index}`).scrollIntoView() }, what);
    call.style.left = `${(100 * step.start_ms) / end}%`;
    call.style.width = `${Math.max(0.3, (100 * (step.end_ms - step.start_ms)) / end)}%`;
    call.style.top = `${step.lane * 1.5 + 0.2}rem`;
    drawn.append(call);
  }
  return drawn;
}

function told(step, said, isUnplayed, steps) {
  const most = Math.max(1, ...steps.map((one) => one.input_tokens + one.output_tokens));
  const bars = element("div", { class: "bars", "aria-hidden": "true" }, element("i"), element("i"));
  bars.children[0].style.width = `${(100 * step.input_tokens) / most}%`;
  bars.children[1].style.width = `${(100 * step.output_tokens) / most}%`;
  const notes = [step.type, `${number(step.input_tokens)} in`, `${number(step.output_tokens)} out`, seconds(step.duration_ms)];
  if (step.parent !== null) notes.push(`inside step ${step.parent}`);
  if (isUnplayed) notes.push("never played");
  return element("section", { class: "step", id: `step-${step.index}` },
    element("header", {}, element("strong", {}, `${step.index} ${step.name}`), element("span", { class: "facts" }, notes.join(", ")), bars),
    ...said.map(([role, form, text]) => element("div", { class: `said ${form}` }, element("b", {}, role), spoken(form, text))));
}

function spoken(form, text) {
  if (form === "tools") {
    const [listing, whole] = text.includes("\n\n") ? text.split(/\n\n([^]*)/) : ["tools", text];
    return folded(listing, whole);
  }
  if (form !== "json" && text.length < 4000) return element("pre", {}, text);
  if (text.length < 200) return element("pre", {}, text.replace(/\s*\n\s*/g, " "));
  return folded(`${text.slice(0, 400).replace(/\s+/g, " ").slice(0, 90)} …`, text, text.length < 600);
}

function folded(summary, text, open = false) {
  return element("details", open ? { open: "" } : {}, element("summary", {}, summary), element("pre", {}, text));
}

// -- what needs a hand, and the totals ---------------------------------------------------------

function actions() {
  const entries = [];
  run.tests.forEach((test, at) => {
    if (!URGENT.includes(test.outcome)) return;
    const link = element("button", { type: "button", onclick: () => open(at) }, test.test);
    entries.push(element("li", {}, element("span", { class: test.outcome }, `${test.outcome} `), link, " ", test.drift[0] || "", test.remedy ? command(test.remedy) : null));
  });
  for (const one of run.stale) {
    const fix = one.kind === "unclaimed" ? command("pytest --cassette-prune") : null;
    entries.push(element("li", {}, element("span", { class: "pending" }, `stale, ${one.kind} `), element("code", {}, one.path), ` ${one.detail}`, fix));
  }
  for (const one of run.live_calls) {
    const where = one.fixture === null ? one.test : `${one.test} (fixture ${one.fixture})`;
    entries.push(element("li", {}, element("span", { class: "pending" }, "live "), `${one.calls} call${one.calls === 1 ? "" : "s"} of ${one.name}, outside of any session: ${where}`));
  }
  if (run.lost_workers) entries.push(element("li", { class: "drifted" }, `${run.lost_workers} worker${run.lost_workers === 1 ? "" : "s"} crashed: ${run.lost_tests.join(", ")}`));
  find("#action").hidden = !entries.length;
  find("#action ul").append(...entries);
}

function totals() {
  const { calls, cost, saved, price_saved: price } = run.totals;
  const dollars = price === null ? "" : ` and $${price.toFixed(2)}`;
  find("#totals").textContent = `${number(run.tests.length)} tests, ${number(calls)} calls, ${number(cost.input_tokens + cost.output_tokens)} tokens; not spent: ${number(saved.input_tokens + saved.output_tokens)} tokens, ${seconds(saved.duration_ms)}${dollars}. ${run.created_at}`;
}

function controls() {
  for (const [outcome, count] of Object.entries(run.totals.outcomes)) {
    const chip = element("button", { type: "button", "aria-pressed": "false", class: outcome, onclick: () => {
      const on = !state.outcomes.delete(outcome);
      if (on) state.outcomes.add(outcome);
      chip.setAttribute("aria-pressed", String(on));
      list();
    } }, `${outcome} ${number(count)}`);
    find("#chips").append(chip);
  }
  for (const column of COLUMNS) {
    const head = element("th", { scope: "col", "aria-sort": "none" }, element("button", { type: "button", onclick: () => {
      state.down = state.column === column && !state.down;
      state.column = column;
      for (const other of find("#tests thead tr").children) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      list();
    } }, column[0]));
    find("#tests thead tr").append(head);
  }
  find("#search").addEventListener("input", (event) => { state.text = event.target.value; list(); });
  find("#theme").addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  });
  find("#help").addEventListener("click", help);
}

function help() {
  find("#keys").hidden = !find("#keys").hidden;
  find("#help").setAttribute("aria-expanded", String(!find("#keys").hidden));
}

const KEYS = {
  "/": () => find("#search").focus(),
  j: () => point(state.at + 1),
  k: () => point(Math.max(0, state.at - 1)),
  ArrowDown: () => point(state.at + 1),
  ArrowUp: () => point(Math.max(0, state.at - 1)),
  Enter: () => { if (state.at >= 0) { open(visible[state.at]); find("#details").focus(); } },
  Escape: close,
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.tagName === "INPUT";
  if (isTyping && event.key === "Escape") { event.target.blur(); return; }
  if (isTyping && event.key !== "ArrowDown") return;
  if (event.key === "Enter" && event.target.tagName === "BUTTON") return;
  const does = KEYS[event.key];
  if (does) { event.preventDefault(); does(); }
});

totals();
actions();
controls();
list();
const wanted = /^#test=(.*)$/.exec(location.hash);
if (wanted) {
  const at = run.tests.findIndex((test) => test.test === decodeURIComponent(wanted[1]));
  if (at >= 0) { point(visible.indexOf(at)); open(at); }
}
