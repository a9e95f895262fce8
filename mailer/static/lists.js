// The ticks of lists: how many there are, the one in the head that stands for the page, and Enter, which ticks.
// Without this file rows are ticked one by one, and the bar does not count.
(() => {
  "use strict";

  const ticks = () => [...document.querySelectorAll('[form="bulk"]')];

  const count = () => {
    const words = document.querySelector("[data-tick-count]");
    if (!words) return;
    const all = document.getElementById("bulk").elements.all;
    const ticked = ticks().filter((tick) => tick.checked).length;
    const number = all?.checked ? Number(words.dataset.total) : ticked;
    words.textContent = words.dataset.words.replace("{}", number.toLocaleString(document.documentElement.lang));
    const head = document.querySelector("[data-tick-page]");
    if (!head) return;
    head.checked = ticked > 0 && ticked === ticks().length;
    head.indeterminate = ticked > 0 && !head.checked;
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-page]")) {
      for (const tick of ticks()) tick.checked = event.target.checked;
    }
    count();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches('[form="bulk"], [data-tick-page], #bulk [name="all"]')) return;
    event.preventDefault();
    event.target.click();
  });

  // After another search "all" would be others than were meant.
  let meant = "";

  const lookAnew = () => {
    const bar = document.getElementById("bulk");
    const found = bar ? `${bar.elements.q.value} ${bar.elements.status?.value}` : "";
    if (bar?.elements.all && found !== meant) bar.elements.all.checked = false;
    meant = found;
    count();
  };

  document.addEventListener("htmx:after:swap", lookAnew);
  document.addEventListener("DOMContentLoaded", lookAnew);
})();
