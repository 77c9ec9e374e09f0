// Curves. A chart is drawn anew at every width, so that its words stay readable.

const HEIGHT = 230;
const EDGE = { left: 52, right: 14, top: 12, bottom: 26 };
const COLOURS = 8;

/** Round numbers from low to high, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999);
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    found.push(Number((i * step).toPrecision(12)));
  }
  return found;
}

const short = (value) => {
  const large = Math.abs(value);
  if (large >= 1e4)
    return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
  return large && large < 1e-3 ? value.toExponential(0) : String(Number(value.toPrecision(4)));
};

/**
 * A chart of series {name, points: [[x, y]], colour, dashed, mark: x of a point to ring}.
 * Where there is a single line, it needs no legend.
 */
function chart(title, across, series) {
  const hidden = new Set();
  const place = el("div", { class: "plot" });
  const told = el("div", { class: "told", role: "status", hidden: true });
  place.append(told);
  const legend = el(
    "ul",
    { class: "legend" },
    series.map((one) => key(one)),
  );
  const caption = el("figcaption", {}, title, el("span", { class: "quiet" }, ` by ${across}`));
  const figure = el(
    "figure",
    { class: "chart" },
    caption,
    series.length > 1 ? legend : null,
    place,
    values(across, series),
  );
  let last = 0;

  function key(one) {
    const toggle = (event) => {
      hidden.has(one) ? hidden.delete(one) : hidden.add(one);
      event.currentTarget.setAttribute("aria-pressed", String(!hidden.has(one)));
      last = 0;
      render();
    };
    const swatch = el("span", {
      class: `swatch colour-${one.colour}${one.dashed ? " dashed" : ""}`,
    });
    const attributes = { type: "button", "aria-pressed": "true", onclick: toggle };
    return el("li", {}, el("button", attributes, swatch, one.name));
  }

  function render() {
    const width = Math.floor(place.clientWidth);
    if (!width || width === last) return;
    last = width;
    const shown = series.filter((one) => !hidden.has(one));
    const old = place.querySelector("svg");
    if (old) old.remove();
    told.hidden = true;
    place.prepend(plot(title, across, shown, width, told));
  }

  new ResizeObserver(render).observe(place);
  requestAnimationFrame(render);
  return figure;
}

function scales(shown, width) {
  const points = shown.flatMap((one) => one.points).filter(([, y]) => Number.isFinite(y));
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const span = (values) => [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ];
  let [low, high] = points.length ? span(ys) : [0, 1];
  const [first, end] = points.length ? span(xs) : [0, 1];
  const air = (high - low || Math.abs(high) || 1) * 0.08;
  low = low >= 0 ? Math.max(0, low - air) : low - air;
  high += air;
  const inner = { w: width - EDGE.left - EDGE.right, h: HEIGHT - EDGE.top - EDGE.bottom };
  return {
    low,
    high,
    first,
    end,
    x: (value) =>
      EDGE.left + (end === first ? inner.w / 2 : ((value - first) / (end - first)) * inner.w),
    y: (value) => EDGE.top + (1 - (value - low) / (high - low)) * inner.h,
  };
}

function axes(scale, width) {
  const whole = (value) => Number.isInteger(value);
  const ups = ticks(scale.low, scale.high, 5).flatMap((value) => [
    draw("line", {
      class: "rule",
      x1: EDGE.left,
      x2: width - EDGE.right,
      y1: scale.y(value),
      y2: scale.y(value),
    }),
    draw("text", { x: EDGE.left - 8, y: scale.y(value) + 4, "text-anchor": "end" }, short(value)),
  ]);
  const rights = ticks(scale.first, scale.end, width > 420 ? 8 : 5)
    .filter(whole)
    .map((value) =>
      draw("text", { x: scale.x(value), y: HEIGHT - 6, "text-anchor": "middle" }, short(value)),
    );
  return [...ups, ...rights];
}

function plot(title, across, shown, width, told) {
  const scale = scales(shown, width);
  const lines = shown.flatMap((one) => curve(one, scale));
  const rule = draw("line", {
    class: "at",
    y1: EDGE.top,
    y2: HEIGHT - EDGE.bottom,
    visibility: "hidden",
  });
  const label = `${title} by ${across}: ${shown.map(summary).join("; ")}. Arrow keys go from point to point.`;
  const attributes = {
    width,
    height: HEIGHT,
    viewBox: `0 0 ${width} ${HEIGHT}`,
    role: "img",
    tabindex: "0",
    "aria-label": label,
  };
  const svg = draw("svg", attributes, axes(scale, width), rule, lines);
  const stops = [...new Set(shown.flatMap((one) => one.points.map((p) => p[0])))].sort(
    (a, b) => a - b,
  );
  let at = -1;

  function show(index) {
    if (!stops.length) return;
    at = Math.max(0, Math.min(index, stops.length - 1));
    const x = scale.x(stops[at]);
    fill(rule, { x1: x, x2: x, visibility: "visible" }, []);
    const found = shown.map((one) => [one, one.points.find((p) => p[0] === stops[at])]);
    const rows = found
      .filter(([, point]) => point)
      .map(([one, point]) =>
        el(
          "div",
          {},
          el("span", { class: `swatch colour-${one.colour}` }),
          `${one.name} ${number(point[1])}`,
        ),
      );
    told.replaceChildren(el("strong", {}, `${across} ${number(stops[at])}`), ...rows);
    told.hidden = false;
    const left = Math.min(Math.max(x + 12, 0), width - told.offsetWidth - 4);
    told.style.left = `${x + 12 + told.offsetWidth > width ? Math.max(x - 12 - told.offsetWidth, 0) : left}px`;
  }
  function hide() {
    told.hidden = true;
    rule.setAttribute("visibility", "hidden");
  }
  svg.addEventListener("pointermove", (event) => {
    const x = event.clientX - svg.getBoundingClientRect().left;
    const far = stops.map((stop) => Math.abs(scale.x(stop) - x));
    show(far.indexOf(Math.min(...far)));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    show(at < 0 ? (step > 0 ? 0 : stops.length - 1) : at + step);
  });
  return svg;
}

function curve(one, scale) {
  let pen = "M";
  let path = "";
  for (const [x, y] of one.points) {
    if (Number.isFinite(y)) {
      path += `${pen}${scale.x(x).toFixed(1)} ${scale.y(y).toFixed(1)}`;
      pen = "L";
    } else pen = "M"; // a loss that is no number leaves a gap
  }
  const classes = `curve colour-${one.colour}${one.dashed ? " dashed" : ""}`;
  const dots = one.points.length > 40 ? [] : one.points.filter((p) => Number.isFinite(p[1]));
  const rings = one.points.filter((p) => p[0] === one.mark && Number.isFinite(p[1]));
  return [
    draw("path", { class: classes, d: path || "M0 0" }),
    ...dots.map(([x, y]) =>
      draw("circle", { class: `dot colour-${one.colour}`, cx: scale.x(x), cy: scale.y(y), r: 3 }),
    ),
    ...rings.map(([x, y]) =>
      draw("circle", {
        class: `ring colour-${one.colour}`,
        cx: scale.x(x),
        cy: scale.y(y),
        r: 6.5,
      }),
    ),
  ];
}

function summary(one) {
  const last = one.points[one.points.length - 1];
  return last ? `${one.name} ends at ${number(last[1])}` : one.name;
}

/** The numbers behind a chart, for reading and copying. */
function values(across, series) {
  const stops = [...new Set(series.flatMap((one) => one.points.map((p) => p[0])))].sort(
    (a, b) => a - b,
  );
  return folded("Values", null, () => {
    const by = series.map((one) => new Map(one.points));
    const rows = stops.map((stop) => [stop, ...by.map((points) => points.get(stop) ?? null)]);
    return grid("Values of the chart", [across, ...series.map((one) => one.name)], rows);
  });
}
