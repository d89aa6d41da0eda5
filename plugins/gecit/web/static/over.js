// A sign-in goes over to the other node by itself. Who comes back to this page in the history stays on it.
(() => {
  const form = document.getElementById("over");
  const [entry] = performance.getEntriesByType("navigation");
  if (form && (!entry || entry.type !== "back_forward")) {
    form.submit();
  }
})();
