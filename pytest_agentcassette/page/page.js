"use strict";

// What has to be done where an outcome needs a hand, in the order in which it is told.
const URGENT = {
  drifted: "Drifted. If the change is meant, record what changed",
  missing: "Without a cassette. Record one",
  unusable: "Unusable. Bring the file back, or delete it and record it",
  differs: "Today's run differs. If that is right, record it",
  pending: "Failed. What was paid for is kept, and used when the test runs again",
  discarded: "Failed. What was paid for is not kept",
};
const COLUMNS = [
  ["outcome", (test) => test.outcome],
  ["test", (test) => test.test],
  ["calls", (test) => test.calls],
  ["tokens in", (test) => test.cost.input_tokens],
  ["out", (test) => test.cost.output_tokens],
  ["live time", (test) => test.cost.duration_ms],
];

const run = JSON.parse(document.getElementById("run").textContent);
const find = (selector) => document.querySelector(selector);
const number = (value) => value.toLocaleString("en");
const counted = (count, what) => `${number(count)} ${what}${count === 1 ? "" : "s"}`;

function seconds(ms) {
  if (ms > 0 && ms < 10) return `${ms.toFixed(1)}ms`;
  if (ms < 100) return `${Math.round(ms)}ms`;
  if (ms < 59950) return `${(ms / 1000).toFixed(1)}s`;
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}

function dollars(price) {
  return price < 0.0001 ? "<$0.0001" : `$${price.toFixed(price < 0.01 ? 4 : 2)}`;
}

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

function button(text, press, properties = {}) {
  return element("button", { type: "button", onclick: press, ...properties }, text);
}

/** Say something about the page itself. */
function notice(text) {
  find("#notice").textContent = text;
}

// -- commands to copy --------------------------------------------------------------------------

function command(text) {
  const code = element("code", {}, text);
  const copy = button("copy", async () => {
    copy.textContent = (await copied(text, code)) ? "copied" : "selected";
    if (copy.textContent === "selected") notice("This browser does not let the page copy. The command is selected: press Ctrl+C, or ⌘C.");
  }, { class: "copy", "aria-live": "polite" });
  return element("span", { class: "command" }, code, copy);
}

/** Copy a text. Where a browser has no clipboard for the page, which may be a file, the text is selected and copied as if by hand. */
async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* there is none, or it is denied */ }
  getSelection().selectAllChildren(shown);
  try {
    if (!document.execCommand("copy")) return false;
  } catch { return false; /* a browser without that old way */ }
  getSelection().removeAllRanges();
  return true;
}

// -- the list of tests -------------------------------------------------------------------------

const state = { text: "", outcomes: new Set(), column: null, down: false, current: -1, open: null };
const names = run.tests.map((test) => element("button", { type: "button", tabindex: "-1", "aria-expanded": "false", "aria-controls": "details" }, test.test));
const rows = run.tests.map((test, at) => element("tr", { onclick: () => { point(at); toggle(at); } },
  element("td", { class: test.outcome }, test.outcome),
  element("td", { class: "test" }, names[at]),
  element("td", {}, number(test.calls)),
  element("td", {}, number(test.cost.input_tokens)),
  element("td", {}, number(test.cost.output_tokens)),
  element("td", {}, seconds(test.cost.duration_ms))));
const texts = run.tests.map((test) => `${test.test} ${test.path} ${test.outcome} ${test.drift.join(" ")}`.toLowerCase());
let visible = [];

function list() {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  visible = run.tests.map((_, at) => at).filter((at) =>
    (!state.outcomes.size || state.outcomes.has(run.tests[at].outcome)) && words.every((word) => texts[at].includes(word)));
  const [, value] = state.column || [null, (test) => Number(!(test.outcome in URGENT))];
  const sign = state.down ? -1 : 1;
  visible.sort((a, b) => {
    const [x, y] = [value(run.tests[a]), value(run.tests[b])];
    return sign * (x < y ? -1 : x > y ? 1 : a - b);
  });
  find("#tests tbody").replaceChildren(...visible.map((at) => rows[at]));
  find("#count").textContent = `${number(visible.length)} of ${counted(rows.length, "test")}`;
  point(visible.includes(state.current) ? state.current : visible[0] ?? -1);
}

/** Make a test the one of the list that Tab reaches. */
function point(at) {
  if (state.current >= 0) names[state.current].tabIndex = -1;
  state.current = at;
  if (at >= 0) names[at].tabIndex = 0;
}

function go(place) {
  const at = visible[Math.max(0, Math.min(place, visible.length - 1))];
  if (at === undefined) return;
  point(at);
  names[at].focus();
}

function move(by) {
  const isThere = document.activeElement === names[state.current];
  go(isThere ? visible.indexOf(state.current) + by : visible.indexOf(state.current));
}

// -- one test ----------------------------------------------------------------------------------

function toggle(at) {
  if (state.open === at) close();
  else open(at);
}

function open(at) {
  const test = { ...run.tests[at], ...JSON.parse(document.getElementById(`test-${at}`).textContent) };
  const unplayed = new Set(test.unplayed_steps);
  const most = Math.max(1, ...test.steps.map((step) => step.input_tokens + step.output_tokens));
  const details = find("#details");
  close();
  details.replaceChildren(...[
    button("×", close, { class: "close", "aria-label": "Close" }),
    element("h2", { id: "details-title" }, test.test),
    element("p", { class: "facts" }, element("span", { class: test.outcome }, test.outcome), ` (record mode ${test.mode}), ${test.path}`),
    element("p", { class: "facts" }, facts(test)),
    test.remedy ? command(test.remedy) : null,
    ...test.drifts.flatMap((drift) => [element("h3", {}, "Drift at ", stepLink(drift.step, test.steps)), diff(drift.message)]),
    test.problem ? element("p", { class: "missing" }, `The cassette can't be read: ${test.problem}`) : null,
    ...(test.steps.length ? [element("h3", {}, "Timeline"), timeline(test.steps, unplayed), element("h3", {}, "Conversation")] : []),
    ...test.steps.map((step, index) => told(step, test.said[index], unplayed.has(index), most)),
  ].filter((part) => part !== null));
  details.hidden = false;
  details.scrollTop = 0;
  find("#columns").classList.add("open");
  names[at].setAttribute("aria-expanded", "true");
  rows[at].classList.add("open");
  state.open = at;
  details.scrollIntoView({ block: "nearest" });
  notice("");
  address(test.test);
}

function close() {
  if (state.open === null) return;
  const hadFocus = find("#details").contains(document.activeElement);
  names[state.open].setAttribute("aria-expanded", "false");
  rows[state.open].classList.remove("open");
  find("#details").hidden = true;
  find("#columns").classList.remove("open");
  if (hadFocus && visible.includes(state.open)) go(visible.indexOf(state.open));
  state.open = null;
  address(null);
}

/** Open a test from somewhere else than the list. */
function visit(at) {
  if (visible.includes(at)) point(at);
  if (state.open !== at) open(at);
  rows[at].scrollIntoView({ block: "nearest" });
  find("#details").scrollIntoView({ block: "nearest" });
  find("#details").focus({ preventScroll: true });
}

/** Name the test that is open in the address; a page in a frame may have none that it could change. */
function address(test) {
  try {
    history.replaceState(null, "", test === null ? location.pathname + location.search : `#test=${encodeURIComponent(test)}`);
  } catch { /* it can't be handed on */ }
}

function follow() {
  const wanted = /^#test=(.*)$/.exec(location.hash);
  if (!wanted) return;
  let name;
  try {
    name = decodeURIComponent(wanted[1]);
  } catch { return; /* no link of ours */ }
  const at = run.tests.findIndex((test) => test.test === name);
  if (at >= 0) visit(at);
  else notice(`No test of this run with a cassette is called ${name}.`);
}

function facts(test) {
  const price = test.price ? `, ${dollars(test.price)}` : "";
  const saved = test.saved.input_tokens + test.saved.output_tokens;
  const recorded = test.recorded_at ? `${test.recorded_at.slice(0, 16).replace("T", " ")}${age(test.recorded_at)}` : "at an unknown time";
  return `${counted(test.calls, "call")}, ${number(test.cost.input_tokens)} tokens in, ${number(test.cost.output_tokens)} out, ${seconds(test.cost.duration_ms)} live${price}; ${counted(saved, "token")} not spent; recorded ${recorded}`;
}

function age(moment) {
  const days = Math.floor((Date.parse(run.created_at) - Date.parse(moment)) / 86400000);
  return days > 0 ? `, ${counted(days, "day")} before this run` : "";
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

function stepLink(index, steps) {
  const name = `step ${index}`;
  return steps[index] === undefined ? name : button(name, () => reveal(index), { class: "link" });
}

function reveal(index) {
  const step = document.getElementById(`step-${index}`);
  step.scrollIntoView();
  step.focus({ preventScroll: true });
}

const ROW = 1.7;

/** The calls from left to right; one that was made inside of another stands in it. */
function timeline(steps, unplayed) {
  const end = Math.max(...steps.map((step) => step.end_ms)) || 1;
  const height = Math.max(...steps.map((step) => step.lane + step.lanes));
  const drawn = element("div", { class: "timeline", role: "group", "aria-label": `${counted(steps.length, "call")} over ${seconds(end)}` });
  drawn.style.height = `${height * ROW + 0.2}rem`;
  const depths = [];
  for (const step of steps) {
    const when = `${step.index} ${step.name}: ${seconds(step.duration_ms)}, from ${seconds(step.start_ms)} on${step.error ? `, ${step.error}` : ""}${unplayed.has(step.index) ? ", never played" : ""}`;
    const call = button(element("b", {}, String(step.index)), () => reveal(step.index), { class: "call", title: when, "aria-label": when });
    call.append(element("span", {}, step.name));
    call.classList.toggle("failed", Boolean(step.error));
    call.classList.toggle("unplayed", unplayed.has(step.index));
    call.classList.toggle("around", step.lanes > 1);
    call.style.left = `${(100 * step.start_ms) / end}%`;
    const width = (100 * (step.end_ms - step.start_ms)) / end;
    call.style.width = `${width}%`;
    call.classList.toggle("narrow", width < 2.5);
    depths[step.index] = step.parent === null ? 0 : Math.min(depths[step.parent] + 1, 3);
    call.style.top = `${step.lane * ROW + 0.2}rem`;
    call.style.height = `${step.lanes * ROW - 0.2 - 0.15 * depths[step.index]}rem`; // what stands inside of another ends above its edge
    drawn.append(call);
  }
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => element("span", {}, seconds(part * end)));
  return element("div", { class: "times" }, drawn, element("div", { class: "axis", "aria-hidden": "true" }, ...marks));
}

function told(step, said, isUnplayed, most) {
  const bars = element("div", { class: "bars", "aria-hidden": "true" }, element("i"), element("i"));
  bars.children[0].style.width = `${(100 * step.input_tokens) / most}%`;
  bars.children[1].style.width = `${(100 * step.output_tokens) / most}%`;
  const notes = [step.type, `${number(step.input_tokens)} in`, `${number(step.output_tokens)} out`, seconds(step.duration_ms)];
  if (step.parent !== null) notes.push(`inside step ${step.parent}`);
  if (isUnplayed) notes.push("never played");
  return element("section", { class: "step", id: `step-${step.index}`, tabindex: "-1", "aria-label": `Step ${step.index}` },
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

// So many entries of each heading are told at once; a run in which everything has drifted has other things to tell.
const LISTED = 6;

function actions() {
  const groups = [];
  const group = (heading, entries, fix = null) => {
    if (!entries.length) return;
    groups.push(element("h3", {}, `${heading} (${number(entries.length)})`), ...(fix ? [command(fix)] : []), element("ul", {}, ...entries.slice(0, LISTED)));
    const more = entries.slice(LISTED);
    if (more.length) groups.push(element("details", {}, element("summary", {}, `${number(more.length)} more`), element("ul", {}, ...more)));
  };
  const entry = (what, fix, properties = {}) => element("li", properties, element("span", {}, ...what), fix ? command(fix) : null);
  const remedies = new Map(run.tests.map((test) => [test.test, test.remedy]));
  for (const [outcome, heading] of Object.entries(URGENT)) {
    const entries = [];
    run.tests.forEach((test, at) => {
      if (test.outcome === outcome) entries.push(entry([button(test.test, () => visit(at), { class: `link ${outcome}` }), " ", test.drift[0] || ""], test.remedy));
    });
    group(heading, entries);
  }
  if (run.lost_workers) {
    const tests = run.lost_tests.length ? run.lost_tests : ["the tests that ran there last are not known"];
    group(`${counted(run.lost_workers, "worker")} crashed. What these tests did is not known`, tests.map((test) => entry([test], null, { class: "drifted" })));
  }
  if (run.stopped) group("The run was stopped. Nothing is known of the tests that were left", [entry([run.stopped])]);
  const stale = (kind, fix) => run.stale.filter((one) => one.kind === kind).map((one) => entry([element("code", {}, one.path), ` ${one.detail}`], fix(one)));
  const again = (one) => remedies.get(one.test);
  group("Stale. No test claims these any more; delete them", stale("unclaimed", () => null), "pytest --cassette-prune");
  group("Stale. These have steps that are never played; record them again", stale("unplayed", again));
  group("Stale. These are old; record them again", stale("old", again));
  group("Live calls outside of any session, which no cassette could answer. Refuse such calls with --cassette-live=block", run.live_calls.map((one) => {
    const where = one.fixture === null ? one.test : `${one.test} (fixture ${one.fixture})`;
    return entry([`${counted(one.calls, "call")} of ${one.name}: ${where}`], null);
  }));
  find("#action").hidden = !groups.length;
  find("#action").append(...groups);
}

function totals() {
  const { calls, cost, saved, price_saved: price } = run.totals;
  const spared = price ? ` and ${dollars(price)}` : "";
  find("#totals").textContent = `${counted(run.tests.length, "test")}, ${counted(calls, "call")}, ${counted(cost.input_tokens + cost.output_tokens, "token")}; not spent: ${counted(saved.input_tokens + saved.output_tokens, "token")}, ${seconds(saved.duration_ms)}${spared}. ${run.created_at.slice(0, 16).replace("T", " ")} UTC`;
}

function controls() {
  for (const [outcome, count] of Object.entries(run.totals.outcomes)) {
    const chip = button(`${outcome} ${number(count)}`, () => {
      const on = !state.outcomes.delete(outcome);
      if (on) state.outcomes.add(outcome);
      chip.setAttribute("aria-pressed", String(on));
      list();
    }, { "aria-pressed": "false", class: outcome });
    find("#chips").append(chip);
  }
  for (const column of COLUMNS) {
    const head = element("th", { scope: "col", "aria-sort": "none" }, button(column[0], () => {
      state.down = state.column === column && !state.down;
      state.column = column;
      for (const other of find("#tests thead tr").children) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      list();
    }));
    find("#tests thead tr").append(head);
  }
  find("#search").addEventListener("input", (event) => { state.text = event.target.value; list(); });
  find("#theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const other = (document.documentElement.dataset.theme || system) === "dark" ? "light" : "dark";
    keepTheme(other === system ? null : other); // who has it as the system has it goes on to follow that
  });
  find("#help").addEventListener("click", help);
}

function help() {
  find("#keys").hidden = !find("#keys").hidden;
  find("#help").setAttribute("aria-expanded", String(!find("#keys").hidden));
}

// -- keys, links and paper ---------------------------------------------------------------------

// Wherever one is, and where one is in the list, or nowhere. Enter and Space are those of what has the focus.
const KEYS = {
  "/": () => find("#search").focus(),
  j: () => move(1),
  k: () => move(-1),
  Escape: () => (find("#keys").hidden ? close() : help()),
  "?": help,
};
const LIST_KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  Home: () => go(0),
  End: () => go(visible.length - 1),
};
const SEARCH_KEYS = {
  ArrowDown: () => go(0),
  Enter: () => go(0),
  Escape: () => { find("#search").blur(); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isInList = event.target === document.body || names.includes(event.target);
  const keys = event.target === find("#search") ? SEARCH_KEYS : isInList ? { ...KEYS, ...LIST_KEYS } : KEYS;
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
});

addEventListener("hashchange", follow);

// On paper nothing can be unfolded.
let folds = [];
addEventListener("beforeprint", () => {
  folds = [...document.querySelectorAll("details:not([open])")];
  for (const fold of folds) fold.open = true;
});
addEventListener("afterprint", () => { for (const fold of folds) fold.open = false; });

totals();
actions();
controls();
list();
follow();
