// What the page saves by itself and what its author presses never go at once: a press waits for the saving that is on its
// way, nothing is saved by itself after it, and pressing twice is pressing once.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("report");
  if (!form) return;
  const longest = 5000; // ms that a press waits; the server tells the two apart anyhow
  let saving = false;
  let waiting = false;
  let sent = false;
  const writing = document.getElementById("writing");
  writing.addEventListener("htmx:beforeRequest", (event) => {
    if (waiting || sent) event.preventDefault();
    else saving = true;
  });
  writing.addEventListener("htmx:afterRequest", () => {
    saving = false;
  });
  form.addEventListener("submit", (event) => {
    if (waiting || sent) event.preventDefault();
    else if (!saving) sent = true;
    else {
      event.preventDefault();
      waiting = true;
      const pressed = event.submitter;
      const go = () => {
        if (!waiting) return;
        waiting = saving = false;
        form.requestSubmit(pressed);
      };
      writing.addEventListener("htmx:afterRequest", go, { once: true });
      setTimeout(go, longest);
    }
  });
  // Where one column holds all, what the checks say stands before the buttons that sign, not behind them.
  const narrow = window.matchMedia("(max-width: 991.98px)");
  const beside = document.getElementById("room");
  const above = document.getElementById("checks-above-sign");
  const column = document.getElementById("checks").parentElement;
  const place = () => {
    (narrow.matches || beside ? above : column).prepend(document.getElementById("checks"));
  };
  narrow.addEventListener("change", place);
  place();
  window.addEventListener("pageshow", () => {
    sent = false; // the page came back from the browser's history
  });
});
