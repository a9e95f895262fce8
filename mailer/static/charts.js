// Draws the charts. Each shows what stands in a table of the same page: its rows, and the columns that name a series.
// Without this file the tables are there, and nothing is missing but the picture.
(() => {
  "use strict";

  // In the order of the bars from below; the hatched ones can be told apart without their colour.
  const SHADES = {
    success: {fill: "--m-ink"},
    accepted: {fill: "--m-ink"},
    failed: {fill: "--m-failed-fill"},
    deferred: {fill: "--m-deferred", lines: "/"},
    unknown: {fill: "--m-unknown-fill", lines: "\\"},
    suppressed: {fill: "--m-suppressed-fill", lines: "/"},
    expired: {fill: "--m-expired-fill"},
    sending: {fill: "--m-sending-fill", lines: "/"},
    pending: {fill: "--m-pending-fill"},
  };
  const TILE = 6;
  const HEIGHT_OF_BAR = 32;
  // Names beside lying bars have two fifths of the width, in two lines of letters about so wide.
  const ROOM_FOR_NAMES = 0.4, WIDTH_OF_LETTER = 6.8, LINES_OF_NAME = 2;

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const hatched = (fill, lines, ground) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = TILE;
    const pen = tile.getContext("2d");
    pen.fillStyle = fill;
    pen.fillRect(0, 0, TILE, TILE);
    pen.strokeStyle = ground;
    pen.beginPath();
    const [left, right] = lines === "/" ? [TILE, 0] : [0, TILE];
    for (const shift of [-TILE, 0, TILE]) {
      pen.moveTo(left + shift, 0);
      pen.lineTo(right + shift, TILE);
    }
    pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  const shadeOf = (series) => {
    const {fill, lines} = SHADES[series];
    return lines ? hatched(token(fill), lines, token("--m-sheet")) : token(fill);
  };

  const figuresOf = (table) => {
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows].filter((row) => "label" in row.dataset);
    // Time goes from left to right in a picture, while a list begins with the latest.
    if ("newestFirst" in table.dataset) rows.reverse();
    return {
      labels: rows.map((row) => row.dataset.label),
      datasets: heads.filter((head) => "series" in head.dataset).map((head) => ({
        label: head.textContent.trim(),
        data: rows.map((row) => Number(row.cells[head.cellIndex].dataset.value)),
        backgroundColor: shadeOf(head.dataset.series),
      })),
    };
  };

  // A name in lines of so many letters; what has no room is left out, and the table has it.
  const inLines = (name, letters) => {
    const lines = [""];
    for (const word of name.split(/\s+/)) {
      const line = lines[lines.length - 1];
      if (!line || line.length + word.length < letters) lines[lines.length - 1] = line ? `${line} ${word}` : word;
      else lines.push(word);
    }
    const cut = (line, isCut) => (isCut || line.length > letters ? `${line.slice(0, letters - 1)}…` : line);
    return lines.slice(0, LINES_OF_NAME).map((line, at) => cut(line, at === LINES_OF_NAME - 1 && lines.length > LINES_OF_NAME));
  };

  function nameOf(value) {
    const letters = Math.max(8, Math.floor((this.chart.width * ROOM_FOR_NAMES) / WIDTH_OF_LETTER));
    return inLines(this.getLabelForValue(value), letters);
  }

  const optionsFor = (isLying) => {
    const text = {color: token("--m-muted"), font: {family: token("--bs-font-sans-serif"), size: 12}};
    const counts = {stacked: true, beginAtZero: true, ticks: {...text, precision: 0}, grid: {color: token("--m-line")}};
    const names = {
      stacked: true,
      ticks: {...text, autoSkip: !isLying, autoSkipPadding: 16, maxRotation: 0, ...(isLying ? {callback: nameOf} : {})},
      grid: {display: false},
    };
    return {
      animation: false,
      maintainAspectRatio: false,
      locale: document.documentElement.lang,
      indexAxis: isLying ? "y" : "x",
      interaction: {mode: "index", axis: isLying ? "y" : "x", intersect: false},
      scales: isLying ? {x: counts, y: names} : {x: names, y: counts},
      plugins: {legend: {position: "bottom", labels: {...text, boxWidth: 14, boxHeight: 14}}},
    };
  };

  const draw = (box) => {
    const table = document.getElementById(box.dataset.chart);
    if (!table) return;
    const isLying = "lying" in box.dataset;
    const figures = figuresOf(table);
    box.hidden = false;
    const canvas = box.querySelector("canvas");
    Chart.getChart(canvas)?.destroy();
    const chart = new Chart(canvas, {type: "bar", data: figures, options: optionsFor(isLying)});
    if (!isLying) return;
    // The bars are as high on a phone as elsewhere, however many lines the legend takes there.
    const {top, bottom} = chart.chartArea;
    box.style.height = `${chart.height - (bottom - top) + HEIGHT_OF_BAR * figures.labels.length}px`;
    chart.resize();
  };

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

  drawAll();
  document.addEventListener("htmx:after:swap", drawAll);
  new MutationObserver(drawAll).observe(document.documentElement, {attributeFilter: ["data-bs-theme"]});
})();
