// Draws the figures that the server built: puts in the sheet's colours, follows light and dark, opens the accounts behind a
// point. A figure is the JSON in <script type="application/json" id="figure-KEY">; it is drawn into [data-figure="KEY"].
(function () {
  "use strict";
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };
  const drawn = [];

  function filledIn(value, style) {
    if (Array.isArray(value)) return value.map((item) => filledIn(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledIn(item, style)]));
    }
    const name = typeof value === "string" && /^var\((--[\w-]+)\)$/.exec(value);
    return name ? style.getPropertyValue(name[1]).trim() : value;
  }

  // A heat map's own text is black or white by the darkness of its cell; the scale's ends tell which.
  function draw(box) {
    const figure = JSON.parse(document.getElementById("figure-" + box.dataset.figure).textContent);
    const filled = filledIn(figure, getComputedStyle(document.documentElement));
    if (window.matchMedia("(max-width: 560px)").matches) fitNarrow(filled);
    return window.Plotly.react(box, filled.data, filled.layout, CONFIG);
  }

  function fitNarrow(figure) {
    figure.layout.font.size = 10;
    figure.layout.legend.font = { size: 10 };
    figure.data.forEach((trace) => {
      if (trace.type === "heatmap") { trace.textfont = { size: 8 }; trace.showscale = false; }
    });
  }

  function addressOf(point) {
    const behind = point.customdata;
    return typeof behind === "string" ? behind : "";
  }

  function start(box) {
    draw(box).then(() => {
      box.removeAttribute("aria-busy");
      box.on("plotly_click", (event) => {
        const address = addressOf(event.points[0]);
        if (!address) return;
        const press = event.event || {};
        if (press.ctrlKey || press.metaKey) window.open(address, "_blank", "noopener");
        else window.location.assign(address);
      });
      box.on("plotly_hover", (event) => { box.dataset.opens = addressOf(event.points[0]) ? "yes" : ""; });
      box.on("plotly_unhover", () => { box.dataset.opens = ""; });
    });
    drawn.push(box);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const boxes = document.querySelectorAll("[data-figure]");
    if (!window.Plotly) {
      boxes.forEach((box) => { box.textContent = box.dataset.failed; box.removeAttribute("aria-busy"); });
      return;
    }
    boxes.forEach(start);
    new MutationObserver(() => drawn.forEach(draw)).observe(document.documentElement, {
      attributes: true, attributeFilter: ["class"],
    });
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-picture-of]");
    if (!button || !window.Plotly) return;
    const box = document.querySelector(`[data-figure="${button.dataset.pictureOf}"]`);
    window.Plotly.downloadImage(box, {
      format: "png", scale: 2, width: box.clientWidth, height: box.clientHeight, filename: button.dataset.pictureName,
    });
  });

  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-submits]")) event.target.form.requestSubmit();
  });
})();
