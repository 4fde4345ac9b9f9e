"use strict";
// Unpacks plotly, which stands compressed in the file, and then starts the script that draws the charts.
(async () => {
  const text = (id) => document.getElementById(id).textContent;
  try {
    const packed = Uint8Array.from(atob(text("plotly-packed").trim()), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    for (const source of [await new Response(stream).text(), text("charts-source")]) {
      const script = document.createElement("script");
      script.textContent = source;
      document.body.append(script);
    }
  } catch (error) {
    document.getElementById("no-charts").hidden = false;
    document.getElementById("no-charts").append(` (${error.message})`);
  }
})();
