// The editor of message templates: a variable is put in where one last was in a subject or a text.
(function () {
  "use strict";
  const isText = (field) => /^(subject|body)_/.test(field.name || "");
  let last = null;

  document.addEventListener("focusin", (event) => {
    if (event.target.closest("[data-template-editor]") && isText(event.target)) last = event.target;
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-variable]");
    if (!button) return;
    const field = last || button.closest("form").querySelector("[name=body_en]");
    field.setRangeText(`{{ ${button.dataset.variable} }}`, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
})();
