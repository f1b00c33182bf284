// The shell's behaviour: theme, navigation, keys, palette. Pages work without it; this makes them quick.
(function () {
  "use strict";
  const root = document.documentElement;
  const each = (selector, act, within = document) => within.querySelectorAll(selector).forEach(act);

  // Theme ---------------------------------------------------------------------------------------------------------
  function toggleTheme() {
    const dark = !root.classList.contains("dark");
    root.classList.toggle("dark", dark);
    document.cookie = `riskops_theme=${dark ? "dark" : "light"}; path=/; max-age=31536000; samesite=lax`;
    // Charts redraw themselves in the new colours.
    document.dispatchEvent(new CustomEvent("riskops:theme", { detail: { dark } }));
  }

  // Navigation: a drawer on a narrow screen, hidden or shown on a wide one ------------------------------------------
  const isNarrow = () => window.matchMedia("(max-width: 900px)").matches;
  function toggleNavigation() {
    if (isNarrow()) {
      root.dataset.drawer = root.dataset.drawer === "open" ? "" : "open";
      return;
    }
    const hidden = root.dataset.nav !== "hidden";
    root.dataset.nav = hidden ? "hidden" : "";
    try { localStorage.setItem("riskops.nav", hidden ? "hidden" : ""); } catch (e) { /* not kept, then */ }
  }

  // Rows: j, k, Enter --------------------------------------------------------------------------------------------
  const rows = () => Array.from(document.querySelectorAll("[data-rows] [data-row]"));
  function moveRow(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("is-at"));
    const next = Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step));
    all.forEach((row) => row.classList.remove("is-at"));
    all[next].classList.add("is-at");
    all[next].scrollIntoView({ block: "nearest" });
    const link = all[next].querySelector("a");
    if (link) link.focus({ preventScroll: true });
  }

  // What a template gives a letter: data-hotkey opens a fold and goes to its first field, or presses a link or button ----
  const FIELDS = "input:not([type=hidden]), select, textarea";
  function pressHotkey(key) {
    const target = document.querySelector(`[data-hotkey="${CSS.escape(key)}"]`);
    if (!target) return false;
    if (target.tagName !== "DETAILS") {
      target.click();
      return true;
    }
    target.open = true;
    target.scrollIntoView({ block: "nearest" });
    const field = target.querySelector(FIELDS);
    if (field) field.focus();
    return true;
  }
  function turnTab(step) {
    const tabs = Array.from(document.querySelectorAll(".tabs a"));
    const next = tabs[tabs.findIndex((tab) => tab.hasAttribute("aria-current")) + step];
    if (next) next.click();
  }

  // Palette: every link of the navigation, or a search of the accounts ---------------------------------------------
  function openPalette() {
    const palette = document.getElementById("palette");
    if (!palette || palette.open) return;
    palette.showModal();
    const input = palette.querySelector("input[name=q]");
    input.value = "";
    fillPalette();
    input.focus();
  }
  function fillPalette() {
    const palette = document.getElementById("palette");
    const input = palette.querySelector("input[name=q]");
    const list = palette.querySelector("[data-palette-list]");
    const words = input.value.trim().toLowerCase();
    list.replaceChildren();
    each(".sidebar a[href]", (link) => {
      if (link.classList.contains("mark") || !link.textContent.toLowerCase().includes(words)) return;
      const item = document.createElement("li");
      const copy = document.createElement("a");
      copy.href = link.href;
      copy.textContent = link.textContent;
      item.append(copy);
      list.append(item);
    });
    const form = palette.querySelector("form");
    if (words && form.getAttribute("action")) {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.textContent = `${list.dataset.searchLabel} “${input.value.trim()}”`;
      item.append(button);
      list.append(item);
    }
    markFirst(list);
    findAccounts(palette, input.value.trim());
  }
  function markFirst(list) {
    each(".is-first", (item) => item.classList.remove("is-first"), list);
    const first = list.querySelector("[data-found], a, button");
    if (first) first.classList.add("is-first");
  }

  // Accounts by number, name or last four: asked for once the typing rests, in the body and never in the address ------
  let asking = 0;
  function findAccounts(palette, words) {
    const list = palette.querySelector("[data-palette-list]");
    const api = palette.querySelector("form").dataset.find;
    window.clearTimeout(asking);
    if (!api || words.length < 2) return;
    asking = window.setTimeout(async () => {
      const token = palette.querySelector("input[name=csrfmiddlewaretoken]").value;
      const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
      try {
        const answer = await fetch(api, { method: "POST", headers, body: JSON.stringify({ q: words }) });
        const found = answer.ok ? (await answer.json()).results : [];
        if (palette.querySelector("input[name=q]").value.trim() !== words) return;
        each("[data-found]", (link) => link.parentElement.remove(), list);
        found.slice(0, 8).reverse().forEach((row) => {
          const item = document.createElement("li");
          const link = document.createElement("a");
          link.href = palette.querySelector("form").dataset.account.replace("ACCOUNT", encodeURIComponent(row.account_no));
          link.dataset.found = "";
          link.textContent = `${row.account_no} · ${row.customer_no}${row.bucket ? ` · ${row.bucket}` : ""}`;
          item.append(link);
          list.prepend(item);
        });
        markFirst(list);
      } catch (e) { /* the search button is still there */ }
    }, 200);
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest("[data-palette]")) fillPalette();
  });
  document.addEventListener("keydown", (event) => {
    const list = event.target.closest("#palette") && document.querySelector("#palette [data-palette-list]");
    if (!list || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
    event.preventDefault();
    const all = Array.from(list.querySelectorAll("a, button"));
    const at = all.findIndex((item) => item.classList.contains("is-first"));
    const next = all[Math.min(all.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))];
    all.forEach((item) => item.classList.toggle("is-first", item === next));
    if (next) next.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-palette]");
    if (!form) return;
    const first = form.querySelector(".is-first");
    if (first && first.tagName === "A") {
      event.preventDefault();
      window.location = first.href;
    } else if (!form.getAttribute("action")) {
      event.preventDefault();
    }
  });

  // A button that posts what counts is pressed once: the second press of an impatient hand goes nowhere ------------------
  document.addEventListener("submit", (event) => {
    if (!event.submitter || !event.submitter.hasAttribute("data-confirm-once")) return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => each("form[data-sent]", (form) => { delete form.dataset.sent; }));

  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("[data-theme-toggle]")) toggleTheme();
    else if (target.closest("[data-nav-toggle]")) toggleNavigation();
    else if (target.closest("[data-nav-close]")) root.dataset.drawer = "";
    else if (target.closest("[data-print]")) window.print();
    else if (target.tagName === "DIALOG") target.close();
    each("details.menu[open]", (menu) => { if (!menu.contains(target)) menu.open = false; });
  });

  document.addEventListener("keydown", (event) => {
    const inField = event.target.closest("input, textarea, select, [contenteditable]");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.key === "Escape") {
      // A search field with words in it keeps the key to itself, and the palette around it would stay open.
      const palette = event.target.closest("#palette");
      if (palette) { event.preventDefault(); palette.close(); return; }
      root.dataset.drawer = "";
      // What closes gives the focus back to what opened it.
      each("details.menu[open]", (menu) => {
        if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
        menu.open = false;
      });
      if (inField && document.activeElement === event.target) event.target.blur();
      return;
    }
    if (inField || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (root.dataset.going) {
      delete root.dataset.going;
      const link = Array.from(document.querySelectorAll(".sidebar a[data-go]")).find((a) => a.dataset.go === event.key);
      if (link) { event.preventDefault(); window.location = link.href; return; }
    }
    if (event.key === "g") {
      root.dataset.going = "1";
      window.setTimeout(() => { delete root.dataset.going; }, 1500);
      return;
    }
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); } else { event.preventDefault(); openPalette(); }
    } else if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      moveRow(event.key === "j" ? 1 : -1);
    } else if (event.key === "." || event.key === ",") {
      turnTab(event.key === "." ? 1 : -1);
    } else if (event.key === "f") {
      const field = Array.from(document.querySelectorAll(`#content form:not(.filters) :is(${FIELDS})`)).find((one) => one.offsetParent);
      if (field) { event.preventDefault(); field.focus(); }
    } else if (event.key === "[") {
      toggleNavigation();
    } else if (event.key === "?") {
      const keys = document.getElementById("keys");
      if (keys) keys.showModal();
    } else if (pressHotkey(event.key)) {
      event.preventDefault();
    }
  });

  // A box in the head of a table ticks and clears those of its rows.
  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-choose-all]");
    if (all) each(`input[type=checkbox][name="${all.dataset.chooseAll}"]`, (box) => { box.checked = all.checked; });
  });

  // A form answered with a refusal (422) is shown like any other answer; one that is not for this person (403) above what stands.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 403) each(".refused-here", (notice) => notice.remove());
    if (event.detail.xhr.status === 422 || event.detail.xhr.status === 403) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const box = document.createElement("div");
    box.className = "notice notice-error";
    box.setAttribute("role", "alert");
    box.textContent = `${event.detail.xhr.status} ${event.detail.xhr.statusText}`;
    const content = document.getElementById("content");
    if (content) content.prepend(box);
  });
})();
