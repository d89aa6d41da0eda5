// For a peer review, a patient, and whom something was opened to, the viewer asks our own address for everything: its list
// of series is narrowed to what is shown, which Orthanc's own list is not. Pictures are sent on to Orthanc from there.
(() => {
  const narrowed = "narrowed" in document.currentScript.dataset;
  if (!narrowed && !new URLSearchParams(location.search).has("review")) return;
  for (const source of window.config.dataSources) {
    source.configuration.wadoRoot = source.configuration.qidoRoot;
  }
})();
