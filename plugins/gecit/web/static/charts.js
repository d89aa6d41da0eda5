// Draws each canvas from the table that stands beside it, in Bootstrap's colours of the theme.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--bs-${name}`).trim();
  const number = (cell) => (cell.dataset.value === "" ? null : Number(cell.dataset.value ?? cell.textContent)); // "" = there is none
  const read = (table, column) =>
    [...table.tBodies[0].rows].map((row) => ({
      name: row.cells[0].textContent.trim(),
      count: number(row.cells[column]),
      colour: row.dataset.colour,
      address: row.querySelector("a")?.href,
    }));
  const drawn = [];
  const draw = (canvas) => {
    const rows = read(document.getElementById(canvas.dataset.table), Number(canvas.dataset.column ?? 1));
    const upright = canvas.dataset.chart === "column";
    // A long name stands in two lines, in half of a phone's width at the most.
    const most = Math.max(12, Math.min(24, Math.floor(canvas.parentElement.clientWidth / 16)));
    const cut = (text) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
    const short = (text) => {
      if (upright || text.length <= most) return cut(text);
      const space = text.lastIndexOf(" ", most);
      return space > 0 ? [text.slice(0, space), cut(text.slice(space + 1))] : cut(text);
    };
    if (!upright) canvas.parentElement.style.height = `${Math.max(208, 48 + 28 * rows.length)}px`; // each bar has its name
    const grid = { color: colour("border-color") };
    const ticks = { color: colour("body-color"), precision: 0 };
    return new Chart(canvas, {
      type: "bar",
      data: {
        labels: rows.map((row) => short(row.name)),
        datasets: [{ data: rows.map((row) => row.count), backgroundColor: rows.map((row) => colour(row.colour ?? "primary")), maxBarThickness: 26 }],
      },
      options: {
        indexAxis: upright ? "x" : "y",
        animation: false,
        maintainAspectRatio: false,
        plugins: { legend: { display: false } },
        scales: { x: { grid, ticks, beginAtZero: true }, y: { grid, ticks: { ...ticks, autoSkip: upright }, beginAtZero: true } },
        onClick: (_, hit) => {
          const address = hit.length && rows[hit[0].index].address;
          if (address) window.location.assign(address);
        },
      },
    });
  };
  const drawAll = () => {
    drawn.splice(0).forEach((chart) => chart.destroy());
    document.querySelectorAll("canvas[data-chart]").forEach((canvas) => drawn.push(draw(canvas)));
  };
  document.addEventListener("DOMContentLoaded", drawAll);
  document.addEventListener("gecit:theme", drawAll);
})();
