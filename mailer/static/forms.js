// Forms: how long a text is, what a date says, what Enter does in a long form, and a question before typed words are lost.
// Without this file the server counts, and nothing is asked.
(() => {
  "use strict";

  // A subject says how long it is while it is typed; what the server counts are characters, not UTF-16 units.
  const countCharacters = (field) => {
    const words = document.getElementById(`${field.id}-hint`);
    if (words) words.textContent = field.dataset.count.replace("{}", [...field.value].length);
  };

  // A form that is not what the server made of it, or that the server has sent back, holds words of somebody's own.
  const isChanged = (field) => {
    if (field.type === "hidden" || !field.name || field.closest("[data-no-words]")) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    // A button has a name and a value too, and nobody types into it.
    if (!field.options) return "defaultValue" in field && field.value !== field.defaultValue;
    const first = Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
    return field.selectedIndex !== first;
  };

  const holdsWords = (form) => !form.dataset.sent && ("typed" in form.dataset || [...form.elements].some(isChanged));

  const inDanger = (within) => [...within.querySelectorAll("form[data-unsaved]")].find(holdsWords);

  document.addEventListener("input", (event) => {
    if (event.target.dataset.count) countCharacters(event.target);
    if (event.target.type === "datetime-local") tellAll();
  });

  // In a long form Enter saves, whatever other buttons come first in it; in a text of many lines it means a new line.
  document.addEventListener("keydown", (event) => {
    const field = event.target, save = field.form?.querySelector("[data-default]");
    if (event.key !== "Enter" || !save || !field.matches("input, select")) return;
    event.preventDefault();
    // A search has begun by itself while it was typed; a second one would take away what is ticked meanwhile.
    if (field.type !== "search") field.form.requestSubmit(save);
  });

  addEventListener("beforeunload", (event) => {
    if (inDanger(document)) event.preventDefault();
  });

  // A row or a form that htmx is about to take away; the answer to the form itself takes nothing away.
  document.addEventListener("htmx:before:request", (event) => {
    const {target, sourceElement} = event.detail.ctx;
    const form = target?.querySelectorAll ? inDanger(target) : null;
    if (!form || (form.contains(sourceElement) && !sourceElement.matches("[data-cancel]"))) return;
    if (!confirm(form.dataset.unsaved)) event.preventDefault();
  });

  // The form on top of a list is taken away by its own Cancel, before app.js does it.
  addEventListener("click", (event) => {
    const cancel = event.target.closest?.("[data-empties]");
    const form = cancel && inDanger(document.querySelector(cancel.dataset.empties));
    if (form && !confirm(form.dataset.unsaved)) event.stopImmediatePropagation();
  }, true);

  // A browser shows a moment by its own language, whatever the page's is: below it stands the same in the page's words. It
  // is a time by the clock of the user's zone, so no zone is reckoned with here.
  const tellMoment = (words) => {
    const moment = new Date(`${document.getElementById(words.dataset.tells)?.value}Z`);
    const form = {weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23"};
    const {lang} = document.documentElement;
    // English pages put the day before the month.
    const telling = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {...form, timeZone: "UTC"});
    words.textContent = isNaN(moment) ? "" : telling.format(moment);
  };

  const tellAll = () => {
    document.querySelectorAll("[data-count]").forEach(countCharacters);
    document.querySelectorAll("[data-tells]").forEach(tellMoment);
  };

  document.addEventListener("htmx:after:swap", (event) => {
    // A piece of a form that the server has drawn anew, as the chooser is, looks as if nobody had touched it.
    const form = event.detail.ctx.target?.closest?.("form[data-unsaved]");
    if (form) form.dataset.typed = "";
    tellAll();
  });
  document.addEventListener("DOMContentLoaded", tellAll);
})();
