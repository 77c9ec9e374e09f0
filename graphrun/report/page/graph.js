// The graph: boxes, wires and groups at the places that the data has for them.

const FAR = 0.62; // below it, boxes have a large title and nothing else
const LONG = 0.1; // seconds from which a look from far tells a node's time
const FARTHEST = 0.11; // below it, only a colour

/**
 * Draws the graph of a run. `nodes` are those of the report by id; `chosen(id)` is called when one
 * is picked. Gives the element and `select(id)`.
 */
function graph(drawing, nodes, chosen) {
  const inside = draw("g", {});
  const large = titleSize(drawing);
  const svg = draw(
    "svg",
    { class: "graph", role: "group", "aria-label": "The graph of the run" },
    inside,
  );
  const boxes = new Map(drawing.boxes.map((box) => [box.id, box]));
  const wires = drawing.wires.map((one) => [one, wire(one)]);
  const shapes = new Map();
  for (const box of drawing.boxes) shapes.set(box.id, node(box, nodes.get(box.id), large));
  const bare = new Set(drawing.boxes);

  /** Rows of boxes are made when they are first near enough to be read. */
  function furnish(part) {
    for (const box of bare) {
      const aside = box.x > part.right || box.x + box.width < part.left;
      if (aside || box.y > part.bottom || box.y + box.height < part.top) continue;
      bare.delete(box);
      shapes.get(box.id).append(rows(box, nodes.get(box.id), drawing));
    }
  }
  inside.append(
    draw(
      "g",
      { class: "groups" },
      drawing.groups.filter((one) => one.width).map((one) => group(one, large)),
    ),
    draw(
      "g",
      { class: "wires" },
      wires.map(([, shape]) => shape),
    ),
    draw("g", {}, [...shapes.values()]),
  );
  const look = camera(svg, inside, drawing.width, drawing.height, (k, part) => {
    svg.classList.toggle("far", k < FAR);
    if (k >= FAR) furnish(part);
    svg.classList.toggle("farthest", k < FARTHEST);
  });
  let current = null;

  /** One node can be reached by the Tab key; arrow keys lead on from there. */
  function reachable(id) {
    for (const shape of shapes.values()) shape.setAttribute("tabindex", "-1");
    if (shapes.has(id)) shapes.get(id).setAttribute("tabindex", "0");
  }
  function select(id, centred) {
    if (current) shapes.get(current).classList.remove("selected");
    current = boxes.has(id) ? id : null;
    for (const [one, shape] of wires) {
      shape.classList.toggle(
        "near",
        current !== null && (one.source === current || one.target === current),
      );
    }
    svg.classList.toggle("picked", current !== null);
    if (!current) return;
    shapes.get(current).classList.add("selected");
    reachable(current);
    const box = boxes.get(current);
    if (centred) look.centre(box.x + box.width / 2, box.y + box.height / 2, FAR + 0.08);
    else look.reveal(box);
  }
  const idOf = (event) => event.target.closest?.(".node")?.dataset.id ?? null;
  svg.addEventListener("click", (event) => chosen(idOf(event)));
  svg.addEventListener("keydown", (event) => {
    const id = idOf(event);
    const near = id === null ? null : neighbour(boxes, id, event.key);
    if (id !== null && (event.key === "Enter" || event.key === " ")) chosen(id);
    else if (event.key === "Escape") chosen(null);
    else if (near !== null) {
      reachable(near);
      shapes.get(near).focus({ preventScroll: true });
      look.reveal(boxes.get(near));
    } else return;
    event.preventDefault();
  });
  if (drawing.boxes.length) reachable(drawing.boxes[0].id);

  const button = (text, label, press) =>
    el(
      "button",
      { type: "button", class: "small", "aria-label": label, title: label, onclick: press },
      text,
    );
  const tools = el(
    "div",
    { class: "tools" },
    search(drawing, nodes, chosen),
    el(
      "div",
      { class: "buttons" },
      button("−", "Smaller", () => look.zoom(1 / 1.3)),
      button("+", "Larger", () => look.zoom(1.3)),
      button("Fit", "Show the whole graph", () => look.fit()),
    ),
  );
  const element = el("div", { class: "canvas" }, tools, svg);
  // As high as the graph needs at the page's width, within reason.
  svg.style.setProperty("--ratio", (drawing.width / drawing.height).toFixed(3));
  svg.style.setProperty("--large", `${large}px`);
  return { element, select, fit: () => look.fit(), cover: look.cover };
}

/** Titles that can be read when the whole graph is seen, as far as boxes have room for them. */
function titleSize(drawing) {
  const scale = Math.min(innerWidth, 1180) / drawing.width;
  const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1] || 0;
  const tall = middle(drawing.boxes.map((box) => box.height)) * 0.4;
  const wide = middle(drawing.boxes.map((box) => box.width)) / 8;
  return Math.round(Math.max(15, Math.min(13 / scale, tall, wide)));
}

function wire(one) {
  const shape = draw("path", {
    class: "wire",
    d: one.path,
    stroke: `light-dark(hsl(${one.hue} 50% 40%), hsl(${one.hue} 50% 64%))`,
  });
  const told = () => draw("title", {}, `${one.type}: ${one.source} → ${one.target} ${one.input}`);
  shape.addEventListener("pointerenter", () => shape.append(told()), { once: true });
  return shape;
}

function group(one, large) {
  return draw(
    "g",
    { class: "group" },
    draw("rect", { x: one.x, y: one.y, width: one.width, height: one.height, rx: 10 }),
    draw("text", { x: one.x + 14, y: one.y + large * 0.8 + 6 }, one.title),
  );
}

function node(box, told, large) {
  const state = told ? told.state : "pending";
  const spent = told && told.seconds >= 0.0005 ? duration(told.seconds) : "";
  const label = `${box.id} ${box.title}, ${box.class_type}, ${stateOf(state).word}${spent ? `, ${spent}` : ""}`;
  const shape = draw(
    "g",
    {
      class: `node is-${state}`,
      transform: `translate(${box.x} ${box.y})`,
      role: "button",
      "aria-label": label,
    },
    draw("rect", { class: "body", width: box.width, height: box.height, rx: 8 }),
    big(box, large, told && told.seconds >= LONG ? spent : ""),
  );
  shape.dataset.id = box.id;
  return shape;
}

/** What is read from near: the head with title, state and time, sockets, values. */
function rows(box, told, drawing) {
  const spent = told && told.seconds >= 0.0005 ? duration(told.seconds) : "";
  const mark = `${stateOf(told ? told.state : "pending").mark} ${spent}`.trim();
  const room = (box.width - 24) / 7.1;
  const titled = cut(box.title, Math.max(room - mark.length - 1, 6));
  const row = (index) => drawing.head + (index + 0.5) * drawing.row + 4;
  const sockets = Math.max(box.inputs.length, box.outputs.length);
  const half = room / 2 - 1;
  return draw(
    "g",
    { class: "rows" },
    draw("path", { class: "head", d: top(box.width, drawing.head - 4) }),
    draw("text", { class: "title", x: 10, y: 20 }, titled),
    draw("text", { class: "mark", x: box.width - 10, y: 20, "text-anchor": "end" }, mark),
    box.inputs
      .map((name, i) => [
        draw("circle", { cx: 0, cy: row(i) - 4, r: 4 }),
        draw("text", { x: 12, y: row(i) }, cut(name, box.outputs.length > i ? half : room)),
      ])
      .flat(),
    box.outputs
      .map((name, i) => [
        draw("circle", { cx: box.width, cy: row(i) - 4, r: 4 }),
        draw(
          "text",
          { class: "out", x: box.width - 12, y: row(i), "text-anchor": "end" },
          cut(name, half),
        ),
      ])
      .flat(),
    box.values.map(([name, value], i) =>
      draw(
        "text",
        { class: "value", x: 12, y: row(sockets + i) },
        `${cut(name, half)}: `,
        draw("tspan", {}, cut(value, Math.max(room - Math.min(name.length, half) - 2, 4))),
      ),
    ),
  );
}

/** The head's shape: round above, straight below. */
const top = (width, height) =>
  `M1 ${height}V8A7 7 0 0 1 8 1H${width - 8}A7 7 0 0 1 ${width - 1} 8V${height}Z`;

/** The title in at most two lines, and the time if it matters, for a look from far. */
function big(box, large, spent) {
  const room = Math.max(Math.floor((box.width - 16) / (large * 0.56)), 4);
  const lines = [];
  for (const word of box.title.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && `${last} ${word}`.length <= room)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const most = Math.max(1, Math.min(2, Math.floor(box.height / (large * 1.2))));
  if (lines.length > most) lines.splice(most - 1, lines.length, lines.slice(most - 1).join(" "));
  const timed = spent && box.height > (lines.length + 1.4) * large * 1.15;
  const count = lines.length + (timed ? 1 : 0);
  const first = box.height / 2 + large * 0.35 - ((count - 1) * large * 1.15) / 2;
  const at = (i) => ({ x: box.width / 2, y: first + i * large * 1.15 });
  const spans = lines.map((text, i) => draw("tspan", at(i), cut(text, room)));
  if (timed) spans.push(draw("tspan", { class: "spent", ...at(lines.length) }, spent));
  return draw("text", { class: "big", "text-anchor": "middle" }, spans);
}

/** The nearest box in the direction of an arrow key. */
function neighbour(boxes, id, key) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (!way) return null;
  const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
  const from = middle(boxes.get(id));
  let best = null;
  let least = Infinity;
  for (const [other, box] of boxes) {
    const to = middle(box);
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const along = dx * way[0] + dy * way[1];
    const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
    if (other !== id && along > 1 && along + 2 * aside < least)
      [best, least] = [other, along + 2 * aside];
  }
  return best;
}

/** Finds nodes by id, title or class; Enter goes from one to the next. */
function search(drawing, nodes, chosen) {
  const told = el("span", { class: "found", role: "status" });
  let found = [];
  let at = -1;
  const input = el("input", {
    type: "search",
    placeholder: "Find a node",
    "aria-label": "Find a node by id, title, class or state",
  });
  const next = (step) => {
    if (!found.length) return;
    at = (at + step + found.length) % found.length;
    told.textContent = `${at + 1} of ${found.length}`;
    chosen(found[at], true);
  };
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    const text = (box) =>
      `${box.id} ${box.title} ${box.class_type} ${stateOf(nodes.get(box.id)?.state).word}`.toLowerCase();
    found = wanted
      ? drawing.boxes.filter((box) => text(box).includes(wanted)).map((box) => box.id)
      : [];
    found.sort((a, b) => (b === wanted) - (a === wanted));
    at = -1;
    told.textContent = wanted && !found.length ? "none" : "";
    if (wanted) next(1);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") next(event.shiftKey ? -1 : 1);
  });
  return el("div", { class: "search" }, input, told);
}
