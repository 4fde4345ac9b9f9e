"use strict";
// In a file plotly stands compressed in the file itself; it is unpacked when a chart is first explored.
window.unpackedPlotly = async () => {
  const packed = Uint8Array.from(atob(document.getElementById("plotly-packed").textContent.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  document.body.append(Object.assign(document.createElement("script"), { textContent: await new Response(stream).text() }));
};
