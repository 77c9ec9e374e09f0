// The rest of a run's page: times, pictures, texts, notices, files, and what it ran on.

const SHOWN = 14;

function spent(run, chosen) {
  const { report } = run;
  const took = report.nodes
    .filter((node) => node.seconds >= 0.0005)
    .sort((a, b) => b.seconds - a.seconds);
  if (!took.length) return null;
  const known = took.every((node) => node.id in run.starts);
  const ends = took.map((node) => (known ? run.starts[node.id] : 0) + node.seconds);
  const whole = ends.reduce((a, b) => Math.max(a, b), report.seconds);
  const row = (node) => {
    const bar = el("span", { class: `bar is-${node.state}` });
    bar.style.left = `${known ? (run.starts[node.id] / whole) * 100 : 0}%`;
    bar.style.width = `${(node.seconds / whole) * 100}%`;
    const name = chosen
      ? el("button", { type: "button", class: "link", onclick: () => chosen(node.id) }, node.title)
      : node.title;
    const share = report.seconds ? `${Math.round((node.seconds / report.seconds) * 100)} %` : "";
    return el(
      "li",
      {},
      el("span", { class: "name", title: `${node.id} ${node.class_type}` }, name),
      el("span", { class: "track" }, bar),
      el("span", { class: "amount" }, duration(node.seconds)),
      el("span", { class: "share" }, share),
    );
  };
  const list = (nodes) => el("ol", { class: "times" }, nodes.map(row));
  const inOrder = (nodes) =>
    known ? [...nodes].sort((a, b) => run.starts[a.id] - run.starts[b.id]) : nodes;
  const rest = took.slice(SHOWN);
  const summed = rest.reduce((sum, node) => sum + node.seconds, 0);
  const more = rest.length
    ? folded(`Others, together ${duration(summed)}`, rest.length, () => list(rest))
    : null;
  const note = known ? `From left to right: ${duration(whole)} of the run.` : "The longest first.";
  return section(
    "times",
    "Where the time went",
    el("p", { class: "quiet" }, note),
    list(inOrder(took.slice(0, SHOWN))),
    more,
  );
}

function pictures(run) {
  const found = run.report.nodes.flatMap((node) =>
    (node.files || []).map((path) => [node, path, run.files[path]]),
  );
  const shown = found.filter(([, , file]) => file && file.picture);
  if (!shown.length) return null;
  const items = shown.map(([node, path, file]) =>
    el(
      "figure",
      { class: "picture" },
      el(
        "a",
        { href: file.href },
        el("img", {
          src: file.picture,
          alt: `${base(path)}, made by ${node.title}`,
          loading: "lazy",
        }),
      ),
      el(
        "figcaption",
        {},
        base(path),
        el("span", { class: "quiet" }, ` ${node.title}, ${size(file.bytes)}`),
      ),
    ),
  );
  return section("pictures", "Pictures", el("div", { class: "pictures" }, items));
}

function texts(report) {
  const shown = report.nodes.filter((node) => node.ui.text && node.ui.text.length);
  if (!shown.length) return null;
  const parts = shown.map((node) =>
    el(
      "div",
      { class: "card" },
      el("h3", {}, node.title),
      node.ui.text.map((text) => el("pre", { tabindex: "0" }, plain(text))),
    ),
  );
  return section("texts", "Texts", parts);
}

function notices(report) {
  if (!report.notices.length) return null;
  const rank = { error: 0, warning: 1, info: 2 };
  const sorted = [...report.notices].sort((a, b) => rank[a.severity] - rank[b.severity]);
  const loud = sorted.filter((one) => one.severity !== "info");
  const quiet = sorted.filter((one) => one.severity === "info");
  const rest = quiet.length
    ? folded(loud.length ? "Further notices" : "Notices", quiet.length, () =>
        el(
          "div",
          {},
          quiet.map((one) => problem(one)),
        ),
      )
    : null;
  return section(
    "notices",
    "Notices",
    loud.slice(0, 50).map((one) => problem(one)),
    loud.length > 50
      ? folded("More", loud.length - 50, () =>
          el(
            "div",
            {},
            loud.slice(50).map((one) => problem(one)),
          ),
        )
      : null,
    rest,
  );
}

function filesOf(run) {
  const own = Object.entries(run.links).map(([name, href]) =>
    el("li", {}, el("a", { href }, name)),
  );
  const saved = run.report.files.length
    ? [el("h3", {}, "Saved by nodes"), fileList(run, run.report.files)]
    : [];
  if (!own.length && !saved.length) return null;
  return section(
    "files",
    "Files",
    saved,
    el("h3", {}, "The run folder"),
    el("ul", { class: "files beside-each-other" }, own),
  );
}

/** What the run depended on: settings, models and data, versions, machine. */
function surroundings(report) {
  const pairs = (values) =>
    Object.entries(values)
      .filter(
        ([, value]) =>
          value !== null && JSON.stringify(value) !== "[]" && JSON.stringify(value) !== "{}",
      )
      .map(([name, value]) => [name, listed(value)]);
  const resources = (report.resources || []).map((one) => [
    `${one.kind} ${one.name}`,
    [one.source, one.place, one.revision, one.digest && `sha256 ${one.digest.slice(0, 16)}…`]
      .filter(Boolean)
      .join(" · "),
  ]);
  const packs = Object.entries(report.packs || {}).map(([name, pack]) => [
    name,
    Object.values(pack).join(" · "),
  ]);
  const git = report.git ? pairs(report.git) : [];
  const parts = [
    ["Settings", [["seed", String(report.seed)], ...pairs(report.settings)]],
    ["Models and data", resources],
    ["Packs", packs],
    ["Versions", pairs(report.versions)],
    ["Machine", pairs(report.machine)],
    ["Git", git],
  ];
  const shown = parts.filter(([, rows]) => rows.length);
  return section(
    "surroundings",
    "What it ran with",
    shown.map(([title, rows]) => folded(title, rows.length, facts(rows))),
  );
}

function listed(value) {
  if (Array.isArray(value)) return value.map(plain).join("\n");
  if (value && typeof value === "object")
    return Object.entries(value)
      .map(([k, v]) => `${k} = ${plain(v)}`)
      .join("\n");
  return typeof value === "boolean" ? (value ? "yes" : "no") : plain(value);
}
