// Tables: names with values, rows that can be sorted, counts by class.

function plain(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  if (typeof value === "number") return number(value);
  return JSON.stringify(value);
}

/** Names with values; a value may be an element. */
function facts(pairs) {
  const rows = pairs.map(([name, value]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, name),
      el("td", {}, value instanceof Node ? value : plain(value)),
    ),
  );
  return scrolling("", el("table", { class: "facts" }, el("tbody", {}, rows)));
}

/** What is too wide scrolls by itself, also by keyboard, and not the page. */
function scrolling(label, table) {
  const named = label ? { tabindex: "0", role: "region", "aria-label": label } : {};
  return el("div", { class: label ? "scrolling framed" : "scrolling", ...named }, table);
}

/**
 * Rows under headers. A cell is text, an element, or {value, show} of which `value` is sorted by;
 * columns with numbers are aligned to the right.
 */
function grid(label, columns, rows) {
  const body = el("tbody", {});
  let shown = rows;
  let order = { column: -1, up: true };
  const headers = columns.map((column, index) => {
    const press = () => {
      order = { column: index, up: order.column === index ? !order.up : true };
      shown = [...rows].sort((a, b) => compared(a[index], b[index]) * (order.up ? 1 : -1));
      refresh();
    };
    const button = el("button", { type: "button", onclick: press }, column);
    return el("th", { scope: "col", class: isNumeric(rows, index) ? "number" : null }, button);
  });
  function refresh() {
    headers.forEach((header, index) => {
      if (index === order.column) {
        header.setAttribute("aria-sort", order.up ? "ascending" : "descending");
      } else header.removeAttribute("aria-sort");
    });
    body.replaceChildren(...shown.map((row) => line(row, rows)));
  }
  refresh();
  return scrolling(
    label,
    el("table", { class: "grid" }, el("thead", {}, el("tr", {}, headers)), body),
  );
}

function line(row, rows) {
  return el(
    "tr",
    {},
    row.map((cell, index) => {
      const attributes = { class: isNumeric(rows, index) ? "number" : null };
      const content = shownOf(cell);
      return index
        ? el("td", attributes, content)
        : el("th", { scope: "row", ...attributes }, content);
    }),
  );
}

const isCell = (cell) => cell !== null && typeof cell === "object" && !(cell instanceof Node);

const valueOf = (cell) =>
  isCell(cell) ? cell.value : cell instanceof Node ? cell.textContent : cell;

const shownOf = (cell) => (isCell(cell) ? cell.show : cell instanceof Node ? cell : plain(cell));

const isNumeric = (rows, index) =>
  index > 0 &&
  rows.some((row) => typeof valueOf(row[index]) === "number") &&
  rows.every(
    (row) =>
      ["number", "undefined"].includes(typeof valueOf(row[index])) || valueOf(row[index]) === null,
  );

function compared(left, right) {
  const [a, b] = [valueOf(left), valueOf(right)];
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

const isMatrix = (value) =>
  Array.isArray(value) &&
  value.length > 1 &&
  value.every((row) => Array.isArray(row) && row.length === value.length);

/** Rows of each class by the answer that they got, with the figures of every class. */
function confusion(matrix) {
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  const columns = matrix.map((_, answer) => total(matrix.map((row) => row[answer])));
  const ratio = (part, whole) => (whole ? (part / whole).toFixed(3) : "–");
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "class"),
    matrix.map((_, answer) => el("th", { scope: "col" }, `→ ${answer}`)),
    ["recall", "precision", "F1", "rows"].map((word) =>
      el("th", { scope: "col", class: "figure" }, word),
    ),
  );
  const rows = matrix.map((row, index) => {
    const all = total(row);
    const cells = row.map((count, answer) => {
      const cell = el(
        "td",
        { class: index === answer ? "heat right" : "heat wrong" },
        number(count),
      );
      cell.style.setProperty("--share", all ? (count / all).toFixed(3) : "0");
      cell.title = `class ${index}, answered ${answer}: ${count} of ${all}`;
      return cell;
    });
    const figures = [
      ratio(row[index], all),
      ratio(row[index], columns[index]),
      ratio(2 * row[index], all + columns[index]),
      number(all),
    ];
    return el(
      "tr",
      {},
      el("th", { scope: "row" }, String(index)),
      cells,
      figures.map((text) => el("td", { class: "figure" }, text)),
    );
  });
  const told = el(
    "p",
    { class: "quiet" },
    "Rows of the validation: their class down, what was answered across.",
  );
  const table = el("table", { class: "confusion" }, el("thead", {}, head), el("tbody", {}, rows));
  return el("div", {}, told, scrolling("Confusion matrix", table));
}
