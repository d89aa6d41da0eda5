// A link's token stands behind "#": it is put into the form, and taken out of the address bar and the history.
(() => {
  const field = document.getElementById("token");
  const token = location.hash.slice(1);
  if (field && token) {
    field.value = token;
    history.replaceState(null, "", location.pathname);
    document.getElementById("token-row").hidden = true;
  }
})();
