// The page of one run.

const SCORES = ["accuracy", "f1", "auc", "precision", "recall"];
const BARE = ["node", "time", "epoch", "step"];

/** Names of figures in the order in which one wants to know them; unknown ones before speeds. */
function inRank(names) {
  const known = [
    "val_accuracy",
    "accuracy",
    "val_loss",
    "train_loss",
    "loss",
    "val_f1",
    "f1",
    "val_auc",
    "auc",
    "val_precision",
    "val_recall",
  ];
  const speeds = ["samples_per_s", "tokens_per_s", "flops_per_s"];
  const rank = (name) => (known.includes(name) ? known.indexOf(name) : 50 + speeds.indexOf(name));
  return [...names].sort((a, b) => rank(a) - rank(b));
}

function single(run) {
  const { report } = run;
  const parts = [];
  const show = (part) => part && parts.push(part);
  const view = run.drawing ? graphSection(run) : null;
  const chosen = view ? view.chosen : null;
  show(failures(report, chosen));
  show(tiles(report));
  show(view && view.element);
  show(curves(run));
  show(matrices(report));
  show(spent(run, chosen));
  show(pictures(run));
  show(texts(report));
  show(notices(report));
  show(filesOf(run));
  show(surroundings(report));
  return { parts, fit: view ? view.fit : null, choose: view ? view.choose : null };
}

function heading(report) {
  const git = report.git && report.git.commit;
  const gpus = report.machine.gpus || [];
  const told = [
    moment(report.started),
    duration(report.seconds),
    report.peak_mb ? `peak ${number(Math.round(report.peak_mb))} MiB` : null,
    `seed ${report.seed}`,
    gpus.length ? gpus.join(", ") : report.machine.cpu || report.machine.system,
    git ? `commit ${git.slice(0, 8)}${report.git.dirty ? " (changed)" : ""}` : null,
    `graphrun ${report.versions.graphrun || ""}`.trim(),
    report.settings.tiny ? "--tiny" : null,
  ];
  return el(
    "header",
    { class: "title" },
    el("h1", { title: report.name }, base(report.name)),
    el(
      "p",
      { class: "badges" },
      badge(asState(report.status), report.status || "unknown"),
      told.filter(Boolean).map((text) => el("span", { class: "chip" }, text)),
    ),
  );
}

function failures(report, chosen) {
  const all =
    report.failures && report.failures.length
      ? report.failures
      : report.error
        ? [report.error]
        : [];
  if (!all.length) return null;
  const blocked = report.nodes.filter((node) => node.state === "blocked").length;
  const rest = blocked
    ? el(
        "p",
        { class: "quiet" },
        `${blocked} further ${blocked > 1 ? "nodes need" : "node needs"} what failed.`,
      )
    : null;
  return section(
    "failures",
    all.length > 1 ? `${all.length} failures` : "What failed",
    all.map((one) => problem(one, chosen)),
    rest,
  );
}

/** The newest figures; of a training those of its best epoch. */
function tiles(report) {
  const found = Object.entries(report.metrics.final).filter(
    ([name, value]) => !BARE.includes(name) && !Array.isArray(value),
  );
  if (!found.length) return null;
  const shown = inRank(found.map(([name]) => name)).map((name) => [
    name,
    report.metrics.final[name],
  ]);
  const best = Object.values(report.metrics.best || {})[0];
  const boxes = shown.slice(0, 8).map(([name, value]) => tile(name, value, best));
  const others = shown.slice(8);
  const more = others.length
    ? folded("More figures", others.length, facts(others.map(([n, v]) => [spoken(n), number(v)])))
    : null;
  const epoch = report.metrics.final.epoch;
  const note =
    epoch === undefined
      ? null
      : el(
          "p",
          { class: "quiet" },
          `After epoch ${number(epoch)}${best && best.epoch !== undefined ? `; the lowest validation loss is that of epoch ${number(best.epoch)}` : ""}.`,
        );
  return section("figures", "Final figures", el("dl", { class: "tiles" }, boxes), note, more);
}

function tile(name, value, best) {
  const other =
    best && typeof best[name] === "number" && best[name] !== value
      ? el("dd", { class: "quiet" }, `best epoch ${number(best[name])}`)
      : null;
  return el(
    "div",
    { class: "tile" },
    el("dt", {}, spoken(name)),
    el("dd", { class: "large" }, number(value)),
    other,
  );
}

function graphSection(run) {
  const nodes = new Map(run.report.nodes.map((node) => [node.id, node]));
  const left = (event) => event.key === "Escape" && chosen(null);
  const named = { "aria-label": "The chosen node", "aria-live": "polite", onkeydown: left };
  const panel = el("aside", { class: "panel", hidden: true, ...named });
  const close = () =>
    el(
      "button",
      { type: "button", class: "small close", "aria-label": "Close", onclick: () => chosen(null) },
      "✕",
    );
  let view = null;
  const chosen = (id, centred) => {
    panel.replaceChildren();
    panel.hidden = id === null;
    if (id !== null) fill(panel, {}, [close(), ...details(run, id, chosen).flat()]);
    panel.scrollTop = 0;
    view.cover(getComputedStyle(panel).position === "absolute" ? panel.offsetWidth : 0);
    view.select(id, centred);
  };
  view = graph(run.drawing, nodes, chosen);
  const outer = section(
    "graph",
    "Graph",
    el("div", { class: "beside" }, view.element, panel),
    legend(run),
  );
  const from = (id) => {
    chosen(id, true);
    outer.scrollIntoView({ block: "start" });
  };
  return { element: outer, fit: view.fit, chosen: from, choose: (id) => chosen(id, true) };
}

/** How many nodes are in which state, and how to go about the graph. */
function legend(run) {
  const counts = new Map();
  const count = (state) => counts.set(state, (counts.get(state) || 0) + 1);
  const known = new Set(run.report.nodes.map((node) => node.id));
  for (const node of run.report.nodes) count(node.state);
  for (const box of run.drawing.boxes) if (!known.has(box.id)) count("pending");
  const items = [...counts].map(([state, count]) =>
    el("li", {}, badge(state, stateOf(state).word), ` ${number(count)}`),
  );
  const own = run.drawing.own
    ? "The layout is graphrun's, since the file has no places for all of these nodes."
    : "";
  const how =
    "Click a node for its inputs, outputs and figures. Drag to move, Ctrl and the wheel to zoom; arrow keys go from node to node, Enter chooses one.";
  return el(
    "div",
    { class: "legend-line" },
    el("ul", { class: "states" }, items),
    el("p", { class: "quiet" }, `${how} ${own}`),
  );
}

function curves(run) {
  const [first, others] = epochCharts(run.report);
  const made = [...first, ...stepCharts(run)];
  if (!made.length && !others.length) return null;
  const more = others.length
    ? folded("More curves", others.length, el("div", { class: "charts" }, others))
    : null;
  return section("curves", "Curves", el("div", { class: "charts" }, made), more);
}

const kindOf = (name) => name.replace(/^(train|val|test)_/, "");

/** Charts of the figures that nodes told, those of one kind in one; losses and scores, then others. */
function epochCharts(report) {
  const kinds = new Map();
  for (const [label, across, entries, best] of histories(report)) {
    for (const name of new Set(entries.flatMap(Object.keys))) {
      if (BARE.includes(name) || entries.some((entry) => Array.isArray(entry[name]))) continue;
      const points = entries
        .map((entry, index) => [across ? entry[across] : index + 1, entry[name]])
        .filter(([, y]) => y !== undefined);
      const kind = SCORES.includes(kindOf(name)) ? "scores" : kindOf(name);
      const key = `${kind} ${across || "call"}`;
      const told = label ? `${label}: ${spoken(name)}` : spoken(name);
      const one = {
        name: told,
        points: points.map(([x, y]) => [x, typeof y === "number" ? y : NaN]),
        dashed: name.startsWith("train_"),
        mark: name === "val_loss" ? best : undefined,
      };
      kinds.set(key, [...(kinds.get(key) || []), one]);
    }
  }
  const told = [...kinds].filter(([, series]) => series.some(moves));
  const made = (keys) =>
    told
      .filter(([key]) => keys(key.split(" ")[0]))
      .map(([key, series]) => {
        const [kind, across] = key.split(" ");
        const alone = series.length === 1;
        const lines = series.map((one, i) => ({
          ...one,
          dashed: one.dashed && !alone,
          colour: i % COLOURS,
        }));
        return chart(spoken(kind), across, lines);
      });
  const rest = (kind) => kind !== "loss" && kind !== "scores";
  return [[...made((kind) => kind === "loss"), ...made((kind) => kind === "scores")], made(rest)];
}

/** Whether a series has something to show: more than one point, and not the same everywhere. */
const moves = (one) =>
  one.points.length > 1 && one.points.some((point) => point[1] !== one.points[0][1]);

/** By node: a label where there are several, what its figures go by, its entries, its best one. */
function histories(report) {
  const ids = [...new Set(report.metrics.history.map((entry) => entry.node))];
  const count = (id) => report.metrics.history.filter((entry) => entry.node === id).length;
  const several = ids.filter((id) => count(id) > 1).length > 1;
  return ids.map((id) => {
    const entries = report.metrics.history.filter((entry) => entry.node === id);
    const across =
      ["epoch", "step"].find((name) => entries.every((entry) => typeof entry[name] === "number")) ||
      null;
    const node = report.nodes.find((one) => one.id === id);
    const best = (report.metrics.best || {})[id];
    return [
      several ? `${id} ${node ? node.title : ""}`.trim() : "",
      across,
      entries,
      best && across ? best[across] : undefined,
    ];
  });
}

/** The loss as it was told from step to step. */
function stepCharts(run) {
  const ids = [...new Set(run.progress.map((entry) => entry.node))];
  return ids.flatMap((id) => {
    const points = run.progress
      .filter((entry) => entry.node === id && typeof entry.loss === "number")
      .map((entry) => [entry.step, entry.loss]);
    if (points.length < 3) return [];
    const node = run.report.nodes.find((one) => one.id === id);
    const label = ids.length > 1 && node ? ` (${node.title})` : "";
    return [chart(`loss while training${label}`, "step", [{ name: "loss", points, colour: 0 }])];
  });
}

function matrices(report) {
  const found = Object.entries(report.metrics.final).filter(([, value]) => Array.isArray(value));
  if (!found.length) return null;
  const parts = found.map(([name, value]) => {
    const content = isMatrix(value)
      ? confusion(value)
      : el("pre", { tabindex: "0" }, JSON.stringify(value));
    return el("div", {}, el("h3", {}, spoken(name)), content);
  });
  return section("matrices", "Tables of figures", parts);
}
