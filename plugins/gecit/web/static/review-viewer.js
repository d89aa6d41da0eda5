// For a peer review the viewer asks our own address for everything: its list of series is narrowed to what the review
// shows, which Orthanc's own list is not. Pictures are sent on to Orthanc from there.
(() => {
  if (!new URLSearchParams(location.search).has("review")) return;
  for (const source of window.config.dataSources) {
    source.configuration.wadoRoot = source.configuration.qidoRoot;
  }
})();
