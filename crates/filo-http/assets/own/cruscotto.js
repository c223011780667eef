// Puts a newer fragment in the place of the older one; without this script the page is reloaded by hand.
"use strict";
(() => {
  const box = document.getElementById("now");
  const line = document.getElementById("live");
  if (!box || !line || !window.EventSource) return;
  const source = new EventSource(box.dataset.stream);
  source.addEventListener("now", (event) => {
    const focused = box.contains(document.activeElement) ? document.activeElement.id : "";
    box.innerHTML = JSON.parse(event.data).html;
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  });
  source.addEventListener("end", () => { source.close(); window.location.reload(); });
  source.onopen = () => { line.textContent = line.dataset.on; };
  source.onerror = () => { line.textContent = line.dataset.off; };
})();
