"use strict";
// A chart is a still picture that stands in the page. Plotly takes its place, and is loaded, when somebody points at it,
// taps it or presses "explore": values under the pointer, zoom, the picture as a file.
// It is <div class="plot" data-chart="NAME">; its figure is /chart/NAME.json, or stands in the file as #figure-NAME.
(() => {
  const DWELL_MS = 150; // a pointer that only passes explores nothing
  const NARROW = 480;
  const VARIABLE = /var\((--[a-z0-9-]+)\)/g;
  // Under a finger the buttons would lie over the chart for good, and a drag is meant to scroll the page.
  const touched = window.matchMedia("(hover: none)").matches;
  const BUTTONS = { displaylogo: false, displayModeBar: touched ? false : "hover", modeBarButtonsToRemove: ["lasso2d", "select2d"] };
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const explored = new Map(); // element -> where plotly draws (none yet: null), its figure's text and the server's tag
  let loading = null;
  let dwelling = 0;

  function plotly() {
    loading ??= window.unpackedPlotly?.() ?? new Promise((onload, onerror) => {
      const { plotly: src } = document.getElementById("main").dataset;
      document.head.append(Object.assign(document.createElement("script"), { src, onload, onerror }));
    });
    return loading.catch(() => { loading = null; throw new Error("plotly can't be loaded"); });
  }

  // Figures name colours as CSS variables, which plotly does not know; what takes their place stands within JSON.
  function coloured(text) {
    const style = getComputedStyle(root);
    return text.replace(VARIABLE, (_, name) => JSON.stringify(style.getPropertyValue(name).trim()).slice(1, -1));
  }

  async function figureOf(name, known) {
    const inFile = document.getElementById(`figure-${name}`);
    if (inFile) return { text: inFile.textContent };
    const headers = known.tag ? { "If-None-Match": known.tag } : {};
    const answer = await fetch(`/chart/${encodeURIComponent(name)}.json`, { credentials: "same-origin", headers });
    if (answer.status === 304) return known;
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    return { text: await answer.text(), tag: answer.headers.get("ETag") };
  }

  function draw(element, place, text) {
    const figure = JSON.parse(coloured(text));
    // Zoom and hidden lines stay as the person left them as long as this is the same.
    figure.layout.uirevision = element.dataset.chart;
    if (touched) figure.layout.dragmode = false;
    // Where there is little width fewer times stand below it, upright: turned, they would lie over each other.
    if (element.clientWidth < NARROW) Object.assign(figure.layout.xaxis, { nticks: 4, tickangle: 0 });
    return Plotly.react(place, figure.data, figure.layout, { responsive: true, ...BUTTONS });
  }

  async function show(element) {
    const known = explored.get(element);
    try {
      const { text, tag } = await figureOf(element.dataset.chart, known);
      if (text === known.text) return;
      await plotly();
      const place = known.place ?? element.appendChild(Object.assign(document.createElement("div"), { className: "over" }));
      await draw(element, place, text);
      place.classList.remove("over");
      if (!known.place) element.replaceChildren(place);
      explored.set(element, { place, text, tag });
      element.dataset.drawn = "yes";
    } catch (error) {
      // What was drawn stays, the still picture at least; the table below it holds the numbers.
      console.warn(`${element.dataset.chart}: ${error.message}`);
      if (known.place) return;
      element.querySelector(".over")?.remove();
      explored.delete(element);
    }
    offer();
  }

  function explore(element) {
    if (!element || explored.has(element)) return;
    explored.set(element, { place: null });
    show(element);
  }

  function chartOf(button) { return document.querySelector(`[data-chart="${button.dataset.explore}"]`); }

  function offer() {
    for (const button of document.querySelectorAll("[data-explore]")) button.hidden = explored.has(chartOf(button));
  }

  function redraw() {
    for (const [element, { place, text }] of explored) if (place && element.isConnected) draw(element, place, text);
  }

  // For the script that refreshes the page: draws anew what is explored.
  function refresh() {
    for (const element of explored.keys()) if (!element.isConnected) explored.delete(element);
    for (const [element, { place }] of explored) if (place) show(element);
    offer();
  }

  function switchTheme() {
    const theme = (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
    root.dataset.theme = theme;
    try { localStorage.setItem("theme", theme); } catch { /* a private window: it holds for this view */ }
    redraw();
  }

  try { root.dataset.theme = localStorage.getItem("theme") ?? ""; } catch { /* it is the system's */ }
  dark.addEventListener("change", redraw);
  document.addEventListener("pointerover", ({ pointerType, target }) => {
    clearTimeout(dwelling);
    if (pointerType === "mouse") dwelling = setTimeout(() => explore(target.closest?.(".plot")), DWELL_MS);
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-explore]");
    if (target.closest?.("[data-theme-switch]")) switchTheme();
    explore(button ? chartOf(button) : target.closest?.(".plot"));
  });
  window.pageCharts = { refresh };
  offer();
})();
