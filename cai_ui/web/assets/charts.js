/* Charts: values under the pointer, the finger or the arrow keys, and a chart as PNG or CSV. All is read from the figure,
   which `kit/charts.py` writes. What is shown stands outside the figure, so that new values do not take it away. */
(() => {
  const SCALE = 2, WIDE = 900, PLOT = 320, LEFT = 80, RIGHT = 24;
  const look = (figure) => JSON.parse(figure.dataset.chart);
  const say = (chart, y) => (chart.percent ? `${+(100 * y).toPrecision(3)} %` : String(+y.toPrecision(4)));
  const steps = (chart) => [...new Set(chart.lines.flatMap((line) => line.points.map(([x]) => x)))].sort((a, b) => a - b);
  const nearest = (points, x) => points.reduce((best, one) => (one[1] !== null && (!best || Math.abs(one[0] - x) < Math.abs(best[0] - x)) ? one : best), null);

  const part = (id, ...more) => {
    const known = document.getElementById(id);
    if (known) return known;
    const made = Object.assign(document.createElement("div"), { id, hidden: true });
    for (const [name, value] of more) made.setAttribute(name, value);
    (document.querySelector(".gradio-container") || document.body).append(made);
    return made;
  };
  const tip = () => part("cai-chart-tip", ["role", "status"]);
  const cursor = () => part("cai-chart-cursor", ["aria-hidden", "true"]);
  const hide = () => { tip().hidden = cursor().hidden = true; };

  const show = (plot, x) => {
    const chart = look(plot.closest("figure")), box = plot.getBoundingClientRect();
    const [left, right] = chart.frame, share = right > left ? (x - left) / (right - left) : 0.5;
    const lines = chart.lines.map((line) => [line.name, nearest(line.points, x)]).filter(([, at]) => at);
    const head = document.createElement("strong");
    head.textContent = `${chart.x} ${x}`;
    tip().replaceChildren(head, ...lines.map(([name, at]) => {
      const row = document.createElement("div");
      row.textContent = `${name}: ${say(chart, at[1])}${at[0] === x ? "" : ` (at ${at[0]})`}`;
      return row;
    }));
    tip().hidden = cursor().hidden = false;
    const place = box.left + share * box.width, width = tip().offsetWidth;
    cursor().style.cssText = `left:${place}px; top:${box.top}px; height:${box.height}px`;
    tip().style.left = `${Math.max(4, Math.min(place + 12 + width > innerWidth ? place - 12 - width : place + 12, innerWidth - width - 4))}px`;
    tip().style.top = `${Math.max(4, Math.min(box.top + 8, innerHeight - tip().offsetHeight - 4))}px`;
    plot.dataset.at = x;
  };

  const plotOf = (event) => event.target instanceof Element && event.target.closest(".cai-chart-plot");
  for (const kind of ["pointermove", "pointerdown"]) {
    document.addEventListener(kind, (event) => {
      const plot = plotOf(event);
      if (!plot) return hide();
      const chart = look(plot.closest("figure")), box = plot.getBoundingClientRect(), [left, right] = chart.frame;
      const x = left + ((event.clientX - box.left) / box.width) * (right - left);
      show(plot, nearest(steps(chart).map((one) => [one, 0]), x)[0]);
    });
  }
  addEventListener("scroll", hide, true);
  document.addEventListener("focusout", hide);

  /* New values draw a chart anew: where it had the focus it has it again, at the same place. */
  let held = null;
  const again = new MutationObserver(() => {
    if (!held || held.plot.isConnected || ![null, document.body].includes(document.activeElement)) return;
    const figures = [...(document.getElementById(held.home)?.querySelectorAll("figure[data-chart]") ?? [])];
    const plot = figures.find((one) => look(one).title === held.title)?.querySelector(".cai-chart-plot");
    if (!plot) return;
    const at = held.plot.dataset.at;
    plot.focus({ preventScroll: true });
    if (at !== undefined) show(plot, Number(at));
  });
  document.addEventListener("focusin", (event) => {
    const plot = plotOf(event);
    held = plot && { plot, home: plot.closest("[id]")?.id, title: look(plot.closest("figure")).title };
    again.disconnect();
    if (held) again.observe(document.body, { childList: true, subtree: true });
  });
  document.addEventListener("focusout", (event) => {
    const left = plotOf(event);
    setTimeout(() => { if (held && held.plot === left && left.isConnected) held = null; });
  });

  /* Before the keys of the page, which mean something else outside of a chart. */
  document.addEventListener("keydown", (event) => {
    const plot = plotOf(event);
    if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return hide();
    const all = steps(look(plot.closest("figure"))), at = all.indexOf(Number(plot.dataset.at ?? NaN));
    const to = { ArrowLeft: at < 0 ? all.length - 1 : at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(plot, all[Math.max(0, Math.min(all.length - 1, to))]);
  }, true);

  /* As a file. A cell that a spreadsheet would take for a formula gets a mark before it. */
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && /^\s*[=+\-@]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const csv = (chart) => {
    const columns = chart.lines.map((line) => new Map(line.points));
    const heads = chart.lines.map((line) => (line.all > line.points.length ? `${line.name} (${line.points.length} of ${line.all} points)` : line.name));
    const rows = steps(chart).map((x) => [x, ...columns.map((one) => one.get(x))]);
    return [[chart.x, ...heads], ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  };

  const draw = (figure) => {
    const plot = figure.querySelector(".cai-chart-plot svg"), keys = [...figure.querySelectorAll(".cai-chart-legend > span")];
    const words = getComputedStyle(figure.querySelector("figcaption")).color, quiet = getComputedStyle(figure.querySelector(".cai-chart-x")).color;
    const TOP = 56 + 22 * keys.length, HIGH = TOP + PLOT + 52;
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDE * SCALE, height: HIGH * SCALE }), pen = canvas.getContext("2d");
    const write = (text, x, y, colour, font, align = "left") => { Object.assign(pen, { fillStyle: colour, font: `${font} system-ui, sans-serif`, textAlign: align }); pen.fillText(text, x, y); };
    const stroke = (path, shape) => {
      const style = getComputedStyle(path);
      Object.assign(pen, { strokeStyle: style.stroke, lineWidth: parseFloat(style.strokeWidth), globalAlpha: Number(style.opacity), lineCap: "round", lineJoin: "round" });
      pen.setLineDash((path.getAttribute("stroke-dasharray") || "").split(" ").filter(Boolean).map(Number));
      pen.stroke(shape);
      pen.globalAlpha = 1;
    };
    pen.scale(SCALE, SCALE);
    pen.fillStyle = getComputedStyle(figure).backgroundColor;
    pen.fillRect(0, 0, WIDE, HIGH);
    write(look(figure).title, 20, 30, words, "600 17px");
    keys.forEach((key, place) => {
      const y = 56 + 22 * place;
      stroke(key.querySelector("path"), new Path2D(`M20 ${y}h30`));
      write(key.textContent, 60, y + 5, quiet, "14px");
    });
    const { width, height } = plot.viewBox.baseVal, fit = new DOMMatrix([(WIDE - LEFT - RIGHT) / width, 0, 0, PLOT / height, LEFT, TOP]);
    for (const path of plot.querySelectorAll("path")) {
      const shape = new Path2D();
      shape.addPath(new Path2D(path.getAttribute("d")), fit);
      stroke(path, shape);
    }
    for (const mark of figure.querySelectorAll(".cai-chart-y span")) write(mark.textContent, LEFT - 10, TOP + (PLOT * parseFloat(mark.style.top)) / 100 + 4, quiet, "13px", "right");
    const [first, middle, last] = [...figure.querySelectorAll(".cai-chart-x span")].map((one) => one.textContent);
    write(first, LEFT, HIGH - 22, quiet, "13px");
    write(middle, (LEFT + WIDE - RIGHT) / 2, HIGH - 22, quiet, "13px", "center");
    write(last, WIDE - RIGHT, HIGH - 22, quiet, "13px", "right");
    return canvas;
  };

  const save = (blob, name) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-chart-save]");
    if (!button) return;
    const figure = button.closest("figure"), chart = look(figure);
    const name = `${chart.title.replace(/\W+/g, "-").replace(/^-+|-+$/g, "").toLowerCase() || "chart"}.${button.dataset.chartSave}`;
    if (button.dataset.chartSave === "csv") save(new Blob([csv(chart)], { type: "text/csv" }), name);
    else draw(figure).toBlob((blob) => save(blob, name), "image/png");
  });
})();
