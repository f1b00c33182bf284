// Keys of the review pages: n takes the next review, t takes the one at hand, o goes to the outcome, Ctrl+Enter saves,
// with Shift it closes the review.
(function () {
  "use strict";
  const press = (form) => { if (form) form.requestSubmit(); };

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest("form[data-save-keys]");
    if (form && (event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit(form.querySelector(event.shiftKey ? "[name=close]" : "[name=save]"));
      return;
    }
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "n") {
      press(document.querySelector("form[data-key-form=n]"));
    } else if (event.key === "o") {
      const outcome = document.querySelector("form[data-save-keys] [name=outcome]");
      if (outcome) { event.preventDefault(); outcome.focus(); }
    } else if (event.key === "t") {
      const row = document.querySelector("[data-rows] [data-row].is-at");
      press(row ? row.querySelector("form[data-take]") : document.querySelector("form[data-key-form=t]"));
    }
  });
})();
