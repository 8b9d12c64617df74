// The list of headings beside a page, made in the browser: pkgdown leaves it to a script of another server.
document.addEventListener("DOMContentLoaded", () => {
  const list = document.getElementById("toc");
  if (!list) return;
  const headings = [...document.querySelectorAll("main h2, main h3")].filter((heading) => !("tocSkip" in heading.dataset));
  const items = document.createElement("ul");
  for (const heading of headings) {
    const holder = heading.id ? heading : heading.closest("[id]");
    if (!holder || holder.id === "main") continue;
    const item = document.createElement("li");
    const link = document.createElement("a");
    item.className = "level-" + heading.tagName.slice(1);
    link.href = "#" + holder.id;
    link.textContent = heading.textContent.trim();
    item.append(link);
    items.append(item);
  }
  if (items.children.length > 1) list.append(items); else list.remove();
});
