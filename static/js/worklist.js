// The worklist by keyboard: select, open beside the list, act, and come back to the same row and scroll.
(function () {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const rows = () => Array.from(document.querySelectorAll("#work-list [data-row]"));
  const current = () => document.querySelector("#work-list [data-row].is-at");
  let lastPicked = null;
  let scrolled = 0;
  // The number of the outcome that was pressed last: one that waits for the reason of lateness is recorded with it.
  let wanted = "";

  function mark(row) {
    rows().forEach((other) => other.classList.toggle("is-at", other === row));
  }

  // Selecting ------------------------------------------------------------------------------------------------------
  function countPicked() {
    const bar = document.querySelector("[data-bulk-bar]");
    if (!bar) return 0;
    const count = document.querySelectorAll("#work-list input[name=items]:checked").length;
    bar.hidden = !count;
    bar.querySelector("[data-count]").textContent = count;
    return count;
  }
  function pick(row, toOther) {
    const box = row && row.querySelector("input[name=items]");
    if (!box) return;
    const all = rows();
    box.checked = toOther ? true : !box.checked;
    const from = lastPicked ? all.findIndex((other) => other.dataset.item === lastPicked) : -1;
    if (toOther && from >= 0) {
      const to = all.indexOf(row);
      for (let at = Math.min(from, to); at <= Math.max(from, to); at += 1) all[at].querySelector("input[name=items]").checked = true;
    }
    lastPicked = row.dataset.item;
    countPicked();
  }

  // The desk ---------------------------------------------------------------------------------------------------------
  function showDesk(isShown) {
    const split = document.querySelector("[data-split]");
    if (!split) return;
    if (isShown && !split.classList.contains("has-desk")) scrolled = window.scrollY;
    split.classList.toggle("has-desk", isShown);
  }
  function closeDesk() {
    const desk = byId("desk");
    if (!desk || !document.querySelector(".split.has-desk")) return false;
    showDesk(false);
    delete desk.dataset.item;
    desk.replaceChildren();
    const url = new URL(window.location);
    url.searchParams.delete("at");
    window.history.replaceState(null, "", url);
    window.scrollTo({ top: scrolled });
    const row = current() || rows()[0];
    if (row) { mark(row); row.querySelector("a").focus({ preventScroll: true }); }
    return true;
  }
  function openPart(key) {
    const part = document.querySelector(`#desk [data-key="${key}"]`);
    if (!part) return false;
    if (part.tagName === "DETAILS") {
      document.querySelectorAll("#desk .acts details[open]").forEach((other) => { if (other !== part) other.open = false; });
      part.open = true;
      part.scrollIntoView({ block: "nearest" });
    }
    const field = part.querySelector("input:not([type=hidden]), select, textarea");
    if (field) field.focus();
    return true;
  }
  function openBulk(key) {
    const menu = document.querySelector(`[data-bulk-form="${key}"]`);
    if (!menu || !countPicked()) return false;
    menu.open = true;
    const field = menu.querySelector("input:not([type=hidden]), select, button");
    if (field) field.focus();
    return true;
  }
  const press = (selector) => {
    const button = document.querySelector(selector);
    if (!button || button.disabled) return false;
    button.click();
    return true;
  };

  document.addEventListener("keydown", (event) => {
    const inField = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    // Enter in the remark would press the first outcome: it leads back to the desk, where the outcome is chosen by its number.
    if (event.key === "Enter" && event.target.closest("#desk [name=remark]")) {
      event.preventDefault();
      byId("desk").focus({ preventScroll: true });
      return;
    }
    // A choice is sent by Enter as a typed field is: the browser would only open the list again.
    const act = event.key === "Enter" && event.target.matches("select") && event.target.closest("#desk .act, [data-bulk-form]");
    if (act) {
      event.preventDefault();
      act.querySelector("button").click();
      return;
    }
    // The reason that an outcome waited for is chosen: the outcome goes with it.
    if (event.key === "Enter" && wanted && event.target.matches("#desk .outcomes .ask-reason select")) {
      event.preventDefault();
      press(`[data-outcome="${wanted}"]`);
      return;
    }
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && inField && inField.closest("#desk form")) {
      event.preventDefault();
      inField.form.requestSubmit();
      return;
    }
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      if (inField) return;
      const open = document.querySelector("#desk .acts details[open], #desk details.why[open]");
      if (open) { open.open = false; byId("desk").focus({ preventScroll: true }); } else closeDesk();
      return;
    }
    if (inField || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (document.documentElement.dataset.going) return;
    const keys = {
      x: () => pick(current(), false),
      X: () => pick(current(), true),
      n: () => press("[data-next]"),
      u: () => press("[data-undo]"),
      t: () => press("[data-claim]"),
      a: () => openBulk("a") || openPart("a"),
      s: () => openBulk("s") || openPart("s"),
      e: () => openPart("e"),
      p: () => openPart("p"),
      b: () => openPart("b"),
      m: () => openPart("m"),
      c: () => openPart("c"),
      r: () => openPart("r"),
      w: () => openPart("w"),
    };
    if (/^[1-9]$/.test(event.key)) {
      wanted = event.key;
      if (press(`[data-outcome="${event.key}"]`)) event.preventDefault();
    } else if (event.key === "Enter" && event.target.closest("input[type=checkbox]")) {
      event.preventDefault();
      const row = event.target.closest("[data-row]");
      if (row) row.querySelector("a").click();
    } else if (Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    }
  });

  // The browser's own bubble fades before it is read; this line stays.
  document.addEventListener("invalid", (event) => {
    if (!event.target.matches("#desk .ask-reason select")) return;
    event.preventDefault();
    const hint = event.target.parentElement.querySelector("[data-ask-hint]");
    if (hint) hint.hidden = false;
    event.target.setAttribute("aria-invalid", "true");
    event.target.focus();
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.matches("#work-list input[name=items]")) {
      lastPicked = event.target.value;
      countPicked();
    } else if (event.target.matches("[data-submit]")) {
      // Another queue or view is another page: the desk goes with the old one.
      event.target.form.submit();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-desk-close]")) closeDesk();
    const link = event.target.closest("#work-list [data-row] a");
    if (link) { mark(link.closest("[data-row]")); scrolled = window.scrollY; }
  });

  // After an answer: the desk is shown, the list follows what changed ------------------------------------------------
  document.addEventListener("htmx:afterSwap", (event) => {
    const desk = byId("desk");
    if (desk && (event.detail.target.id === "desk" || event.target.id === "desk")) {
      showDesk(true);
      if (desk.dataset.item) {
        const row = document.querySelector(`#work-list [data-item="${desk.dataset.item}"]`);
        if (row) mark(row);
        const url = new URL(window.location);
        url.searchParams.set("at", desk.dataset.item);
        window.history.replaceState(null, "", url);
      }
      // What was refused and has to be mended has the keys; else the desk has them.
      (desk.querySelector("[data-mend]") || desk).focus({ preventScroll: window.innerWidth > 1100 });
    }
    if (event.target.id === "work-list") {
      const at = desk && desk.dataset.item;
      const row = at && document.querySelector(`#work-list [data-item="${at}"]`);
      if (row) mark(row);
      countPicked();
    }
  });
  document.addEventListener("worklist:changed", () => {
    // Once the desk has settled, so that its own request is not cut off.
    window.setTimeout(() => {
      const list = byId("work-list");
      if (list && !document.querySelector("#work-list input[name=items]:checked")) window.htmx.trigger(list, "worklist:refresh");
    }, 30);
  });
})();
