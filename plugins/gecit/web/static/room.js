// The editor and its images: the edge between them, and the picture that the viewer shows.
(() => {
  const KEPT = "gecit-images-share", LEAST = 25, MOST = 75, STEP = 5;
  const room = document.getElementById("room"), edge = document.getElementById("room-edge");
  const share = (percent) => {
    const kept = Math.min(MOST, Math.max(LEAST, Math.round(percent)));
    room.style.setProperty("--images", `${kept}%`);
    edge.setAttribute("aria-valuenow", kept);
    return kept;
  };
  const keep = (percent) => {
    const kept = share(percent);
    try { localStorage.setItem(KEPT, kept); } catch { /* a browser that keeps nothing begins anew */ }
  };
  if (room) {
    let before = null;
    try { before = localStorage.getItem(KEPT); } catch { /* likewise */ }
    share(Number(before) || 55);
    const now = () => Number(edge.getAttribute("aria-valuenow"));
    edge.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: now() - STEP, ArrowRight: now() + STEP, Home: LEAST, End: MOST }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      keep(to);
    });
    edge.addEventListener("pointerdown", (event) => {
      edge.setPointerCapture(event.pointerId);
      room.classList.add("moving"); // else the frame takes the pointer
    });
    edge.addEventListener("pointermove", (event) => {
      if (!edge.hasPointerCapture(event.pointerId)) return;
      const whole = room.getBoundingClientRect();
      share((100 * (event.clientX - whole.left)) / whole.width);
    });
    edge.addEventListener("lostpointercapture", () => {
      room.classList.remove("moving");
      keep(now());
    });
  }

  // Every viewer of this browser is asked, in a frame or in a window; one with this exam's images is believed first.
  const PATIENCE = 400; // milliseconds
  const viewers = new BroadcastChannel("gecit-viewer");
  const shown = (studies) =>
    new Promise((done) => {
      const ask = crypto.getRandomValues(new Uint32Array(2)).join("-"), found = [];
      const hear = ({ data }) => data?.answer === ask && found.push(data);
      viewers.addEventListener("message", hear);
      viewers.postMessage({ ask });
      setTimeout(() => {
        viewers.removeEventListener("message", hear);
        const fits = found.filter((one) => studies.includes(one.image.study));
        done((fits.length ? fits : found).sort((one, other) => other.used - one.used)[0]?.image);
      }, PATIENCE);
    });
  const mark = async (form) => {
    const image = await shown(form.dataset.studies.split(" "));
    document.getElementById("viewer-silent").hidden = Boolean(image);
    if (!image) return;
    for (const name of ["study", "series", "instance", "frame", "center", "width"]) form.elements[name].value = image[name] ?? "";
    form.requestSubmit();
  };
  const ready = () => {
    const form = document.getElementById("mark-shown");
    if (!form?.hidden) return;
    form.hidden = false;
    form.querySelector("button").addEventListener("click", () => mark(form));
  };
  ready();
  document.addEventListener("htmx:afterSettle", ready);
})();
