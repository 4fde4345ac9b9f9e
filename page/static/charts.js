"use strict";
// Draws a chart when it is scrolled to, and again in place when its numbers or the colours change.
// A chart is <div class="plot" data-chart="NAME">; its figure is /chart/NAME.json, or stands in the file as #figure-NAME.
(() => {
  const NEAR = "200px";
  const NARROW = 480;
  const VARIABLE = /var\((--[a-z0-9-]+)\)/g;
  const OPTIONS = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  // Under a finger the buttons would lie over the chart for good, and a drag is meant to scroll the page.
  const touched = window.matchMedia("(hover: none)").matches;
  if (touched) OPTIONS.displayModeBar = false;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const shown = new Map(); // element -> the text of the figure that it shows
  const known = new Map(); // name -> the last answer of the server, its text and its tag

  // Figures name colours as CSS variables, which plotly does not know.
  function coloured(value, style) {
    if (typeof value === "string") {
      return value.includes("var(") ? value.replace(VARIABLE, (_, name) => style.getPropertyValue(name).trim()) : value;
    }
    if (Array.isArray(value)) return value.map((one) => coloured(one, style));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, coloured(one, style)]));
  }

  async function figureText(name) {
    const inFile = document.getElementById(`figure-${name}`);
    if (inFile) return inFile.textContent;
    const before = known.get(name);
    const headers = before ? { "If-None-Match": before.tag } : {};
    const answer = await fetch(`/chart/${encodeURIComponent(name)}.json`, { credentials: "same-origin", headers });
    if (answer.status === 304 && before) return before.text;
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const text = await answer.text();
    known.set(name, { text, tag: answer.headers.get("ETag") });
    return text;
  }

  function draw(element, text) {
    const figure = coloured(JSON.parse(text), getComputedStyle(document.documentElement));
    // Zoom and hidden lines stay as the person left them as long as this is the same.
    figure.layout.uirevision = element.dataset.chart;
    if (touched) figure.layout.dragmode = false;
    // Where there is little width fewer times stand below it, upright: turned, they would lie over each other.
    if (element.clientWidth < NARROW) Object.assign(figure.layout.xaxis, { nticks: 4, tickangle: 0 });
    return Plotly.react(element, figure.data, figure.layout, OPTIONS);
  }

  async function show(element) {
    try {
      const text = await figureText(element.dataset.chart);
      if (text === shown.get(element)) return;
      await draw(element, text);
      shown.set(element, text);
      element.dataset.drawn = "yes";
      element.classList.remove("late");
    } catch (error) {
      // What was drawn stays; the table beside it holds the numbers.
      element.dataset.drawn = "no";
      element.classList.add("late");
      if (!shown.has(element)) element.textContent = `The chart can't be drawn: ${error.message}.`;
    }
  }

  function redraw() {
    for (const [element, text] of shown) if (element.isConnected) draw(element, text);
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      show(target);
    }
  }, { rootMargin: NEAR });

  function watch(root) {
    for (const element of root.querySelectorAll("[data-chart]")) {
      if (!shown.has(element)) watcher.observe(element);
    }
  }

  // For the script that refreshes the page: draws anew what is shown, and watches what is new.
  function refresh() {
    for (const element of shown.keys()) element.isConnected ? show(element) : shown.delete(element);
    watch(document);
  }

  function stored() {
    try { return localStorage.getItem("theme"); } catch { return null; }
  }

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* a private window: it holds for this view */ }
    redraw();
  }

  function isDark() {
    const { theme } = document.documentElement.dataset;
    return theme ? theme === "dark" : dark.matches;
  }

  const chosen = stored();
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
  dark.addEventListener("change", redraw);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-theme-switch]")) setTheme(isDark() ? "light" : "dark");
  });
  window.pageCharts = { refresh };
  watch(document);
})();
