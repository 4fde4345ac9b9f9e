"use strict";
// Refreshes the words and numbers in place, and counts down to the next entry. Without it the page works all the same.
(() => {
  const EVERY_MS = 3000;
  const LOST_AFTER_MS = 10000;
  const lost = document.getElementById("lost");
  const sent = new WeakMap(); // element -> what the server sent for it
  let heard = Date.now();

  function countdown(left) {
    const [days, hours, minutes] = [86400, 3600, 60].map((unit) => Math.floor(left / unit));
    const [min, s] = [minutes % 60, left % 60].map((number) => String(number).padStart(2, "0"));
    return days > 0 ? `in ${days} d ${hours % 24} h ${min} min` : `in ${hours} h ${min} min ${s} s`;
  }

  function tick() {
    for (const element of document.querySelectorAll("[data-countdown]")) {
      element.until ??= Date.now() + 1000 * Number(element.dataset.countdown);
      element.textContent = countdown(Math.max(0, Math.round((element.until - Date.now()) / 1000)));
    }
    const silent = Date.now() - heard;
    lost.hidden = silent < LOST_AFTER_MS;
    if (!lost.hidden) lost.textContent = `This page has not been refreshed for ${Math.round(silent / 1000)} s: what stands here is old.`;
  }

  // What a person opened stays open, and what has the focus keeps it.
  function replace(old, fresh) {
    const before = sent.get(old) ?? old.innerHTML;
    if (before === fresh.innerHTML) return;
    const open = new Map([...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    sent.set(old, fresh.innerHTML);
    old.replaceChildren(...fresh.childNodes);
    for (const one of old.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = open.get(one.id);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function names(root) { return [...root.querySelectorAll("[data-chart]")].map((one) => one.dataset.chart).join(); }

  function merge(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    for (const charts of document.querySelectorAll("[data-charts]")) {
      const other = fresh.querySelector(`[data-charts="${charts.dataset.charts}"]`);
      if (other && names(other) !== names(charts)) charts.replaceChildren(...other.childNodes);
    }
    for (const old of document.querySelectorAll("[data-live]")) {
      const other = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
      if (other) replace(old, other);
    }
    const level = fresh.getElementById("verdict")?.dataset.level;
    if (level) {
      document.getElementById("verdict").dataset.level = level;
      document.title = document.title.replace(/^\S+/, level);
    }
    window.pageCharts?.refresh();
  }

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(`/live${location.search}`, { credentials: "same-origin" });
      if (answer.status === 401) return location.reload();
      if (!answer.ok) return;
      merge(await answer.text());
      heard = Date.now();
    } catch { /* the line at the top says so after a while */ }
  }

  function again() { setTimeout(() => refresh().then(again), EVERY_MS); }

  document.addEventListener("visibilitychange", refresh);
  setInterval(tick, 1000);
  tick();
  again();
})();
