// What Geçit adds to the viewer's page: its notice, and which picture is shown, for whoever writes the report.
(() => {
  // The notice goes for 90 days at a time once somebody confirmed it.
  const KEPT = "gecitNotice", DAYS = 90;
  const notice = document.getElementById("notice");
  let until = 0;
  try {
    until = Number(localStorage.getItem(KEPT));
  } catch {
    // a browser that keeps nothing is told each time
  }
  notice.hidden = Date.now() < until;
  notice.querySelector("button").addEventListener("click", () => {
    notice.hidden = true;
    try {
      localStorage.setItem(KEPT, String(Date.now() + DAYS * 86_400_000));
    } catch {
      // likewise
    }
  });

  // The editor, in this window or another, asks on a channel of our own origin which picture the active viewport shows.
  const PLACE = /\/studies\/([\d.]+)\/series\/([\d.]+)\/instances\/([\d.]+)\/frames\/(\d+)/;
  const OWN_UNITS = /^(PT|NM)$/; // shown in units that are not those of the file
  let used = 0;
  for (const kind of ["pointerdown", "keydown", "wheel"]) addEventListener(kind, () => (used = Date.now()), { capture: true, passive: true });

  const windowOf = viewport => {
    const range = viewport.getProperties?.().voiRange;
    if (!range || OWN_UNITS.test(viewport.modality ?? "")) return {};
    return { center: ((range.lower + range.upper) / 2).toFixed(1), width: (range.upper - range.lower).toFixed(1) };
  };
  const shown = () => {
    const { viewportGridService: grid, cornerstoneViewportService: drawn } = window.services ?? {};
    const viewport = drawn?.getCornerstoneViewport(grid?.getActiveViewportId());
    const [, study, series, instance, frame] = PLACE.exec(viewport?.getCurrentImageId?.() ?? "") ?? [];
    return study && { study, series, instance, frame, ...windowOf(viewport) };
  };
  const channel = new BroadcastChannel("gecit-viewer");
  channel.addEventListener("message", ({ data }) => {
    if (!data?.ask) return;
    const image = shown();
    if (image) channel.postMessage({ answer: data.ask, image, used });
  });
})();
