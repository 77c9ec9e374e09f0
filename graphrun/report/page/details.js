// What is known of one node.

/** The panel beside the graph; `chosen(id)` leads to another node. */
function details(run, id, chosen) {
  const node = run.report.nodes.find((one) => one.id === id);
  const entry = run.prompt ? run.prompt[id] : null;
  const title = node ? node.title : (entry && entry._meta && entry._meta.title) || id;
  const kind = node ? node.class_type : entry ? entry.class_type : "";
  const state = node ? node.state : "pending";
  return [
    el("h3", {}, title),
    el("p", { class: "quiet" }, `${id} · ${kind}`),
    el(
      "p",
      { class: "badges" },
      badge(state, stateOf(state).word),
      node && node.seconds >= 0.0005 ? el("span", { class: "chip" }, duration(node.seconds)) : null,
      node && node.peak_mb
        ? el("span", { class: "chip" }, `peak ${number(Math.round(node.peak_mb))} MiB`)
        : null,
    ),
    node && node.blocked_by
      ? el("p", {}, "It needs ", leading(run, node.blocked_by, chosen), ", which failed.")
      : null,
    ...(run.report.failures || []).filter((one) => one.node === id).map((one) => problem(one)),
    part("Inputs", entry && inputs(run, entry, chosen)),
    part("Outputs", node && outputs(run, node, chosen)),
    part("Figures", figuresOf(run, id)),
    part("Texts", textsOf(node)),
    part("Files", node && node.files ? fileList(run, node.files) : null),
    part("Added nodes", added(run, id)),
    ...run.report.notices.filter((one) => one.node === id).map((one) => problem(one)),
    node && node.identity
      ? el(
          "p",
          { class: "quiet mono", title: node.identity },
          `identity ${node.identity.slice(0, 16)}…`,
        )
      : null,
  ];
}

const part = (title, content) => (content ? [el("h4", {}, title), content] : null);

function leading(run, id, chosen) {
  const node = run.report.nodes.find((one) => one.id === id);
  const entry = run.prompt && run.prompt[id];
  const title = node
    ? node.title
    : entry
      ? (entry._meta && entry._meta.title) || entry.class_type
      : "";
  return el(
    "button",
    { type: "button", class: "link", onclick: () => chosen(id, true) },
    `${id} ${title}`.trim(),
  );
}

const isLink = (value) =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === "string";

function inputs(run, entry, chosen) {
  const rows = Object.entries(entry.inputs);
  if (!rows.length) return null;
  return facts(
    rows.map(([name, value]) => {
      if (isLink(value))
        return [
          name,
          el("span", {}, leading(run, value[0], chosen), value[1] ? `, output ${value[1]}` : ""),
        ];
      const literal =
        value && typeof value === "object" && "__value__" in value ? value.__value__ : value;
      const text = typeof literal === "string" ? literal : JSON.stringify(literal);
      return [name, text.length > 120 || text.includes("\n") ? el("pre", {}, text) : text];
    }),
  );
}

function outputs(run, node, chosen) {
  const readers = new Map();
  for (const [id, entry] of Object.entries(run.prompt || {})) {
    for (const [name, value] of Object.entries(entry.inputs)) {
      if (isLink(value) && value[0] === node.id) {
        readers.set(value[1], [...(readers.get(value[1]) || []), [id, name]]);
      }
    }
  }
  const slots = Math.max(node.outputs.length, ...[...readers.keys()].map((slot) => slot + 1), 0);
  if (!slots) return null;
  return facts(
    Array.from({ length: slots }, (_, slot) => {
      const links = (readers.get(slot) || []).map(([id, name]) =>
        el("div", {}, "→ ", leading(run, id, chosen), ` ${name}`),
      );
      return [String(slot), el("span", {}, node.outputs[slot] || "", links)];
    }),
  );
}

function figuresOf(run, id) {
  const told = run.report.metrics.history.filter((entry) => entry.node === id);
  if (!told.length) return null;
  const last = Object.assign({}, ...told);
  const rows = Object.entries(last).filter(
    ([name, value]) => !["node", "time"].includes(name) && !Array.isArray(value),
  );
  return facts(rows.map(([name, value]) => [spoken(name), number(value)]));
}

function textsOf(node) {
  const texts = node && node.ui.text ? node.ui.text : [];
  return texts.length
    ? el(
        "div",
        {},
        texts.map((text) => el("pre", { tabindex: "0" }, plain(text))),
      )
    : null;
}

function added(run, id) {
  const own = run.report.nodes.filter((one) => one.display_id === id && one.id !== id);
  if (!own.length) return null;
  return facts(
    own.map((one) => [
      one.id,
      `${one.class_type}, ${stateOf(one.state).word}, ${duration(one.seconds)}`,
    ]),
  );
}

/** Files with their sizes, linked where they still are. */
function fileList(run, paths) {
  const items = paths.map((path) => {
    const known = run.files[path];
    const name = base(path) || path;
    if (!known || known.missing)
      return el("li", {}, el("span", { class: "quiet", title: path }, `${name} (no longer there)`));
    const bytes =
      known.bytes === undefined ? null : el("span", { class: "quiet" }, ` ${size(known.bytes)}`);
    return el("li", {}, el("a", { href: known.href, title: path }, name), bytes);
  });
  return el("ul", { class: "files" }, items);
}

/** A failure or notice: where, what, the way out, and the traceback folded. */
function problem(one, chosen) {
  const given = Object.entries(one.inputs || {});
  return el(
    "div",
    { class: `problem is-${one.severity}` },
    el(
      "p",
      { class: "place" },
      el("strong", {}, one.code),
      one.position ? el("span", { class: "mono" }, one.position) : null,
    ),
    el("p", { class: "message" }, one.message),
    one.hint ? el("p", { class: "hint" }, one.hint) : null,
    chosen && one.node
      ? el(
          "p",
          {},
          el(
            "button",
            { type: "button", class: "link", onclick: () => chosen(one.node) },
            `Show node ${one.node}`,
          ),
        )
      : null,
    given.length ? folded("What it was given", given.length, facts(given)) : null,
    one.traceback ? folded("Traceback", null, el("pre", { tabindex: "0" }, one.traceback)) : null,
  );
}
