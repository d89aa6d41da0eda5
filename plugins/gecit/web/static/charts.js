// Draws each canvas from the table that stands beside it, in Bootstrap's colours of the theme.
(() => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--bs-${name}`).trim();
  const read = (table) =>
    [...table.tBodies[0].rows].map((row) => ({
      name: row.cells[0].textContent.trim(),
      count: Number(row.cells[1].dataset.value ?? row.cells[1].textContent),
      colour: row.dataset.colour,
      address: row.querySelector("a")?.href,
    }));
  const drawn = [];
  const draw = (canvas) => {
    const rows = read(document.getElementById(canvas.dataset.table));
    const upright = canvas.dataset.chart === "column";
    const short = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);
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
        scales: { x: { grid, ticks, beginAtZero: true }, y: { grid, ticks, beginAtZero: true } },
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
