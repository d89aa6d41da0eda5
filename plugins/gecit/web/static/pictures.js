// Draws each key image: Orthanc answers a plain <img> with 400, since it reads no list of kinds that browsers accept.
(() => {
  const asData = (blob) =>
    new Promise((done, failed) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.onerror = failed;
      reader.readAsDataURL(blob);
    });
  const draw = async (image) => {
    const address = image.dataset.picture;
    delete image.dataset.picture;
    try {
      const answer = await fetch(address, { headers: { Accept: "image/jpeg" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      image.src = await asData(await answer.blob());
    } catch {
      const said = document.createElement("p");
      said.className = "key-image empty";
      said.textContent = image.dataset.fault;
      image.replaceWith(said);
    }
  };
  const all = () => document.querySelectorAll("img[data-picture]").forEach(draw);
  all();
  document.addEventListener("htmx:afterSettle", all);
})();
