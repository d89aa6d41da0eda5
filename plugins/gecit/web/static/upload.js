// Orthanc's HTTP server keeps multipart forms to itself: a chosen file travels as text in the hidden field beside it.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const input = form.querySelector("input[type=file]");
  const content = form.querySelector("input[name=file-content]");
  if (!input || !content || !input.files.length || form.dataset.read) return;
  event.preventDefault();
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    const [, text = ""] = reader.result.split(",");
    content.value = text.replaceAll("+", "-").replaceAll("/", "_"); // base64url: nothing grows in a form
    form.dataset.read = "1";
    form.requestSubmit(event.submitter);
  });
  reader.readAsDataURL(input.files[0]);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-read]")) delete form.dataset.read;
});
