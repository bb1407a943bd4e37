/** Checks evidence in the browser itself: one entry on its page, or a dossier dropped on the public check page. Nothing is uploaded. */
import "./verify.css";

const canCheck = () => "crypto" in globalThis && !!crypto.subtle && typeof DecompressionStream === "function";

for (const box of document.querySelectorAll<HTMLElement>("[data-verify-entry]")) {
  box.querySelector("button")?.addEventListener("click", async (event) => {
    const button = event.currentTarget as HTMLButtonElement;
    button.disabled = true;
    const { verifyEntry } = await import("./entry.ts");
    await verifyEntry(box).finally(() => (button.disabled = false));
  });
}

for (const form of document.querySelectorAll<HTMLFormElement>("[data-verify-file]")) {
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const page = import("./page.ts"); // at once: afterwards the network may be gone
  const run = async (file: File | undefined) => {
    if (!file) return;
    const { verifyFile, tellOld } = await page;
    if (canCheck()) await verifyFile(form, file);
    else tellOld(form);
  };
  input?.addEventListener("change", () => void run(input.files?.[0]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(input?.files?.[0]);
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("is-over");
    });
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("is-over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    void run((event as DragEvent).dataTransfer?.files[0]);
  });
}
