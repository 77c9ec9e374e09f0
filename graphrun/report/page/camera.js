// The view of a picture that is larger than its place: moved, made larger and smaller, fitted.

const CLOSEST = 2.5;

/**
 * Looks at `inside`, a group of `svg`, of the given size. `looked(scale, part)` is told of every
 * look, with the edges of the part of the picture that is seen. The wheel makes it larger only with Ctrl,
 * or once the picture was clicked: until then it scrolls the page, and so does one finger.
 */
function camera(svg, inside, width, height, looked) {
  let covered = 0; // pixels at the right that a panel lies over
  let view = { x: 0, y: 0, k: 1 };
  let target = null;
  const fingers = new Map();
  let moved = 0;

  const box = () => ({ w: Math.max(svg.clientWidth - covered, 1), h: svg.clientHeight || 1 });
  function cover(pixels) {
    covered = pixels;
    if (target === "fit") fit();
  }

  function fitted() {
    const { w, h } = box();
    const k = Math.min(w / width, h / height, 1.2);
    return { k, x: (w - width * k) / 2, y: (h - height * k) / 2 };
  }
  function set(next) {
    view = next;
    inside.setAttribute(
      "transform",
      `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.k.toFixed(4)})`,
    );
    const { w, h } = box();
    const edges = { left: -view.x / view.k, top: -view.y / view.k };
    looked(view.k, {
      ...edges,
      right: edges.left + (w + covered) / view.k,
      bottom: edges.top + h / view.k,
    });
  }
  function zoom(factor, cx = box().w / 2, cy = box().h / 2) {
    const least = Math.min(fitted().k / 2, 0.5);
    const k = Math.max(least, Math.min(view.k * factor, CLOSEST));
    target = null;
    set({ k, x: cx - ((cx - view.x) / view.k) * k, y: cy - ((cy - view.y) / view.k) * k });
  }
  function pan(dx, dy) {
    target = null;
    set({ ...view, x: view.x + dx, y: view.y + dy });
  }
  function fit() {
    target = "fit";
    set(fitted());
  }
  /** Bring a place of the picture to the middle, and near enough to read it. */
  function centre(x, y, least) {
    const { w, h } = box();
    const k = Math.max(view.k, least);
    target = null;
    set({ k, x: w / 2 - x * k, y: h / 2 - y * k });
  }
  /** Move only as far as a box needs to be seen. */
  function reveal(one) {
    const { w, h } = box();
    const [left, top] = [view.x + one.x * view.k, view.y + one.y * view.k];
    const [right, bottom] = [left + one.width * view.k, top + one.height * view.k];
    const dx = left < 12 ? 12 - left : right > w - 12 ? w - 12 - right : 0;
    const dy = top < 12 ? 12 - top : bottom > h - 12 ? h - 12 - bottom : 0;
    if (dx || dy) pan(dx, dy);
  }

  const at = (event) => {
    const place = svg.getBoundingClientRect();
    return [event.clientX - place.left, event.clientY - place.top];
  };
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey && !svg.classList.contains("active")) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), ...at(event));
    },
    { passive: false },
  );
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    fingers.set(event.pointerId, at(event));
    moved = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = at(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    const other = [...fingers].find(([id]) => id !== event.pointerId);
    fingers.set(event.pointerId, now);
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < 4) return;
    if (!svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
    if (other) {
      const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
      pan(dx / 2, dy / 2);
      zoom(apart(now, other[1]) / apart(before, other[1]), ...other[1]);
    } else pan(dx, dy);
  });
  const up = (event) => fingers.delete(event.pointerId);
  svg.addEventListener("pointerup", up);
  svg.addEventListener("pointercancel", up);
  svg.addEventListener(
    "click",
    (event) => {
      if (moved >= 4) event.stopImmediatePropagation(); // the end of a move is no click
    },
    true,
  );
  document.addEventListener("pointerdown", (event) => {
    svg.classList.toggle("active", svg.contains(event.target));
  });
  new ResizeObserver(() => target === "fit" && fit()).observe(svg);

  return { fit, zoom, centre, reveal, cover };
}
