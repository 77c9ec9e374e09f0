// Elements, numbers and words. What comes from a run becomes text or an attribute, never markup.

const SPACE = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

const el = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

const draw = (tag, attributes, ...children) =>
  fill(document.createElementNS(SPACE, tag), attributes, children);

const STATES = {
  finished: { word: "ran", mark: "✓" },
  cached: { word: "cached", mark: "◷" },
  failed: { word: "failed", mark: "✕" },
  blocked: { word: "blocked", mark: "–" },
  interrupted: { word: "interrupted", mark: "■" },
  running: { word: "running", mark: "▸" },
  pending: { word: "not run", mark: "·" },
};

const stateOf = (state) => STATES[state] || STATES.pending;

function number(value) {
  if (typeof value !== "number") return value === null || value === undefined ? "–" : String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size >= 1e3) return Math.round(value).toLocaleString("en");
  if (size < 1e-3) return value.toExponential(2);
  return size >= 10 ? value.toFixed(2) : value.toFixed(4);
}

/** A change, with its sign and without digits that say nothing. */
function change(value, told = number) {
  if (value === 0) return "±0";
  return `${value > 0 ? "+" : "−"}${told(Math.abs(value))}`;
}

function duration(seconds) {
  if (seconds < 0.0005) return "0 s";
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  const pad = (n) => String(n).padStart(2, "0");
  if (minutes < 60) return `${minutes} min ${pad(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  while (bytes >= 1024 && at < units.length - 1) {
    bytes /= 1024;
    at += 1;
  }
  return `${at && bytes < 100 ? bytes.toFixed(1) : Math.round(bytes)} ${units[at]}`;
}

/** The local time of an ISO text, or the text itself. */
function moment(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}

const WORDS = { lr: "learning rate", f1: "F1", auc: "AUC", s: "s" };

/** The name of a figure in words: val_f1 is "val F1", tokens_per_s "tokens/s". */
const spoken = (name) =>
  name
    .replace("_per_", "/")
    .split("_")
    .map((word) => WORDS[word] || word)
    .join(" ");

const base = (path) => path.split(/[\\/]/).pop();

/** Cut to so many characters. */
const cut = (text, most) =>
  text.length > most ? `${text.slice(0, Math.max(most - 1, 1))}…` : text;

function section(id, title, ...children) {
  const heading = `${id}-title`;
  return el(
    "section",
    { id, "aria-labelledby": heading },
    el("h2", { id: heading }, title),
    ...children,
  );
}

/** What is shown on demand; `content` is an element, or a function that makes it when it is. */
function folded(title, count, content) {
  const told = count === null ? null : el("span", { class: "count" }, number(count));
  const made = typeof content === "function";
  const folder = el("details", {}, el("summary", {}, title, told), made ? null : content);
  if (made) folder.addEventListener("toggle", () => fill(folder, {}, [content()]), { once: true });
  return folder;
}

const badge = (state, text) =>
  el(
    "span",
    { class: `badge is-${state}` },
    el("span", { "aria-hidden": "true" }, stateOf(state).mark),
    text,
  );

/** What a run's own status is called among the states of nodes. */
const asState = (status) => ({ success: "finished" })[status] || status || "pending";
