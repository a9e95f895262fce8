// What htmx does not do: the theme, toasts, the dialog, Escape in a row, and forms that are sent once.
// Every page works without this file.
(() => {
  "use strict";

  // The theme is set while the head is read, so that no page flashes in the other one.
  const THEMES = ["auto", "light", "dark"];
  const ICONS = {auto: "circle-half", light: "sun", dark: "moon"};
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");

  const chosenTheme = () => {
    try {
      const kept = localStorage.getItem("theme");
      return THEMES.includes(kept) ? kept : "auto";
    } catch {
      return "auto";
    }
  };

  const applyTheme = () => {
    const theme = chosenTheme();
    const isDark = theme === "dark" || (theme === "auto" && prefersDark.matches);
    document.documentElement.dataset.bsTheme = isDark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.hidden = false;
      button.title = button.dataset[theme];
      button.querySelector("span").textContent = button.dataset[theme];
      button.querySelector(".bi").className = `bi bi-${ICONS[theme]}`;
    }
  };

  const chooseNextTheme = () => {
    try {
      localStorage.setItem("theme", THEMES[(THEMES.indexOf(chosenTheme()) + 1) % THEMES.length]);
    } catch {
      // Nothing can be kept in this browser: the theme stays the device's own.
    }
    applyTheme();
  };

  applyTheme();
  prefersDark.addEventListener("change", applyTheme);

  // Toasts: words come in the "toast" event of an answer (HX-Trigger), or with the page itself.
  const TOAST_TIME = 6000;

  const mindToast = (toast) => {
    const close = toast.querySelector("[data-close-toast]");
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
    let timer = setTimeout(() => toast.remove(), TOAST_TIME);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => { timer = setTimeout(() => toast.remove(), TOAST_TIME); });
  };

  const showToast = (message) => {
    // What was said before may be true no more: "It starts by itself" beside "It starts now".
    document.getElementById("toasts").replaceChildren();
    const toast = document.getElementById("toast").content.firstElementChild.cloneNode(true);
    toast.querySelector("span").textContent = message;
    document.getElementById("toasts").append(toast);
    mindToast(toast);
  };

  document.addEventListener("toast", (event) => showToast(event.detail.message));

  // The dialog opens when a question has been put into it, and closes when the answer to its form was no error.
  const dialog = () => document.getElementById("dialog");

  // Where in its list the row stands in which something was pressed: when it is gone, the one that follows takes its place.
  let placeInList = -1;
  const placeOf = (row) => row ? [...row.parentElement.children].indexOf(row) : -1;

  const focusPlace = () => {
    const rows = placeInList < 0 ? [] : [...document.querySelectorAll("#main tbody > tr[id]")];
    const row = rows[Math.min(placeInList, rows.length - 1)];
    const inRow = row?.querySelector("a.row-link") ?? row?.querySelector("a, button");
    (inRow ?? document.getElementById("new") ?? document.getElementById("main")).focus();
  };

  document.addEventListener("htmx:after:swap", (event) => {
    const isForDialog = event.detail.ctx.target === dialog();
    if (!isForDialog || dialog().open || !dialog().querySelector("form")) return;
    dialog().showModal();
  });

  // The requests whose own element has the focus: it may be gone with the answer, as a form that has been sent.
  const withFocus = new WeakSet();

  document.addEventListener("htmx:before:request", (event) => {
    const {ctx} = event.detail;
    if (ctx.sourceElement?.contains(document.activeElement)) withFocus.add(ctx);
    if (!dialog()?.open) placeInList = placeOf(ctx.sourceElement?.closest("#main tbody > tr[id]"));
  });

  // What was pressed in a row may have given way to another button.
  document.addEventListener("htmx:after:swap", (event) => {
    if (document.activeElement !== document.body || dialog()?.open) return;
    if (placeInList >= 0) focusPlace();
    else if (withFocus.has(event.detail.ctx)) {
      const added = document.querySelector("#main tbody > tr.is-selected a.row-link");
      (added ?? document.getElementById("main")).focus({preventScroll: !added});
    }
  });

  document.addEventListener("htmx:after:request", (event) => {
    const {request, response} = event.detail.ctx;
    if (request.form?.closest("#dialog") && response.status < 400) dialog().close();
  });

  document.addEventListener("close", (event) => {
    if (event.target !== dialog()) return;
    dialog().replaceChildren();
    // What was pressed to open it may be gone with what was deleted.
    if (document.activeElement === document.body) focusPlace();
  }, true);

  // When no answer comes at all, somebody has to say so.
  document.addEventListener("htmx:error", () => showToast(document.getElementById("toast").dataset.noAnswer));

  // Without the right to write to the clipboard (as over plain http) the text is selected, ready to be copied.
  const copy = async (source, copied) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      showToast(copied);
    } catch {
      getSelection().selectAllChildren(source);
    }
  };

  document.addEventListener("click", (event) => {
    const themeChoice = event.target.closest("[data-theme-choice]");
    if (themeChoice) chooseNextTheme();
    const emptied = event.target.closest("[data-empties]")?.dataset.empties;
    if (emptied) {
      document.querySelector(emptied).replaceChildren();
      document.getElementById("new")?.focus();
    }
    const copies = event.target.closest("[data-copy]");
    if (copies) copy(document.getElementById(copies.dataset.copy), copies.dataset.copied);
    if (event.target.closest("#dialog [data-close-dialog]")) {
      event.preventDefault();
      dialog().close();
    }
  });

  // Escape leaves a row's form as its Cancel link does.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || dialog()?.open) return;
    event.target.closest("[data-row-form]")?.querySelector("[data-cancel]")?.click();
  });

  // A form that leaves the page is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });

  // A page that comes back from the browser's cache may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("[data-sent]")) delete form.dataset.sent;
  });

  // A phone has no room for all filters of a list beside each other: the chosen one is scrolled to.
  const showChosenFilters = () => {
    for (const chosen of document.querySelectorAll(".filters [aria-current]")) {
      const filters = chosen.closest(".filters");
      const {paddingRight} = getComputedStyle(filters);
      const hidden = chosen.getBoundingClientRect().right - filters.getBoundingClientRect().right + parseFloat(paddingRight);
      if (hidden > 0) filters.scrollLeft += hidden;
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    applyTheme();
    showChosenFilters();
    // What has to be put right is where one goes on typing.
    document.querySelector("form [aria-invalid], form fieldset:has(.field-error) :checked")?.focus();
    for (const toast of document.querySelectorAll("#toasts > .toast")) mindToast(toast);
  });
})();
