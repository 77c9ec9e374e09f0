// Several runs beside each other. The first is what the others are compared with.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

const nameOf = (index) => (index < 26 ? LETTERS[index] : `#${index + 1}`);

const isSmallBetter = (name) => /loss|error|seconds|time/.test(name);

function comparison(data) {
  const figures = namesOf(data.runs.map((run) => run.metrics.final));
  const parts = [
    overview(data, figures),
    overlaid(data),
    best(data),
    others(data),
    timesBeside(data),
  ];
  return { parts: parts.filter(Boolean), fit: null, choose: null };
}

function comparedHeading(data) {
  const names = [...new Set(data.runs.map((run) => base(run.name)))];
  const told = data.runs.filter((run) => run.status === "success").length;
  return el(
    "header",
    { class: "title" },
    el(
      "h1",
      {},
      `${data.runs.length} runs of ${names.length > 2 ? `${names.length} documents` : names.join(" and ")}`,
    ),
    el(
      "p",
      { class: "quiet" },
      `${told} of ${data.runs.length} succeeded. Small numbers are differences from ${nameOf(0)}.`,
    ),
  );
}

/** Names of figures that are numbers in some run, those of validations first. */
function namesOf(sides) {
  const names = [...new Set(sides.flatMap((side) => Object.keys(side || {})))];
  const good = names.filter(
    (name) => !BARE.includes(name) && sides.some((side) => side && typeof side[name] === "number"),
  );
  return inRank(good);
}

function runName(run, index) {
  const letter = el("span", { class: `letter colour-${index % COLOURS}` }, nameOf(index));
  return el(
    "span",
    { class: "run" },
    letter,
    run.href ? el("a", { href: run.href }, run.folder) : run.folder,
  );
}

/** A number with its difference from the first run's; the best of a column is marked. */
function cell(values, index, name) {
  const value = values[index];
  if (typeof value !== "number")
    return { value: null, show: value === undefined || value === null ? "–" : String(value) };
  const first = values[0];
  const delta =
    index && typeof first === "number"
      ? el("span", { class: "delta" }, change(value - first))
      : null;
  const known = values.filter((one) => typeof one === "number");
  const top = isSmallBetter(name) ? Math.min(...known) : Math.max(...known);
  const ranked =
    (isSmallBetter(name) || SCORES.includes(kindOf(name))) &&
    known.length > 1 &&
    Math.min(...known) !== Math.max(...known);
  const shown =
    ranked && value === top
      ? el("strong", { class: "top", title: "best of these runs" }, number(value))
      : number(value);
  return { value, show: el("span", {}, shown, delta) };
}

function overview(data, figures) {
  const columns = ["run", "status", "time", ...data.values.map(columnOf), ...figures.map(spoken)];
  const seconds = data.runs.map((run) => run.seconds);
  const rows = data.runs.map((run, index) => [
    { value: run.folder, show: runName(run, index) },
    { value: run.status, show: badge(asState(run.status), run.status) },
    {
      value: seconds[index],
      show: el(
        "span",
        {},
        duration(seconds[index]),
        index
          ? el("span", { class: "delta" }, change(seconds[index] - seconds[0], duration))
          : null,
      ),
    },
    ...data.values.map((one) => setting(one.values, index)),
    ...figures.map((name) =>
      cell(
        data.runs.map((other) => other.metrics.final[name]),
        index,
        name,
      ),
    ),
  ]);
  const failed = data.runs.flatMap((run, index) =>
    run.error ? [el("p", {}, `${nameOf(index)}: `, run.error.message)] : [],
  );
  const broken = failed.length ? el("div", { class: "problem is-error" }, failed) : null;
  return section("runs", "Final figures", grid("Final figures of the runs", columns, rows), broken);
}

const columnOf = (one) =>
  el("span", {}, one.input, el("span", { class: "of" }, `${one.node} ${cut(one.title, 28)}`));

/** A value of the prompt that is not the same in all runs. */
function setting(values, index) {
  const value = values[index];
  const differs = JSON.stringify(value) !== JSON.stringify(values[0]);
  const literal =
    value && typeof value === "object" && "__value__" in value ? value.__value__ : value;
  const text = typeof literal === "number" ? String(literal) : plain(literal);
  return {
    value: typeof literal === "object" ? text : literal,
    show: differs ? el("mark", {}, cut(text, 60)) : cut(text, 60),
  };
}

/** Figures of the epochs with the lowest validation loss. */
function best(data) {
  const sides = data.runs.map((run) => {
    const found = Object.values(run.metrics.best || {});
    return found.sort((a, b) => a.val_loss - b.val_loss)[0];
  });
  if (!sides.some(Boolean)) return null;
  const names = namesOf(sides);
  const rows = data.runs.map((run, index) => [
    { value: run.folder, show: runName(run, index) },
    sides[index] ? (sides[index].epoch ?? null) : null,
    ...names.map((name) =>
      cell(
        sides.map((side) => side && side[name]),
        index,
        name,
      ),
    ),
  ]);
  return section(
    "best",
    "Epochs with the lowest validation loss",
    grid("Best epochs of the runs", ["run", "epoch", ...names.map(spoken)], rows),
  );
}

const FEW = 4; // runs whose trainings and validations share a chart

/** One chart a kind of figure, or of many runs a figure, with a colour a run. */
function overlaid(data) {
  const apart = data.runs.length > FEW;
  const charts = new Map();
  data.runs.forEach((run, index) => {
    for (const [label, across, entries] of histories(run)) {
      for (const name of new Set(entries.flatMap(Object.keys))) {
        const points = entries
          .map((entry, i) => [across ? entry[across] : i + 1, entry[name]])
          .filter(([, y]) => typeof y === "number");
        if (BARE.includes(name) || !points.length) continue;
        const key = `${apart ? name : kindOf(name)} ${across || "call"}`;
        const one = {
          name: [nameOf(index), label, apart ? "" : spoken(name)].filter(Boolean).join(" "),
          points,
          colour: index % COLOURS,
          dashed: !apart && name.startsWith("train_"),
        };
        charts.set(key, [...(charts.get(key) || []), one]);
      }
    }
  });
  return curvesOf(charts);
}

function curvesOf(charts) {
  const first = ["loss", "val_loss", "accuracy", "val_accuracy", "train_loss", "f1", "auc"];
  const rank = (key) => (first.indexOf(key.split(" ")[0]) + 99) % 99;
  const made = [...charts]
    .filter(([, series]) => series.some(moves))
    .sort(([a], [b]) => rank(a) - rank(b))
    .map(([key, series]) => chart(spoken(key.split(" ")[0]), key.split(" ")[1], series));
  if (!made.length) return null;
  const rest = made.splice(3);
  const more = rest.length
    ? folded("More curves", rest.length, el("div", { class: "charts" }, rest))
    : null;
  return section("curves", "Curves", el("div", { class: "charts" }, made), more);
}

/** Differences that are no values: nodes, wiring, settings, versions. */
function others(data) {
  const parts = [];
  data.changes.forEach((list, index) => {
    if (!list.length) return;
    const items = list.slice(0, 200).map((one) => el("li", {}, changed(one)));
    parts.push(
      el("h3", {}, `The graph of ${nameOf(index)}`),
      el("ul", { class: "changes" }, items),
    );
  });
  const rows = Object.entries(data.facts).map(([name, values]) => [
    name,
    ...values.map((value, i) => ({
      value,
      show:
        i && value !== values[0] ? el("mark", {}, cut(plain(value), 80)) : cut(plain(value), 80),
    })),
  ]);
  if (rows.length) {
    const columns = ["setting", ...data.runs.map((_, index) => nameOf(index))];
    parts.push(
      el("h3", {}, "Settings, versions, machine"),
      grid("What the runs differ in", columns, rows),
    );
  }
  if (!parts.length)
    parts.push(el("p", { class: "quiet" }, "Graphs, settings and versions are the same."));
  return section("differences", "What else differs", parts);
}

function changed(one) {
  if (one.kind === "only_a") return `− ${one.a}`;
  if (one.kind === "only_b") return `+ ${one.b}`;
  return `~ ${one.a}: ${one.input} ${one.before} → ${one.after}`;
}

function timesBeside(data) {
  const known = new Map();
  data.runs.forEach((run, index) => {
    for (const node of run.nodes) {
      const key = `${node.id} ${node.class_type}`;
      if (!known.has(key))
        known.set(key, {
          title: node.title,
          id: node.id,
          seconds: data.runs.map(() => null),
          states: [],
        });
      known.get(key).seconds[index] = node.seconds;
      known.get(key).states[index] = node.state;
    }
  });
  const most = (one) => Math.max(...one.seconds.map((value) => value || 0));
  const order = [...known.values()]
    .filter((one) => most(one) >= 0.0005)
    .sort((a, b) => most(b) - most(a));
  if (!order.length) return null;
  const rows = order.slice(0, 40).map((one) => [
    `${one.title} (${one.id})`,
    ...one.seconds.map((value, i) => {
      if (value === null) return { value: null, show: "–" };
      if (one.states[i] !== "finished")
        return { value, show: badge(one.states[i], stateOf(one.states[i]).word) };
      const first = one.seconds[0];
      const both = i && one.states[0] === "finished";
      const apart = both && Math.abs(value - first) >= 0.05;
      return {
        value,
        show: el(
          "span",
          {},
          duration(value),
          apart ? el("span", { class: "delta" }, change(value - first, duration)) : null,
        ),
      };
    }),
  ]);
  const columns = ["node", ...data.runs.map((_, index) => nameOf(index))];
  return section("times", "Times of the nodes", grid("Times of the nodes", columns, rows));
}
