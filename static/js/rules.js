// The rule editor: DjangoQL's completion over the facts of the catalogue, and the facts beside it put in by a click.
(function () {
  "use strict";
  let introspections = null;

  async function attach(editor) {
    const textarea = editor.querySelector("textarea");
    if (!textarea || textarea.dataset.completes || typeof window.DjangoQL === "undefined") return;
    textarea.dataset.completes = "true";
    if (!introspections) {
      const answer = await fetch(editor.dataset.completion, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      introspections = await answer.json();
    }
    const isSearch = editor.classList.contains("is-search");
    new window.DjangoQL({
      introspections,
      selector: textarea,
      autoResize: false,
      // Enter in a search sends it through the form as a button would; in an editor it is a new line.
      onSubmit: () => { if (isSearch) textarea.form.requestSubmit(); else insert(textarea, "\n"); },
    });
  }

  function insert(textarea, text) {
    const { selectionStart: start, selectionEnd: end, value } = textarea;
    const spaced = text !== "\n" && start > 0 && !/[\s(]$/.test(value.slice(0, start)) ? ` ${text}` : text;
    textarea.setRangeText(spaced, start, end, "end");
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
    textarea.focus();
  }

  const attachAll = (within) => within.querySelectorAll("[data-rule-editor]").forEach(attach);
  document.addEventListener("DOMContentLoaded", () => attachAll(document));
  document.addEventListener("htmx:load", (event) => attachAll(event.target));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fact]");
    if (!button) return;
    const textarea = button.closest("[data-rule-editor]").querySelector("textarea");
    insert(textarea, `${button.dataset.fact} `);
  });
})();
