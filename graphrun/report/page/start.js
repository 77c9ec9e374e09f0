// The page: its head, its parts, its colours, and how long it took to draw. An address that ends in
// #node=27 opens with that node chosen, #theme=dark with dark colours.

const root = document.documentElement;

addEventListener("error", (event) => {
  root.dataset.error = event.message;
});

/** Light or dark: as the system has it, until somebody chooses. */
function themes() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = el("button", { type: "button", class: "small" });
  const shown = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const refresh = () => {
    button.textContent = shown() === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `${button.textContent} colours`);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = shown() === "dark" ? "light" : "dark";
    refresh();
  });
  dark.addEventListener("change", refresh);
  refresh();
  return button;
}

function contents(parts) {
  const links = parts.map((part) =>
    el("li", {}, el("a", { href: `#${part.id}` }, part.querySelector("h2").textContent)),
  );
  return el("nav", { "aria-label": "Parts of the page" }, el("ul", {}, links));
}

function start() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (["dark", "light"].includes(asked.get("theme"))) root.dataset.theme = asked.get("theme");
  const data = JSON.parse(document.getElementById("data").textContent);
  const made = data.run ? single(data.run) : comparison(data.comparison);
  const head = data.run ? heading(data.run.report) : comparedHeading(data.comparison);
  const bar = el("div", { class: "top" }, el("span", { class: "brand" }, "graphrun"), themes());
  document
    .getElementById("page")
    .append(bar, head, contents(made.parts), el("main", {}, made.parts));
  if (made.fit) made.fit();
  if (made.choose && asked.has("node")) made.choose(asked.get("node"));
  measured();
  requestAnimationFrame(() => setTimeout(measured));
}

/** For whoever looks after the page: milliseconds until it was seen, and whether it is too wide. */
function measured() {
  root.dataset.drawn = Math.round(performance.now());
  root.dataset.wide = document.documentElement.scrollWidth;
  root.dataset.seen = document.documentElement.clientWidth;
}

start();
