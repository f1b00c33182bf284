// Runs before the first paint: the theme of the cookie (or of the system), and the navigation as it was left.
(function () {
  "use strict";
  var root = document.documentElement;
  var chosen = (document.cookie.match(/(?:^|; )riskops_theme=(light|dark)/) || [])[1];
  var dark = chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.classList.toggle("dark", dark);
  try {
    if (localStorage.getItem("riskops.nav") === "hidden") root.dataset.nav = "hidden";
  } catch (e) { /* storage refused: the navigation simply starts shown */ }
})();
