// A picture that is dropped or pasted anywhere goes where the open tab can use it: to its photo, where one is
// chosen; else to where a picture's parameters are read, whose tab is opened if need be.
{
  const isPicture = (file) => file.type.startsWith("image/") || /\.(heic|heif|avif)$/i.test(file.name);

  // Gradio's button for files stands beside the input that takes them.
  const inputs = () => [...document.querySelectorAll("input[type=file] + [id^=upload-]")]
    .filter((button) => button.offsetParent)
    .map((button) => ({ reads: button.id === "upload-reader", input: button.previousElementSibling }));

  const place = () => {
    const there = inputs();
    return (there.find((each) => !each.reads) ?? there[0])?.input;
  };

  const give = async (file) => {
    if (!place()) {
      document.querySelector("a[data-reads]")?.click();
      for (let tries = 0; tries < 50 && !place(); tries++) await new Promise((done) => setTimeout(done, 100));
    }
    const input = place();
    if (!input) return;
    const files = new DataTransfer();
    files.items.add(file);
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    input.nextElementSibling.scrollIntoView({ block: "nearest" });
  };

  const take = (event, data) => {
    const file = [...(data?.files ?? [])].find(isPicture);
    if (!file || event.defaultPrevented) return;
    event.preventDefault();
    give(file);
  };

  document.addEventListener("dragover", (event) => {
    if ([...(event.dataTransfer?.types ?? [])].includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => take(event, event.dataTransfer));
  document.addEventListener("paste", (event) => {
    const words = event.clipboardData?.getData("text/plain");
    if (!(words && event.target.closest?.("textarea, input"))) take(event, event.clipboardData);
  });
}
